import { diffArrays } from "diff";
import type { Json } from "../model/json.js";
import { printable } from "./text.js";

export interface DiffLine {
  readonly kind: "same" | "removed" | "added" | "skipped";
  readonly text: string;
}

/** Characters of one value that are shown, and lines around a difference. */
const MOST_CHARACTERS = 8_000;
const AROUND = 3;

/** More edits than that are no longer read line by line, and would take long to find. */
const MOST_EDITS = 1_000;

/**
 * Two values line by line, a text by its own lines, anything else as indented JSON.
 *
 * @param before - absent where there was nothing
 * @param after - absent where there will be nothing
 */
export function diffLines(before: Json | undefined, after: Json | undefined): readonly DiffLine[] {
  const [old, wanted] = [linesOf(before), linesOf(after)];
  const parts = diffArrays([...old], [...wanted], { maxEditLength: MOST_EDITS }) as
    | readonly { readonly added: boolean; readonly removed: boolean; readonly value: readonly string[] }[]
    | undefined;
  if (parts === undefined) return [...told("removed", old), ...told("added", wanted)];
  return parts.flatMap(({ added, removed, value }, at) => {
    if (added) return told("added", value);
    if (removed) return told("removed", value);
    return shortened(value, at > 0, at < parts.length - 1);
  });
}

function told(kind: DiffLine["kind"], lines: readonly string[]): readonly DiffLine[] {
  return lines.map((text) => ({ kind, text }));
}

/** Equal lines far from any difference are only counted. */
function shortened(lines: readonly string[], hasBefore: boolean, hasAfter: boolean): readonly DiffLine[] {
  const head = hasBefore ? AROUND : 0;
  const tail = hasAfter ? AROUND : 0;
  const left = lines.length - head - tail;
  if (left <= 1) return told("same", lines);
  return [
    ...told("same", lines.slice(0, head)),
    ...told("skipped", [`${left} equal lines`]),
    ...told("same", tail === 0 ? [] : lines.slice(-tail)),
  ];
}

function linesOf(value: Json | undefined): readonly string[] {
  if (value === undefined) return [];
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
  const left = text.length - MOST_CHARACTERS;
  const shown = left > 0 ? `${text.slice(0, MOST_CHARACTERS)}\n… and ${left} more characters` : text;
  return shown.split("\n").map(printable);
}
