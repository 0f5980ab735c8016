import { code, codeInHtml, cut, inHtml, plain, sentence, values } from "./markdown-text.js";
import type { Mark } from "./marks.js";
import { generalDangers, type Row, rowsOf, stampOnlyText } from "./rows.js";
import type { ShownChange } from "./shown.js";
import { counted } from "./text.js";

/** Fields of one connection that are shown. */
const MOST_ROWS = 60;

/** A connection as Markdown, short and long. */
export interface Block {
  /** One line. */
  readonly line: string;
  /** All that there is to know, folded. */
  readonly full: string;
  /** Somebody should look at it first. */
  readonly isUrgent: boolean;
}

export function blockOf({ whose, change, outcome, mark, ids }: ShownChange): Block {
  const marked = markText(mark);
  const rows = rowsOf(change);
  const stampOnly = stampOnlyText(change);
  const counts = [
    ...(rows.length > 0 ? [counted(rows.length, "field")] : []),
    ...(change.dangers.length > 0 ? [counted(change.dangers.length, "danger")] : []),
  ].join(", ");
  const tail = counts === "" ? "" : ` · ${counts}`;
  const identity = `${cut(change.providerType)}, ${cut(ids)}`;
  const place = change.file === undefined ? [] : [code(`${cut(change.file)}:${change.line ?? 1}`), ""];
  const said = outcome?.message === undefined ? [] : [sentence(outcome.message), ""];
  return {
    line: `- **${marked}** ${plain(cut(whose))}${code(cut(change.name))} (${plain(identity)})${tail}${said.length === 0 ? "" : `: ${said[0]}`}`,
    full: [
      `<details><summary>${marked} ${inHtml(cut(whose))}${codeInHtml(cut(change.name))} (${inHtml(identity)})${tail}</summary>`,
      "",
      ...place,
      ...said,
      ...generalDangers(change).flatMap((danger) => [`**danger: ${sentence(danger)}**`, ""]),
      ...(stampOnly === undefined ? [] : [plain(stampOnly), ""]),
      ...tableOf(rows),
      "</details>",
    ].join("\n"),
    isUrgent: change.dangers.length > 0 || mark.tone === "bad" || mark.tone === "warn",
  };
}

function tableOf(rows: readonly Row[]): readonly string[] {
  if (rows.length === 0) return [];
  const left = rows.length - MOST_ROWS;
  const more = left > 0 ? [`and ${counted(left, "more field")}`, ""] : [];
  return [
    "| | field | before | after | what it means |",
    "|---|---|---|---|---|",
    ...rows.slice(0, MOST_ROWS).map(rowText),
    "",
    ...more,
  ];
}

/** A mark as text: the symbol, where there is one, and its word. */
function markText({ symbol, word }: Mark): string {
  return symbol.trim() === "" ? word : `${symbol} ${word}`;
}

function rowText(row: Row): string {
  const { path, before, after, note, consequence } = row;
  // Of a credential it stands in place of the value.
  const words = note === undefined ? "" : plain(note);
  const { old, wanted } = values(before, after);
  const cells = [
    markText(row),
    code(cut(path)),
    old,
    before === undefined && after === undefined ? words : wanted,
    [
      ...(before === undefined && after === undefined ? [] : [words]),
      ...(consequence === undefined
        ? []
        : [`${consequence.weight === "danger" ? "**danger:** " : ""}${sentence(consequence.sentence)}`]),
    ]
      .filter((part) => part !== "")
      .join("<br>"),
  ];
  return `| ${cells.join(" | ")} |`;
}
