import type { Json } from "../model/json.js";
import { broken, columnsOf, type Look, padded, widthOf } from "./look.js";
import type { Tone } from "./paint.js";
import type { Row } from "./rows.js";
import { counted, valueText } from "./text.js";
import { type DiffLine, diffLines } from "./value-diff.js";

/** Lines of a report, and whether something in them was cut. */
export interface Folded {
  readonly lines: readonly string[];
  readonly isCut: boolean;
}

/** Characters of a value in the line of its path. */
const LONGEST_IN_LINE = 80;

/** Columns where nothing is known of them, as in a log. */
const USUAL_COLUMNS = 120;

/** Lines of one value. */
const MOST_LINES = 20;

const ROW = "    ";
const VALUE = "        ";

/**
 * A row of a change: in one line where its values have room there, else with them below it, line by line as far as they differ.
 *
 * @param row - its path as it is to be shown
 * @param width - of the column of paths
 */
export function rowLines(row: Row, width: number, look: Look): Folded {
  const { symbol, tone, path, before, after } = row;
  const mark = `${ROW}${look.paint(tone, symbol)} `;
  const words = wordsOf(row);
  const line = (name: string) => `${name}${words === "" ? "" : `  ${words}`}`;
  const texts = [before, after].flatMap((value) => (value === undefined ? [] : valueText(value, Infinity)));
  const columns = columnsOf(look, Infinity);
  const fits = (text: string) =>
    ROW.length + 2 + widthOf(text, look) <= columns && texts.every((value) => value.length <= LONGEST_IN_LINE);
  const inLine = [line(padded(path, width, look)), line(path)].find(fits);
  if (inLine !== undefined) return { lines: [`${mark}${inLine}`], isCut: false };
  const { note } = row;
  const notes = note === undefined ? [] : broken(`${VALUE}${note}`, look);
  const values = texts.length === 0 ? { lines: [], isCut: false } : valueLines(before, after, look);
  return { lines: [`${mark}${path}`, ...notes, ...values.lines], isCut: values.isCut };
}

/** Values with an arrow between them, and what there is to say of them. */
function wordsOf({ before, after, note }: Row): string {
  const values = [before, after].flatMap((value) => (value === undefined ? [] : valueText(value, Infinity)));
  const told = note === undefined ? [] : [note];
  // What is taken away has an arrow to the word for that.
  return values.length === 2 ? [values.join(" → "), ...told].join("  ") : [...values, ...told].join(" → ");
}

function valueLines(before: Json | undefined, after: Json | undefined, look: Look): Folded {
  const columns = columnsOf(look, USUAL_COLUMNS) - VALUE.length - 2;
  const whole = isShort(before) && isShort(after) ? textLines(before, after) : diffLines(before, after);
  const all = paired(whole, columns);
  const shown = all.slice(0, MOST_LINES);
  const left = all.length - shown.length;
  const cut = shown.map((line) => cutTo(line.text, columns, look));
  const lines = shown.map(({ kind }, at) => {
    const { symbol, tone } = marks[kind];
    const text = `${symbol} ${cut[at]}`;
    return `${VALUE}${tone === undefined ? text : look.paint(tone, text)}`;
  });
  const more = left > 0 ? [`${VALUE}${look.paint("faint", `… ${counted(left, "more line")}`)}`] : [];
  return { lines: [...lines, ...more], isCut: left > 0 || cut.some((text, at) => text !== whole[at]?.text) };
}

const marks: Readonly<Record<DiffLine["kind"], { readonly symbol: string; readonly tone?: Tone }>> = {
  removed: { symbol: "-", tone: "bad" },
  added: { symbol: "+", tone: "good" },
  same: { symbol: " " },
  skipped: { symbol: "…", tone: "faint" },
};

/** Whether a value is one line of text, or a number and the like: then it is shown with its quotes. */
function isShort(value: Json | undefined): boolean {
  return typeof value === "string" ? !value.includes("\n") : typeof value !== "object" || value === null;
}

function textLines(before: Json | undefined, after: Json | undefined): readonly DiffLine[] {
  return [
    ...(before === undefined ? [] : [{ kind: "removed" as const, text: valueText(before, Infinity) }]),
    ...(after === undefined ? [] : [{ kind: "added" as const, text: valueText(after, Infinity) }]),
  ];
}

/** Lines that take each other's place begin with … where they would be cut before they differ. */
function paired(lines: readonly DiffLine[], columns: number): readonly DiffLine[] {
  const shifted = [...lines];
  for (let at = 0; at < lines.length; at += 1) {
    if (lines[at]?.kind !== "removed") continue;
    let end = at;
    while (lines[end]?.kind === "removed") end += 1;
    for (let one = at; one < end && lines[one + end - at]?.kind === "added"; one += 1) {
      const [old, wanted] = [lines[one], lines[one + end - at]];
      if (old === undefined || wanted === undefined) continue;
      const start = startOf(old.text, wanted.text, columns);
      shifted[one] = { ...old, text: from(old.text, start) };
      shifted[one + end - at] = { ...wanted, text: from(wanted.text, start) };
    }
    at = end;
  }
  return shifted;
}

/** Where two texts have to begin so that their first difference is seen. */
function startOf(old: string, wanted: string, columns: number): number {
  let same = 0;
  while (same < old.length && same < wanted.length && old[same] === wanted[same]) same += 1;
  if (same < (columns * 2) / 3) return 0;
  const start = same - Math.floor(columns / 3);
  // Not between the halves of one sign.
  return /[\uDC00-\uDFFF]/.test(old[start] ?? wanted[start] ?? "") ? start - 1 : start;
}

function from(text: string, start: number): string {
  return start === 0 ? text : `…${text.slice(start)}`;
}

function cutTo(text: string, columns: number, { room }: Look): string {
  if (room !== undefined) return room.cut(text, columns);
  return text.length > columns ? `${text.slice(0, columns - 1)}…` : text;
}
