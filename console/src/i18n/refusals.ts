/** How is a refusal said? By its reason where there is one, else by its code. */
import type { ApiError } from "@/api/http";
import { has, t, tCode } from "./index";

export function sayError(error: ApiError): string {
  const reason = error.params.reason;
  if (typeof reason === "string" && has(`error.${reason}`)) return t(`error.${reason}`, error.params);
  return tCode("error", error.code, error.params);
}
