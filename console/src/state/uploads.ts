/** How does a file get to the server while the person goes on typing? */
import { shallowReactive } from "vue";
import { files as api } from "@/api/calls";
import { answer, asApiError } from "@/api/http";
import { newId } from "@/api/id";
import type { Limits, Uploaded } from "@/api/types";
import { write, writing } from "./drafts";

export interface Upload {
  id: string;
  conversation: string;
  file: File;
  kind: string;
  share: number;
  failed: string;
  request: XMLHttpRequest | null;
}

export const uploads = shallowReactive(new Map<string, Upload>());

/** What a file is for a channel; a picture that cannot go as a picture goes as a file. */
export function kindOf(file: File, limits: Limits): string | null {
  const [family] = file.type.split("/");
  const wish = { image: "photo", video: "video", audio: "audio" }[family ?? ""] ?? "file";
  if (fits(wish, file, limits)) return wish;
  if (fits("file", file, limits)) return "file";
  return wish in limits.files ? wish : "file" in limits.files ? "file" : null;
}

function fits(kind: string, file: File, limits: Limits): boolean {
  const max = limits.files[kind];
  return max !== undefined && file.size <= max;
}

export type Refused = { name: string; code: "file_kind" | "file_too_large" | "file_count" | "file_empty"; max: number };

/** Refuses by name before anything is uploaded. */
export function refusal(file: File, limits: Limits): Refused | null {
  const kind = kindOf(file, limits);
  if (kind === null) return { name: file.name, code: "file_kind", max: 0 };
  const max = limits.files[kind] ?? 0;
  if (file.size > max) return { name: file.name, code: "file_too_large", max };
  if (file.size === 0) return { name: file.name, code: "file_empty", max };
  return null;
}

export function upload(conversation: string, file: File, limits: Limits): void {
  const one: Upload = {
    id: newId(),
    conversation,
    file,
    kind: kindOf(file, limits) ?? "file",
    share: 0,
    failed: "",
    request: null,
  };
  start(one);
}

export function again(id: string): void {
  const one = uploads.get(id);
  if (one) start({ ...one, share: 0, failed: "" });
}

function start(one: Upload): void {
  const request = new XMLHttpRequest();
  const current = { ...one, request };
  uploads.set(one.id, current);
  request.open("POST", api.uploadUrl(one.file.name, one.kind));
  request.setRequestHeader("X-Inbox", "1");
  request.setRequestHeader("Content-Type", one.file.type || "application/octet-stream");
  request.upload.onprogress = (event) => {
    if (event.lengthComputable) uploads.set(one.id, { ...current, share: event.loaded / event.total });
  };
  request.onerror = () => uploads.set(one.id, { ...current, failed: "offline", request: null });
  request.onload = () => finish(current, request);
  request.send(one.file);
}

function finish(one: Upload, request: XMLHttpRequest): void {
  try {
    const uploaded = answer<Uploaded>(request.status, request.responseText);
    uploads.delete(one.id);
    const now = writing(one.conversation, "reply");
    write(one.conversation, "reply", { files: [...now.files, uploaded] });
    pictures.set(uploaded.id, one.file);
  } catch (error) {
    uploads.set(one.id, { ...one, failed: asApiError(error).code, request: null });
  }
}

export function cancelUpload(id: string): void {
  uploads.get(id)?.request?.abort();
  uploads.delete(id);
}

/** Files of this tab, for a thumbnail that is drawn and not fetched. */
export const pictures = new Map<string, File>();
