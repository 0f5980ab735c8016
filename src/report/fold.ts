import type { Json } from "../model/json.js";
import { broken, columnsOf, type Look, padded, widthOf } from "./look.js";
import type { Tone } from "./paint.js";
import type { Row } from "./rows.js";
import { valueText } from "./text.js";
import { type DiffLine, diffLines, seenIn, wholeLines } from "./value-diff.js";

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
  const { note } = row;
  const texts = [before, after].flatMap((value) => (value === undefined ? [] : valueText(value, Infinity)));
  if (texts.every((text) => text.length <= LONGEST_IN_LINE)) {
    const words = wordsOf(texts, note);
    const fits = (line: string) => ROW.length + 2 + widthOf(line, look) <= columnsOf(look, Infinity);
    const inLine = [padded(path, width, look), path].map((name) => `${name}${words}`).find(fits);
    if (inLine !== undefined) return { lines: [`${mark}${inLine}`], isCut: false };
  }
  const notes = note === undefined ? [] : broken(`${VALUE}${note}`, look);
  const values = texts.length === 0 ? { lines: [], isCut: false } : valueLines(before, after, look);
  return { lines: [`${mark}${path}`, ...notes, ...values.lines], isCut: values.isCut };
}

/** Values with an arrow between them, and what there is to say of them. */
function wordsOf(values: readonly string[], note: string | undefined): string {
  const told = note === undefined ? [] : [note];
  // What is taken away has an arrow to the word for that.
  const words = values.length === 2 ? [values.join(" → "), ...told].join("  ") : [...values, ...told].join(" → ");
  return words === "" ? "" : `  ${words}`;
}

function valueLines(before: Json | undefined, after: Json | undefined, look: Look): Folded {
  const whole = isShort(before) && isShort(after) ? wholeLines(before, after) : diffLines(before, after);
  const { lines, isCut } = seenIn(whole, {
    mostLines: MOST_LINES,
    columns: columnsOf(look, USUAL_COLUMNS) - VALUE.length - 2,
    width: (text) => widthOf(text, look),
    cut: (text, columns) => cutTo(text, columns, look),
  });
  const told = lines.map(({ kind, text }) => {
    const { symbol, tone } = marks[kind];
    return `${VALUE}${tone === undefined ? `${symbol} ${text}` : look.paint(tone, `${symbol} ${text}`)}`;
  });
  return { lines: told, isCut };
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

function cutTo(text: string, columns: number, { room }: Look): string {
  if (room !== undefined) return room.cut(text, columns);
  return text.length > columns ? `${text.slice(0, columns - 1)}…` : text;
}
