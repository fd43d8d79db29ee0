/** What does each channel say about itself? Names, marks, colours and words come from here, never from a name check. */
import { shallowReactive } from "vue";
import { sources as api } from "@/api/calls";
import type { ChannelAbout } from "@/api/types";
import { has, pick, t } from "@/i18n";

export const channels = shallowReactive(new Map<string, ChannelAbout>());
let asked: Promise<void> | null = null;

export function loadChannels(): Promise<void> {
  asked ??= api.channels().then(
    (answer) => answer.items.forEach((about) => channels.set(about.name, about)),
    (error: unknown) => {
      asked = null;
      throw error;
    },
  );
  return asked;
}

export function channelTitle(name: string): string {
  const about = channels.get(name);
  return about ? pick(about.title) : name;
}

/** What a code of this channel means; ours when the channel does not know it. */
export function reasonText(channel: string, code: string): string {
  const own = channels.get(channel)?.errors[code];
  if (own) return pick(own);
  return has(`reason.${code}`) ? t(`reason.${code}`) : t("error.unknown", { code });
}

/** A line about what happened in a chat, in the channel's own words. */
export function noteText(channel: string, code: string, params: Record<string, string | number | null>): string {
  const own = channels.get(channel)?.notes[code];
  return own ? pick(own).replace(/\{(\w+)\}/gu, (_, name: string) => String(params[name] ?? "…")) : t("error.unknown", { code });
}

export function knowsReason(channel: string, code: string): boolean {
  return channels.get(channel)?.errors[code] !== undefined || has(`reason.${code}`);
}

/** What an address of this kind is called: each kind is named by a channel that brings it. */
export function kindTitle(kind: string): string {
  for (const about of channels.values()) {
    const own = about.kinds[kind];
    if (own) return pick(own);
  }
  return kind;
}
