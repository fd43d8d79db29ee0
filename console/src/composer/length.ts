/** How long is a text as the network counts it? */
export function textLength(text: string, unit: string): number {
  if (unit === "utf16") return text.length;
  if (unit === "bytes") return new TextEncoder().encode(text).length;
  return [...text].length;
}
