import { Buffer } from "node:buffer";
import type { Change } from "../model/plan.js";
import { isError, type Problem } from "../model/problem.js";
import type { TargetRun } from "../model/run.js";
import { ONLY_ENVIRONMENT } from "../model/settings.js";
import { fixedLines } from "./fleet.js";
import { type Block, blockOf, type ShownChange } from "./markdown-blocks.js";
import { code, cut, plain, sentence } from "./markdown-text.js";
import { noteLines } from "./notes.js";
import { plainPaint } from "./paint.js";
import type { Report } from "./report.js";
import { hasFailed, isWorthShowing } from "./rows.js";
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
  const isFleet = run.environments.length > 1;
  const changes = targets.flatMap((target) => shownOf(target).map((change) => ({ target, change, isFleet })));
  const dangers = changes.flatMap(dangerItems);
  const lines = fixedLines(run);
  const head = [
    `<!-- flexprice-sync:${marker} -->`,
    `### Flexprice connections: ${titleOf(run.command, exitCode, problems, dangers.length)}`,
    "",
    ...(lines.length === 0 ? [] : ["```", ...lines, "```", ""]),
    ...listed(targets.map(targetItem), MOST_TARGETS, "environment"),
    ...section(
      `**${counted(dangers.length, "danger")}: look at ${dangers.length === 1 ? "this" : "these"} first**`,
      dangers,
      MOST_DANGERS,
      "danger",
    ),
    ...section("**Problems**", problems.map(problemItem), MOST_PROBLEMS, "problem"),
    ...section(
      "**To know**",
      targets.flatMap((target) => noteItems(target, isFleet)),
      MOST_NOTES,
      "note",
    ),
  ].join("\n");
  return `${head}\n${connections(changes.map(blockOf), MOST_BYTES - Buffer.byteLength(head) - 2)}\n`;
}

function titleOf(command: string, exitCode: number, problems: readonly Problem[], dangers: number): string {
  const errors = problems.filter(isError).length;
  const what = [
    ...(errors > 0 ? [counted(errors, "error")] : []),
    ...(dangers > 0 ? [counted(dangers, "danger")] : []),
  ].join(", ");
  const ended = exitCode === 0 || exitCode === 2 ? "" : ` (exit code ${exitCode})`;
  return `${command}${ended}${what === "" ? "" : `: ${what}`}`;
}

/** Changes that are worth a block. */
function shownOf({ plan, outcomes }: TargetRun): readonly Change[] {
  return (plan?.changes ?? []).filter((change) => isWorthShowing(change) || hasFailed(outcomes?.get(change)));
}

function targetItem({ environment, baseUrl, environmentId, isConfirmed, plan }: TargetRun): string {
  const name = environment === ONLY_ENVIRONMENT ? "" : `**${plain(cut(environment))}**: `;
  const sure = isConfirmed ? "" : " (expected; no connection confirms it)";
  const where = environmentId === null ? "not known" : `${code(cut(environmentId))}${sure}`;
  const without = plan === undefined ? "; no plan" : "";
  return `- ${name}${code(cut(baseUrl))}, environment ${where}${without}`;
}

function dangerItems({ target, change, isFleet }: ShownChange): readonly string[] {
  const whose = isFleet ? `${plain(cut(target.environment))}: ` : "";
  return change.dangers.map(
    (danger) => `- ${whose}${code(cut(change.name))} (${plain(change.providerType)}): **${sentence(danger)}**`,
  );
}

function problemItem({ code: problemCode, severity, message, hint, place, environments }: Problem): string {
  const where = place === undefined ? "" : ` ${code(`${place.file}:${place.line}:${place.column}`)}`;
  const whose = environments === undefined ? "" : ` (${environments.map((name) => plain(cut(name))).join(", ")})`;
  const next = hint === undefined ? "" : `<br>hint: ${sentence(hint)}`;
  return `- ${severity} \`${problemCode}\`${where}${whose}: ${sentence(message)}${next}`;
}

function noteItems(target: TargetRun, isFleet: boolean): readonly string[] {
  if (target.plan === undefined) return [];
  const whose = isFleet ? `${plain(cut(target.environment))}: ` : "";
  // What belongs to the line before is indented there, and stands below it here.
  return noteLines(target, target.plan, plainPaint).map((line) =>
    line.startsWith(" ") ? `  - ${plain(line.trim())}` : `- ${whose}${plain(line)}`,
  );
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

/** As many of the first ones as have at most so many bytes, a line feed each included. */
function fitting(items: readonly string[], most: number): readonly string[] {
  let bytes = 0;
  const end = items.findIndex((item) => {
    bytes += Buffer.byteLength(item) + 1;
    return bytes > most;
  });
  return end === -1 ? items : items.slice(0, end);
}

/** Room for the sentence on what is left out. */
const LEFT_OUT_BYTES = 400;

/** All connections in full if there is room, else the urgent ones, and one line for as many others as there is room for. */
function connections(blocks: readonly Block[], most: number): string {
  if (blocks.length === 0) return "";
  const head = "**Connections**\n\n";
  const whole = `${head}${blocks.map(({ full }) => full).join("\n\n")}`;
  if (Buffer.byteLength(whole) <= most) return whole;
  const lines = blocks.map(({ line }) => line);
  let room = most - LEFT_OUT_BYTES - Buffer.byteLength(head);
  const shown = fitting(lines, room);
  room -= shown.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0);
  const full = new Set<Block>();
  const byUrgency = [...blocks.filter(({ isUrgent }) => isUrgent), ...blocks.filter(({ isUrgent }) => !isUrgent)];
  // A folded block stands apart from what is around it, by an empty line on both sides.
  const costOf = (block: Block) => Buffer.byteLength(block.full) - Buffer.byteLength(block.line) + 2;
  const hasLine = new Set(blocks.slice(0, shown.length));
  for (const block of byUrgency) {
    if (!hasLine.has(block) || costOf(block) > room) continue;
    room -= costOf(block);
    full.add(block);
  }
  const parts = [...hasLine].map((block) => (full.has(block) ? `\n${block.full}\n` : block.line));
  const left = blocks.length - shown.length;
  const out = `Of ${counted(blocks.length, "connection")} ${full.size} ${full.size === 1 ? "is" : "are"} shown in full and ${shown.length - full.size} in one line${left === 0 ? "" : `; ${left} ${left === 1 ? "is" : "are"} left out`}: a comment has at most ${MOST_BYTES} bytes. The job's log has all of it, and so do the page of --html-into and the document of --json-into.`;
  return `${head}${out}\n\n${parts.join("\n")}`;
}
