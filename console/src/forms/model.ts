/** What is a form's description, as the builder changes it? The gateway checks it; unknown parts are kept as they are. */
import { t } from "@/i18n";

export const KINDS = ["text", "message", "phone", "email", "number", "choice", "several", "date", "file", "hidden", "consent"] as const;
export type Kind = (typeof KINDS)[number];
export interface Option { value: string; label?: string }
export interface Field {
  name: string;
  kind?: Kind;
  label?: string;
  required?: boolean;
  role?: string;
  to?: string;
  help?: string;
  options?: Option[];
  value?: string;
  text?: string;
  url?: string;
  least?: number;
  most?: number;
  files?: number;
  megabytes?: number;
}
export interface Form {
  title?: string;
  intro?: string;
  language?: "ru" | "en";
  redirect?: string;
  fields: Field[];
  texts?: { button?: string; thanks_title?: string; thanks?: string; failed?: string };
  confirmation?: { subject: string; text: string };
}

/** null: it is no description that the builder could show. */
export function readForm(content: string): Form | null {
  try {
    const told = JSON.parse(content) as Form;
    return Array.isArray(told.fields) ? told : null;
  } catch {
    return null;
  }
}

/** Without empty parts: the description stays readable for whoever looks at its JSON. */
export function writeForm(form: Form): string {
  return JSON.stringify(form, (_, value: unknown) => (value === "" || value === null ? undefined : value), 1);
}

export function newField(kind: Kind, taken: string[]): Field {
  let name: string = kind;
  for (let n = 2; taken.includes(name); n++) name = `${kind}${n}`;
  const field: Field = { name, kind, label: t(`design.kind.${kind}`) };
  if (kind === "choice" || kind === "several") field.options = [{ value: "1", label: t("design.option_n", { n: 1 }) }, { value: "2", label: t("design.option_n", { n: 2 }) }];
  if (kind === "consent") Object.assign(field, { text: t("design.consent_text"), required: true });
  return field;
}

/** Options as people type them: one a line, `value = label` where they differ. */
export const optionsText = (options: Option[] | undefined): string =>
  (options ?? []).map((one) => (one.label && one.label !== one.value ? `${one.value} = ${one.label}` : one.value)).join("\n");

export function optionsOf(text: string): Option[] {
  return text.split("\n").map((line) => line.trim()).filter(Boolean).map((line) => {
    const [value, ...label] = line.split("=");
    const shown = label.join("=").trim();
    return shown ? { value: (value ?? "").trim(), label: shown } : { value: line };
  });
}
