import type { Json } from "../model/json.js";
import { printable } from "./text.js";
import { seenIn, wholeLines } from "./value-diff.js";

/*
 * Text from elsewhere in GitHub-flavoured Markdown: it stays text, in a table, in a list and in a folded block, names nobody, links
 * nowhere and steers nothing.
 */

/** All that Markdown could take for its own, or for a link or a reference: as an entity it is neither. */
const MARKS = /[&<>`*~|\\[\]!$@#^{}]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|:(?![ \n]|$)|(?<=www)\./gi;

function entity(character: string): string {
  return `&#${character.codePointAt(0)};`;
}

/** What GitHub makes mentions and links to issues and commits of, in the page that it made of the Markdown already. */
const REFERENCES = /&#(?:64|35);|\bGH-(?=\d)|\b[0-9a-f]{4}(?=[0-9a-f]{3,36}\b)/gi;

/** A sentence that may hold text from elsewhere. */
export function plain(text: string): string {
  return printable(text)
    .replace(MARKS, entity)
    .replace(REFERENCES, (mark) => `${mark}<!-- -->`);
}

/** Text as it is: a code span where Markdown lets it be one, since it can be read in the source, too. */
export function code(text: string): string {
  const shown = printable(text);
  const isSpan = shown !== "" && !/[`|]|^ .* $/.test(shown);
  return isSpan ? `\`${shown}\`` : `<code>${shown.replace(MARKS, entity)}</code>`;
}

/** The same between the tags of a block of HTML, where Markdown is not read. */
export function codeInHtml(text: string): string {
  return `<code>${printable(text).replace(/[&<>"']/g, entity)}</code>`;
}

/** A sentence there. */
export function inHtml(text: string): string {
  return printable(text)
    .replace(/[&<>"'@#]/g, entity)
    .replace(REFERENCES, (mark) => `${mark}<!-- -->`);
}

/** Characters of a value. */
const LONGEST_VALUE = 80;

/** Two values with their types visible, long ones from shortly before they differ. */
export function values(
  before: Json | undefined,
  after: Json | undefined,
): { readonly old: string; readonly wanted: string } {
  const { lines } = seenIn(wholeLines(before, after), {
    // One of each, and nothing around them.
    mostLines: 8,
    columns: LONGEST_VALUE,
    width: (text) => text.length,
    cut,
  });
  const of = (kind: "removed" | "added") => lines.filter((line) => line.kind === kind).map(({ text }) => code(text))[0];
  return { old: of("removed") ?? "", wanted: of("added") ?? "" };
}

/** Longer than that a name, a path or a sentence is cut, since nothing bounds what a service holds. */
const LONGEST_NAME = 160;
const LONGEST_SENTENCE = 600;

/** A sentence that may be of any length. */
export function sentence(text: string): string {
  return plain(cut(text, LONGEST_SENTENCE));
}

export function cut(text: string, longest = LONGEST_NAME): string {
  if (text.length <= longest) return text;
  // By characters: half of one would show as its code.
  return `${[...text.slice(0, 2 * longest)].slice(0, longest - 1).join("")}…`;
}
