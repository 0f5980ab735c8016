import { diffArrays } from "diff";
import type { Json } from "../model/json.js";
import { counted, hasUnseen, printable, valueText } from "./text.js";

export interface DiffLine {
  readonly kind: "same" | "removed" | "added" | "skipped";
  readonly text: string;
}

/** Equal lines around a difference. */
const AROUND = 3;

/** More edits than that are no longer read line by line, and would take long to find. */
const MOST_EDITS = 1_000;

/**
 * Two values line by line, a text by its own lines, anything else as indented JSON. Whole: values that differ have a removed or an
 * added line, however far behind.
 *
 * @param before - absent where there was nothing
 * @param after - absent where there will be nothing
 */
export function diffLines(before: Json | undefined, after: Json | undefined): readonly DiffLine[] {
  const [old, wanted] = [linesOf(before), linesOf(after)];
  // Compared as they are: two lines can look the same.
  const parts = diffArrays([...old], [...wanted], { maxEditLength: MOST_EDITS }) as
    | readonly { readonly added: boolean; readonly removed: boolean; readonly value: readonly string[] }[]
    | undefined;
  const isEscaped = [before, after].some((value) => typeof value === "string" && hasUnseen(value));
  const told = (kind: DiffLine["kind"], lines: readonly string[]): readonly DiffLine[] =>
    lines.map((text) => ({ kind, text: printable(isEscaped ? text.replaceAll("\\", "\\\\") : text) }));
  if (parts === undefined) return [...told("removed", old), ...told("added", wanted)];
  return parts.flatMap(({ added, removed, value }, at) => {
    if (added) return told("added", value);
    if (removed) return told("removed", value);
    const head = at > 0 ? AROUND : 0;
    const tail = at < parts.length - 1 ? AROUND : 0;
    const left = value.length - head - tail;
    if (left <= 1) return told("same", value);
    return [
      ...told("same", value.slice(0, head)),
      { kind: "skipped" as const, text: `${left} equal lines` },
      ...told("same", tail === 0 ? [] : value.slice(-tail)),
    ];
  });
}

function linesOf(value: Json | undefined): readonly string[] {
  if (value === undefined) return [];
  return (typeof value === "string" ? value : JSON.stringify(value, null, 2)).split("\n");
}

/** Two values each in one line, with their types visible. */
export function wholeLines(before: Json | undefined, after: Json | undefined): readonly DiffLine[] {
  return [
    ...(before === undefined ? [] : [{ kind: "removed" as const, text: valueText(before, Infinity) }]),
    ...(after === undefined ? [] : [{ kind: "added" as const, text: valueText(after, Infinity) }]),
  ];
}

/** What of a difference is shown. */
export interface Seen {
  readonly lines: readonly DiffLine[];
  /** Whether something is left out, or cut. */
  readonly isCut: boolean;
}

/** How much of a difference there is room for. */
export interface Limits {
  readonly mostLines: number;
  /** Columns of a line. */
  readonly columns: number;
  readonly width: (text: string) => number;
  /** The text, with … at its end where it is wider. */
  readonly cut: (text: string, columns: number) => string;
}

/** A difference in the room that there is: of the first one both sides are seen, each line from shortly before it differs. */
export function seenIn(lines: readonly DiffLine[], limits: Limits): Seen {
  const { mostLines, columns, cut } = limits;
  const runs = runsOf(lines);
  // Without the equal lines before them, and the lines that count.
  const mostOfBoth = mostLines - AROUND - 3;
  const few = runs.flatMap((run, at) => {
    const others = [runs[at - 1] ?? [], runs[at + 1] ?? []].filter(([line]) => isOther(line, run[0]));
    const taken = Math.max(0, ...others.map((other) => other.length));
    return shortened(run, Math.max(Math.floor(mostOfBoth / 2), mostOfBoth - taken));
  });
  // Only what is shown is measured: there may be very many lines.
  const kept = few.slice(0, mostLines);
  const shown = fromWhereTheyDiffer(kept, limits).map(({ kind, text }) => ({ kind, text: cut(text, columns) }));
  const left = few.length - kept.length;
  return {
    lines: left === 0 ? shown : [...shown, { kind: "skipped", text: counted(left, "more line") }],
    isCut: kept.length !== lines.length || shown.some(({ text }, at) => text !== kept[at]?.text),
  };
}

/** Whether a line is of the other side of a difference. */
function isOther(line: DiffLine | undefined, than: DiffLine | undefined): boolean {
  const sides = [line?.kind, than?.kind];
  return sides.includes("removed") && sides.includes("added");
}

/** Lines of one kind that follow each other. */
function runsOf(lines: readonly DiffLine[]): readonly (readonly DiffLine[])[] {
  const runs: DiffLine[][] = [];
  for (const line of lines) {
    const last = runs.at(-1);
    if (last?.[0]?.kind === line.kind) last.push(line);
    else runs.push([line]);
  }
  return runs;
}

function shortened(run: readonly DiffLine[], most: number): readonly DiffLine[] {
  const [first] = run;
  // One line that counts one line would save nothing.
  if (run.length <= most + 1 || first === undefined) return run;
  const words = first.kind === "added" ? "added" : first.kind === "removed" ? "removed" : "equal";
  return [...run.slice(0, most), { kind: "skipped", text: `${counted(run.length - most, `more ${words} line`)}` }];
}

/** The same lines, those that would be cut before they differ from what takes their place beginning with … instead. */
function fromWhereTheyDiffer(lines: readonly DiffLine[], limits: Limits): readonly DiffLine[] {
  const starts = new Map<DiffLine, number>();
  // A line that counts stands between the two sides; between two differences there are equal lines, too.
  const runs = runsOf(lines.filter(({ kind }) => kind !== "skipped"));
  for (const [at, run] of runs.entries()) {
    const next = runs[at + 1] ?? [];
    if (run[0]?.kind !== "removed" || next[0]?.kind !== "added") continue;
    for (const old of run) {
      for (const wanted of next) {
        const same = sameBeginning(old.text, wanted.text);
        for (const line of [old, wanted]) starts.set(line, Math.max(starts.get(line) ?? 0, same));
      }
    }
  }
  return lines.map((line) => {
    const start = startAt(line.text, starts.get(line) ?? 0, limits);
    return start === 0 ? line : { ...line, text: `…${line.text.slice(start)}` };
  });
}

function sameBeginning(one: string, other: string): number {
  let same = 0;
  while (same < one.length && same < other.length && one[same] === other[same]) same += 1;
  return same;
}

/** Where a text has to begin so that what stands at a place of it is seen. */
function startAt(text: string, place: number, { columns, width }: Limits): number {
  // No sign is wider than two columns.
  const isSeen = place <= columns * 2 && width(text.slice(0, place)) < (columns * 2) / 3;
  if (isSeen) return 0;
  const third = Math.floor(columns / 3);
  const isWide = width(text.slice(Math.max(0, place - third), place)) > third;
  const start = Math.max(0, place - (isWide ? Math.floor(third / 2) : third));
  // Not between the halves of one sign.
  return /[\uDC00-\uDFFF]/.test(text[start] ?? "") ? start - 1 : start;
}
