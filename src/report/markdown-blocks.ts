import type { Change } from "../model/plan.js";
import type { TargetRun } from "../model/run.js";
import { code, codeInHtml, cut, inHtml, plain, sentence, value } from "./markdown-text.js";
import { markOf, outcomeMark } from "./marks.js";
import { generalDangers, type Row, rowsOf, stampOnlyText } from "./rows.js";
import { counted } from "./text.js";

/** Fields of one connection that are shown. */
const MOST_ROWS = 60;

/** A connection in the comment. */
export interface ShownChange {
  readonly target: TargetRun;
  readonly change: Change;
  readonly isFleet: boolean;
}

/** It as Markdown, short and long. */
export interface Block {
  /** One line. */
  readonly line: string;
  /** All that there is to know, folded. */
  readonly full: string;
  /** Somebody should look at it first. */
  readonly isUrgent: boolean;
}

export function blockOf({ target, change, isFleet }: ShownChange): Block {
  const { environment, outcomes } = target;
  const outcome = outcomes?.get(change);
  const { symbol, word, tone } = outcome === undefined ? markOf(change) : outcomeMark(outcome.status);
  const identity = [change.providerType, change.id ?? "not there yet"];
  const marked = `${symbol.trim() === "" ? "" : `${symbol} `}${word}`;
  const rows = rowsOf(change);
  const stampOnly = stampOnlyText(change);
  const counts = [
    ...(rows.length > 0 ? [counted(rows.length, "field")] : []),
    ...(change.dangers.length > 0 ? [counted(change.dangers.length, "danger")] : []),
  ].join(", ");
  const tail = counts === "" ? "" : ` · ${counts}`;
  const whose = isFleet ? `${cut(environment)}: ` : "";
  const ids = identity.map((part) => cut(part)).join(", ");
  const place = change.file === undefined ? [] : [code(`${change.file}:${change.line ?? 1}`), ""];
  const said = outcome?.message === undefined ? [] : [sentence(outcome.message), ""];
  return {
    line: `- **${marked}** ${plain(whose)}${code(cut(change.name))} (${plain(ids)})${tail}`,
    full: [
      `<details><summary>${marked} ${inHtml(whose)}${codeInHtml(cut(change.name))} (${inHtml(ids)})${tail}</summary>`,
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
  const cells = [
    symbol.trim() === "" ? word : `${symbol} ${word}`,
    code(cut(path)),
    before === undefined ? "" : value(before),
    after === undefined ? "" : value(after),
    [
      ...(note === undefined ? [] : [plain(note)]),
      ...(consequence === undefined
        ? []
        : [`${consequence.weight === "danger" ? "**danger:** " : ""}${sentence(consequence.sentence)}`]),
    ].join("<br>"),
  ];
  return `| ${cells.join(" | ")} |`;
}
