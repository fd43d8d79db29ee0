/** How do we talk to the gateway? One function; every refusal becomes an ApiError with the server's code. */
import type { Params, Refusal } from "./types";

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly params: Params = {},
  ) {
    super(message);
  }
}

type Query = Record<string, string | number | boolean | null | undefined>;

export interface Options {
  body?: unknown;
  query?: Query;
  signal?: AbortSignal;
  /** Let it finish even if the page goes away (drafts). */
  keepalive?: boolean;
}

const ROOT = "/api/v1";
let onSignedOut: () => void = () => {};

/** Who is told when the session ends under our feet. */
export function whenSignedOut(handler: () => void): void {
  onSignedOut = handler;
}

export function url(path: string, query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") search.set(key, String(value));
  }
  const tail = search.size ? `?${search}` : "";
  return `${ROOT}${path}${tail}`;
}

export async function call<T>(method: string, path: string, options: Options = {}): Promise<T> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (method !== "GET") headers["X-Inbox"] = "1";
  if (options.body !== undefined) headers["Content-Type"] = "application/json";
  const response = await reach(url(path, options.query), {
    method,
    headers,
    body: options.body === undefined ? undefined : JSON.stringify(options.body),
    credentials: "same-origin",
    signal: options.signal,
    keepalive: options.keepalive,
  });
  return answer<T>(response.status, await response.text());
}

async function reach(address: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(address, init);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, "offline", "the gateway cannot be reached");
  }
}

/** The body of a success, or the ApiError that the gateway described. */
export function answer<T>(status: number, body: string): T {
  if (status >= 200 && status < 300) return (body ? JSON.parse(body) : undefined) as T;
  const refusal = readRefusal(status, body);
  if (refusal.code === "signed_out") onSignedOut();
  throw new ApiError(status, refusal.code, refusal.message, refusal.params);
}

/** What we know of a refusal; the code may be none of the gateway's (a proxy's page). */
type Known = Omit<Refusal, "code"> & { code: string };

function readRefusal(status: number, body: string): Known {
  try {
    const parsed = JSON.parse(body) as Partial<Refusal>;
    if (typeof parsed.code === "string") {
      return { code: parsed.code, message: parsed.message ?? "", params: parsed.params ?? {} };
    }
  } catch {
    // Not ours: a proxy's page. The status is all we know.
  }
  return { code: status >= 500 ? "unavailable" : `http_${status}`, message: "", params: {} };
}

/** The error as ApiError whatever was thrown. */
export function asApiError(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError(0, "unexpected", String(error));
}
