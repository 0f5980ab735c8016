import { code, codeInHtml, cut, inHtml, plain, sentence, value } from "./markdown-text.js";
import { generalDangers, type Row, rowsOf, stampOnlyText } from "./rows.js";
import { idsOf, type ShownChange } from "./shown.js";
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

/** @param whose - what stands before the name */
export function blockOf(shown: ShownChange, whose: string): Block {
  const { change, outcome } = shown;
  const { symbol, word, tone } = shown.mark;
  const identity = [change.providerType, idsOf(shown)];
  const marked = `${symbol.trim() === "" ? "" : `${symbol} `}${word}`;
  const rows = rowsOf(change);
  const stampOnly = stampOnlyText(change);
  const counts = [
    ...(rows.length > 0 ? [counted(rows.length, "field")] : []),
    ...(change.dangers.length > 0 ? [counted(change.dangers.length, "danger")] : []),
  ].join(", ");
  const tail = counts === "" ? "" : ` · ${counts}`;
  const ids = identity.map((part) => cut(part)).join(", ");
  const place = change.file === undefined ? [] : [code(`${cut(change.file)}:${change.line ?? 1}`), ""];
  const said = outcome?.message === undefined ? [] : [sentence(outcome.message), ""];
  return {
    line: `- **${marked}** ${plain(cut(whose))}${code(cut(change.name))} (${plain(ids)})${tail}${said.length === 0 ? "" : `: ${said[0]}`}`,
    full: [
      `<details><summary>${marked} ${inHtml(cut(whose))}${codeInHtml(cut(change.name))} (${inHtml(ids)})${tail}</summary>`,
      "",
      ...place,
      ...said,
      ...generalDangers(change).flatMap((danger) => [`**danger: ${sentence(danger)}**`, ""]),
      ...(stampOnly === undefined ? [] : [plain(stampOnly), ""]),
      ...tableOf(rows),
      "</details>",
    ].join("\n"),
    isUrgent: change.dangers.length > 0 || tone === "bad" || tone === "warn",
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

function rowText({ symbol, word, path, before, after, note, consequence }: Row): string {
  // Of a credential it stands in place of the value.
  const words = note === undefined ? "" : plain(note);
  const cells = [
    symbol.trim() === "" ? word : `${symbol} ${word}`,
    code(cut(path)),
    before === undefined ? "" : value(before),
    after === undefined ? (before === undefined ? words : "") : value(after),
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
