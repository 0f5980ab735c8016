import cliTruncate from "cli-truncate";
import stringWidth from "string-width";
import wrapAnsi from "wrap-ansi";
import type { Room } from "./look.js";

/** Code units that one column can be made of, with marks above and below it. */
const SIGNS_IN_COLUMN = 8;

/** A longer text is left to the terminal: nobody writes sentences of that length. */
const LONGEST_WRAPPED = 4_000;

/** The room of a terminal. Signs that are two columns wide, and colours that take none, are counted so. */
export function roomOf(columns: number): Room {
  return {
    columns,
    width: stringWidth,
    wrapped: (text, most) =>
      text.length > LONGEST_WRAPPED ? [text] : wrapAnsi(text, most, { trim: true, hard: false }).split("\n"),
    cut(text, most) {
      // What the library does with a text takes far longer than its length says, and no more than this is seen.
      const near = text.length > most * SIGNS_IN_COLUMN ? `${text.slice(0, most * SIGNS_IN_COLUMN)}…` : text;
      const cut = cliTruncate(near, most);
      // A sign of two columns at the edge counts as one there.
      return stringWidth(cut) > most ? cliTruncate(near, most - 1) : cut;
    },
  };
}
