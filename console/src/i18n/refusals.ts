/** How is a refusal said? By its reason where there is one, else by its code. */
import type { ApiError } from "@/api/http";
import { has, t, tCode } from "./index";

/** Why an answer that was written for later did not go. */
export function sayStop(reason: string): string {
  return has(`scheduled.why_${reason}`) ? t(`scheduled.why_${reason}`) : tCode("error", reason);
}

export function sayError(error: ApiError): string {
  const reason = error.params.reason;
  if (typeof reason === "string" && has(`error.${reason}`)) return t(`error.${reason}`, error.params);
  return tCode("error", error.code, error.params);
}
