import { Buffer } from "node:buffer";
import { isError, type Problem } from "../model/problem.js";
import type { Run, TargetRun } from "../model/run.js";
import { ONLY_ENVIRONMENT } from "../model/settings.js";
import { fixedLines } from "./fleet.js";
import { type Block, blockOf } from "./markdown-blocks.js";
import { code, cut, plain, sentence } from "./markdown-text.js";
import { noteLines } from "./notes.js";
import { plainPaint } from "./paint.js";
import type { Report } from "./report.js";
import {
  dangersHeading,
  isCalm,
  NOTHING_TO_CHANGE,
  notesHeading,
  type ShownChange,
  shownIn,
  whoseIn,
} from "./shown.js";
import { counted } from "./text.js";

/** What GitHub takes as a comment; it counts characters, and none of them has less than a byte. */
export const MOST_BYTES = 65_536;

/** Shares of it that lists of one kind may take, so that none pushes all others out. */
const MOST_DANGERS = 16_000;
const MOST_PROBLEMS = 16_000;
const MOST_TARGETS = 8_000;
const MOST_NOTES = 4_000;

/**
 * A run as Markdown for a comment on a pull request: totals and dangers first, then each connection in a folded block. Where
 * that would be more than {@link MOST_BYTES}, blocks become one line each, the harmless ones first, then are left out; how
 * many, it says.
 *
 * @param marker - a word that is the same for every run of one kind, so that one comment can be kept up to date
 */
export function markdownText({ run, exitCode }: Report, marker: string): string {
  const { targets, problems } = run;
  const whose = whoseIn(run);
  const shown = shownIn(run);
  const dangers = shown.flatMap((change) => dangerItems(change, whose(change.target)));
  const lines = fixedLines(run);
  const head = [
    `<!-- flexprice-sync:${marker} -->`,
    `### Flexprice connections: ${titleOf(run, exitCode, dangers.length)}`,
    "",
    ...(lines.length === 0 ? [] : ["```", ...lines, "```", ""]),
    ...listed(targets.map(targetItem), MOST_TARGETS, "environment"),
    ...section(`**${dangersHeading(run, dangers.length)}**`, dangers, MOST_DANGERS, "danger"),
    ...section("**Problems**", problems.map(problemItem), MOST_PROBLEMS, "problem"),
    ...section(
      `**${notesHeading(run)}**`,
      targets.flatMap((target) => noteItems(target, whose(target))),
      MOST_NOTES,
      "note",
    ),
  ].join("\n");
  const blocks = shown.map((change) => blockOf(change, whose(change.target)));
  return `${head}\n${connections(blocks, MOST_BYTES - Buffer.byteLength(head) - 2, isCalm(run))}\n`;
}

function titleOf({ command, problems, targets }: Run, exitCode: number, dangers: number): string {
  const errors = problems.filter(isError).length;
  const blocked = targets.reduce((sum, { plan }) => sum + (plan?.summary.blocked ?? 0), 0);
  const what = [
    ...(errors > 0 ? [counted(errors, "error")] : []),
    ...(dangers > 0 ? [counted(dangers, "danger")] : []),
    ...(blocked > 0 ? [`${blocked} blocked`] : []),
  ].join(", ");
  const ended = exitCode === 0 || exitCode === 2 ? "" : ` (exit code ${exitCode})`;
  return `${command}${ended}${what === "" ? "" : `: ${what}`}`;
}

function targetItem({ environment, baseUrl, environmentId, isConfirmed, plan }: TargetRun): string {
  const name = environment === ONLY_ENVIRONMENT ? "" : `**${plain(cut(environment))}**: `;
  const sure = isConfirmed ? "" : " (expected; no connection confirms it)";
  const where = environmentId === null ? "not known" : `${code(cut(environmentId))}${sure}`;
  const without = plan === undefined ? "; no plan" : "";
  return `- ${name}${code(cut(baseUrl))}, environment ${where}${without}`;
}

function dangerItems({ change }: ShownChange, whose: string): readonly string[] {
  return change.dangers.map(
    (danger) =>
      `- ${plain(cut(whose))}${code(cut(change.name))} (${plain(change.providerType)}): **${sentence(danger)}**`,
  );
}

