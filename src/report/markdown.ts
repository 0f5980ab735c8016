import { Buffer } from "node:buffer";
import { isError, type Problem } from "../model/problem.js";
import type { TargetRun } from "../model/run.js";
import { ONLY_ENVIRONMENT } from "../model/settings.js";
import { type Block, blockOf } from "./markdown-blocks.js";
import { code, cut, plain, sentence } from "./markdown-text.js";
import { surenessOf } from "./notes.js";
import { type Overview, overviewOf } from "./overview.js";
import { hasEndedWell, type Report } from "./report.js";
import { counted, someOf } from "./text.js";

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
export function markdownText(report: Report, marker: string): string {
  const { run } = report;
  const { lines, shown, dangers, dangerCount, dangersHeading, notes, notesHeading, nothing } = overviewOf(run);
  const head = [
    `<!-- flexprice-sync:${marker} -->`,
    `### Flexprice connections: ${titleOf(report, dangerCount)}`,
    "",
    ...(lines.length === 0 ? [] : ["```", ...lines, "```", ""]),
    ...listed(run.targets.map(targetItem), MOST_TARGETS, "environment"),
    ...section(dangersHeading, dangers.map(dangerItem), MOST_DANGERS, "danger"),
    ...section("Problems", run.problems.map(problemItem), MOST_PROBLEMS, "problem"),
    ...section(notesHeading, notes.map(noteItem), MOST_NOTES, "note"),
  ].join("\n");
  const room = MOST_BYTES - Buffer.byteLength(head) - 2;
  const rest = shown.length > 0 ? connections(shown.map(blockOf), room) : nothing === undefined ? "" : `${nothing}\n`;
  return `${head}\n${rest}\n`;
}

function titleOf(report: Report, dangers: number): string {
  const { command, problems, targets } = report.run;
  const errors = problems.filter(isError).length;
  const blocked = targets.reduce((sum, { plan }) => sum + (plan?.summary.blocked ?? 0), 0);
  const what = [
    ...(errors > 0 ? [counted(errors, "error")] : []),
    ...(dangers > 0 ? [counted(dangers, "danger")] : []),
    ...(blocked > 0 ? [`${blocked} blocked`] : []),
  ].join(", ");
  const ended = hasEndedWell(report) ? "" : ` (exit code ${report.exitCode})`;
  return `${command}${ended}${what === "" ? "" : `: ${what}`}`;
}

function targetItem(target: TargetRun): string {
  const { environment, baseUrl, environmentId, plan } = target;
  const name = environment === ONLY_ENVIRONMENT ? "" : `**${plain(cut(environment))}**: `;
  const where = environmentId === null ? "not known" : `${code(cut(environmentId))}${surenessOf(target)}`;
  const without = plan === undefined ? "; no plan" : "";
  return `- ${name}${code(cut(baseUrl))}, environment ${where}${without}`;
}

function dangerItem({ danger, of }: Overview["dangers"][number]): string {
  const names = of.map(({ whose, change }) => `${plain(cut(whose))}${code(cut(change.name))}`);
  return `- **${sentence(danger)}**: ${someOf(names)}`;
}

function problemItem({ code: problemCode, severity, message, hint, place, environments }: Problem): string {
  const where = place === undefined ? "" : ` ${code(`${cut(place.file)}:${place.line}:${place.column}`)}`;
  const whose = environments === undefined ? "" : ` (${plain(someOf(environments.map((name) => cut(name))))})`;
  const next = hint === undefined ? "" : `<br>hint: ${sentence(hint)}`;
  return `- ${severity} \`${problemCode}\`${where}${whose}: ${sentence(message)}${next}`;
}

function noteItem({ whose, text, more }: Overview["notes"][number]): string {
  const below = more.map((line) => `\n  - ${sentence(line)}`);
  return `- ${plain(cut(whose))}${sentence(text)}${below.join("")}`;
}

/** A list under a heading; nothing where it is empty. */
function section(heading: string, items: readonly string[], most: number, noun: string): readonly string[] {
  return items.length === 0 ? [] : [`**${heading}**`, "", ...listed(items, most, noun)];
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
function connections(blocks: readonly Block[], most: number): string {
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
