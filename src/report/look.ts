import { type Paint, plainPaint } from "./paint.js";

/** How text looks to whoever reads it. */
export interface Look {
  readonly paint: Paint;
  /** Absent where nothing is known of the width: then no line is broken. */
  readonly room?: Room;
}

/** The width that there is, and what brings text into it. Made where a terminal is, since measuring text takes time to load. */
export interface Room {
  readonly columns: number;
  /** Columns that a text takes. */
  readonly width: (text: string) => number;
  /** Lines no wider than that, broken between words. */
  readonly wrapped: (text: string, columns: number) => readonly string[];
  /** The text, with … at its end where it is cut. */
  readonly cut: (text: string, columns: number) => string;
}

export const plainLook: Look = { paint: plainPaint };

/** Fewer columns than that are not laid out for. */
const FEWEST_COLUMNS = 40;

/** Columns that text may take; `otherwise` where nothing is known. */
export function columnsOf({ room }: Look, otherwise: number): number {
  return room === undefined ? otherwise : Math.max(FEWEST_COLUMNS, room.columns);
}

/** Columns that a text takes, as far as that can be told. */
export function widthOf(text: string, { room }: Look): number {
  return room === undefined ? text.length : room.width(text);
}

/** A text with blanks behind it up to a column. */
export function padded(text: string, columns: number, look: Look): string {
  return `${text}${" ".repeat(Math.max(0, columns - widthOf(text, look)))}`;
}

/**
 * A line as several that fit, each but the first one further in.
 *
 * @param further - columns
 */
export function broken(line: string, look: Look, further = 2): readonly string[] {
  const { room } = look;
  if (room === undefined) return [line];
  const [, indent = "", text = ""] = /^( *)([\s\S]*)$/.exec(line) ?? [];
  const most = columnsOf(look, room.columns) - indent.length;
  if (room.wrapped(text, most).length <= 1) return [line];
  const [first = "", ...more] = room.wrapped(text, most - further);
  return [`${indent}${first}`, ...more.map((part) => `${indent}${" ".repeat(further)}${part}`)];
}

/** The same for a line that somebody may copy a command from: that one is left to the terminal, which joins it again. */
export function brokenUnlessCopied(line: string, look: Look, further = 2): readonly string[] {
  return /flexprice-sync \w|[A-Z_]{3,}=\S/.test(line) ? [line] : broken(line, look, further);
}
