import type { Json } from "../model/json.js";

/**
 * Control characters, marks of writing direction, signs that take no room, and blanks that are no blank: all that can make a
 * text look like another. The wide blank of East Asian texts is seen.
 */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029\u00a0\u1680\u2000-\u200a\u202f\u205f]/gu;

function escaped(character: string): string {
  return [...Array(character.length).keys()]
    .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`)
    .join("");
}

/** Whether a text has a sign that {@link printable} would write out, a line feed aside. */
export function hasUnseen(text: string): boolean {
  return text.replaceAll("\n", "").search(UNSEEN) >= 0;
}

/**
 * GitHub's runner takes `##[command]` for a command of its own wherever it stands in a line: a name could set the outputs of a step.
 *
 * @see https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs
 */
const RUNNER_COMMAND = /##\[/g;

function withoutCommands(text: string): string {
  return text.replace(RUNNER_COMMAND, "#\\u0023[");
}

/** JSON text with the same signs as JSON's own escapes, so that a document can be looked at on a terminal. */
export function printableJson(text: string): string {
  return withoutCommands(text.replace(UNSEEN, (character) => (character === "\n" ? character : escaped(character))));
}

/** Text from elsewhere without what could steer a terminal: control characters and marks of writing direction become visible. */
export function printable(text: string): string {
  return withoutCommands(text.replace(UNSEEN, escaped));
}

/** A value with its type visible: `3` and `"3"` differ. Long ones are cut in the middle of nowhere, but say so. */
export function valueText(value: Json | undefined, longest = 80): string {
  if (value === undefined) return "(none)";
  if (value === "(secret)") return value;
  // Cut before it is written out: a text may have megabytes.
  const text = printable(JSON.stringify(typeof value === "string" ? value.slice(0, longest + 1) : value));
  return text.length > longest ? `${text.slice(0, longest - 1)}…` : text;
}

/** `1 definition`, `2 definitions`. */
export function counted(count: number, noun: string): string {
  return `${count} ${count === 1 ? noun : `${noun}s`}`;
}

/** Names that are listed one by one where there may be hundreds. */
const MOST_NAMES = 5;

/** `a, b`; of very many the first ones, and how many more. */
export function someOf(names: readonly string[]): string {
  const left = names.length - MOST_NAMES;
  return `${names.slice(0, MOST_NAMES).join(", ")}${left > 0 ? ` and ${left} more` : ""}`;
}