function problemItem({ code: problemCode, severity, message, hint, place, environments }: Problem): string {
  const where = place === undefined ? "" : ` ${code(`${cut(place.file)}:${place.line}:${place.column}`)}`;
  const whose = environments === undefined ? "" : ` (${namesOf(environments)})`;
  const next = hint === undefined ? "" : `<br>hint: ${sentence(hint)}`;
  return `- ${severity} \`${problemCode}\`${where}${whose}: ${sentence(message)}${next}`;
}

/** Environments that are named one by one. */
const MOST_NAMES = 5;

function namesOf(environments: readonly string[]): string {
  const left = environments.length - MOST_NAMES;
  const names = environments.slice(0, MOST_NAMES).map((name) => plain(cut(name)));
  return `${names.join(", ")}${left > 0 ? ` and ${left} more` : ""}`;
}

function noteItems(target: TargetRun, whose: string): readonly string[] {
  if (target.plan === undefined) return [];
  const items: string[] = [];
  for (const line of noteLines(target, target.plan, plainPaint)) {
    // What belongs to the line before is indented there, and stands below it here.
    if (line.startsWith(" ")) items.push(`${items.pop() ?? ""}\n  - ${sentence(line.trim())}`);
    else items.push(`- ${plain(cut(whose))}${sentence(line)}`);
  }
  return items;
}

/** A list under a heading; nothing where it is empty. */
function section(heading: string, items: readonly string[], most: number, noun: string): readonly string[] {
  return items.length === 0 ? [] : [heading, "", ...listed(items, most, noun)];
}

/** A list of as many items as fit, and how many do not. */
function listed(items: readonly string[], most: number, noun: string): readonly string[] {
  const shown = fitting(items, most);
  const left = items.length - shown.length;
  return [
    ...shown,
    ...(left === 0 ? [] : [`- and ${counted(left, `more ${noun}`)}`]),
    ...(items.length === 0 ? [] : [""]),
  ];
}

/** As many as have at most so many bytes, a line feed each included; one that is too long keeps out no shorter one behind it. */
function fitting(items: readonly string[], most: number): readonly string[] {
  let room = most;
  return items.filter((item) => {
    const bytes = Buffer.byteLength(item) + 1;
    if (bytes > room) return false;
    room -= bytes;
    return true;
  });
}

/** Room for the sentence on what is left out. */
const LEFT_OUT_BYTES = 400;

/**
 * All connections in full if there is room. Else a line for each, and in full as many as there is room for; where not even the lines
 * fit, some are left out. Urgent ones come first in all of that, and stand where they stood.
 */
function connections(blocks: readonly Block[], most: number, isCalm: boolean): string {
  if (blocks.length === 0) return isCalm ? `${NOTHING_TO_CHANGE}\n` : "";
  const head = "**Connections**\n\n";
  const whole = `${head}${blocks.map(({ full }) => full).join("\n\n")}`;
  if (Buffer.byteLength(whole) <= most) return whole;
  const byUrgency = [...blocks.filter(({ isUrgent }) => isUrgent), ...blocks.filter(({ isUrgent }) => !isUrgent)];
  let room = most - LEFT_OUT_BYTES - Buffer.byteLength(head);
  const chosen = (candidates: Iterable<Block>, costOf: (block: Block) => number): ReadonlySet<Block> => {
    const taken = new Set<Block>();
    for (const block of candidates) {
      if (costOf(block) > room) continue;
      room -= costOf(block);
      taken.add(block);
    }
    return taken;
  };
  const shown = chosen(byUrgency, ({ line }) => Buffer.byteLength(line) + 1);
  // A folded block stands apart from what is around it, by an empty line on both sides.
  const full = chosen(shown, (block) => Buffer.byteLength(block.full) - Buffer.byteLength(block.line) + 2);
  const parts = blocks
    .filter((block) => shown.has(block))
    .map((block) => (full.has(block) ? `\n${block.full}\n` : block.line));
  const left = blocks.length - shown.size;
  const out = `Of ${counted(blocks.length, "connection")} ${full.size} ${full.size === 1 ? "is" : "are"} shown in full and ${shown.size - full.size} in one line${left === 0 ? "" : `; ${left} ${left === 1 ? "is" : "are"} left out`}: a comment has at most ${MOST_BYTES} bytes. The job's log has all of it, and so do the page of --html-into and the document of --json-into.`;
  return `${head}${out}\n\n${parts.join("\n")}`;
}
