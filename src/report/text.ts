import type { Json } from "../model/json.js";

/** Text from elsewhere without what could steer a terminal: control characters and marks of writing direction become visible. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is replaced
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

/** A value with its type visible: `3` and `"3"` differ. Long ones are cut in the middle of nowhere, but say so. */
export function valueText(value: Json | undefined, longest = 80): string {
  if (value === undefined) return "(none)";
  if (value === "(secret)") return value;
  const text = printable(JSON.stringify(value));
  return text.length > longest ? `${text.slice(0, longest - 1)}…` : text;
}

/** `1 definition`, `2 definitions`. */
export function counted(count: number, noun: string): string {
  return `${count} ${count === 1 ? noun : `${noun}s`}`;
}
