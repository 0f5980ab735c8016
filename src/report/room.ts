import cliTruncate from "cli-truncate";
import stringWidth from "string-width";
import wrapAnsi from "wrap-ansi";
import type { Room } from "./look.js";

/** The room of a terminal. Signs that are two columns wide, and colours that take none, are counted so. */
export function roomOf(columns: number): Room {
  return {
    columns,
    width: stringWidth,
    wrapped: (text, most) => wrapAnsi(text, most, { trim: true, hard: false }).split("\n"),
    cut(text, most) {
      const cut = cliTruncate(text, most);
      // A sign of two columns at the edge counts as one there.
      return stringWidth(cut) > most ? cliTruncate(text, most - 1) : cut;
    },
  };
}
