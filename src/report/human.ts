import type { Outcome, OutcomeStatus } from "../model/outcome.js";
import type { Change, Summary } from "../model/plan.js";
import type { Run, RunToSave, TargetRun } from "../model/run.js";
import { ONLY_ENVIRONMENT } from "../model/settings.js";
import { markOf, outcomeMark } from "./marks.js";
import { NOTHING_TO_CHANGE, noteLines, savedLines, surenessOf } from "./notes.js";
import type { Paint } from "./paint.js";
import { generalDangers, isWorthShowing, type Row, rowsOf, stampOnlyText } from "./rows.js";
import { counted, printable, valueText } from "./text.js";

/** What `validate` says on stdout: one fixed line. */
export function validateText({ definitions, files, problems }: Run): string {
  const errors = problems.filter(({ severity }) => severity === "error").length;
  const warnings = problems.length - errors;
  return `Validate: ${counted(definitions, "definition")} in ${counted(files, "file")}, ${counted(errors, "error")}, ${counted(warnings, "warning")}.\n`;
}

/**
 * The plan of one environment for a person: where, what changes, what cannot be told, and one fixed last line.
 *
 * @param saved - where the plan is to be saved
 * @param isNamed - whether the name of the environment is told
 */
export function planText(target: TargetRun, paint: Paint, saved?: RunToSave, isNamed = isTold(target)): string {
  const { plan } = target;
  if (plan === undefined) return "";
  const shown = plan.changes.filter(isWorthShowing);
  const isCalm = shown.length === 0 && plan.changes.length > 0;
  const notes = [...noteLines(target, plan, paint), ...savedLines(plan, saved)];
  const lines = [
    headLines(target, paint, isNamed),
    [""],
    ...shown.map((change) => [...changeLines(change, paint), ""]),
    isCalm ? [NOTHING_TO_CHANGE, ""] : [],
    notes.length > 0 ? [...notes, ""] : [],
    [planLine([plan.summary])],
  ];
  return `${lines.flat().join("\n")}\n`;
}

/** What became of the plan of one environment, and one fixed last line. */
export function applyText(target: TargetRun, paint: Paint): string {
  const { plan, outcomes } = target;
  if (plan === undefined || outcomes === undefined) return "";
  const lines = plan.changes.flatMap((change) => {
    const outcome = outcomes.get(change);
    return outcome === undefined || outcome.status === "unchanged" ? [] : outcomeLines(change, outcome, paint);
  });
  if (lines.length === 0)
    lines.push(target.carriesOut === undefined ? "Nothing to do." : "Nothing to do: all of the plan is done.");
  lines.push("", applyLine([target]));
  return `${lines.join("\n")}\n`;
}

/** The fixed last line of a plan, over any number of environments. */
export function planLine(summaries: readonly Summary[]): string {
  const all = (key: Exclude<keyof Summary, "keptKeys" | "previousKey">) =>
    summaries.reduce((total, summary) => total + summary[key], 0);
  return `Plan: ${all("create")} to create, ${all("update")} to update, ${all("replace")} to replace, ${all("archive")} to archive, ${all("unchanged")} unchanged, ${all("blocked")} blocked, ${all("unknown")} unknown.`;
}

/** The fixed last line of what became of plans, over any number of environments. */
export function applyLine(targets: readonly TargetRun[]): string {
  const outcomes = targets.flatMap((target) => [...(target.outcomes?.values() ?? [])]);
  const count = (status: OutcomeStatus) => outcomes.filter((outcome) => outcome.status === status).length;
  const blocked = targets.reduce(
    (total, { plan, outcomes: told }) => total + (told ? (plan?.summary.blocked ?? 0) : 0),
    0,
  );
  const done = `${count("created")} created, ${count("updated")} updated, ${count("replaced")} replaced, ${count("archived")} archived`;
  const open = `${count("failed")} failed, ${count("unknown")} unknown, ${count("not-started")} not started, ${count("not-converged")} not converged`;
  return `Apply: ${done}, ${open}, ${blocked} blocked.`;
}

/** Where a plan leads, at its top: base URL, environment, and how sure that is. */
export function headLines(target: TargetRun, paint: Paint, isNamed = isTold(target)): readonly string[] {
  const { environment, baseUrl, environmentId, owner, carriesOut } = target;
  const where =
    environmentId === null ? "not known; no connection tells" : `${printable(environmentId)}${surenessOf(target)}`;
  const name = isNamed ? ` ${printable(environment)}` : "";
  return [
    `${paint("strong", `Target${name}:`)} ${printable(baseUrl)}`,
    `${paint("strong", "Environment:")} ${where}`,
    ...(owner === undefined ? [] : [`${paint("strong", "Owner:")} ${printable(owner)}`]),
    ...(carriesOut === undefined
      ? []
      : [`${paint("strong", "Saved plan:")} ${printable(carriesOut.file)}, made ${printable(carriesOut.createdAt)}`]),
  ];
}

/** Without settings there is one environment, and its name says nothing. */
function isTold({ environment }: TargetRun): boolean {
  return environment !== ONLY_ENVIRONMENT;
}

/** Values stand in a column behind the paths, but one long path does not push it off the screen. */
const WIDEST_PATH = 60;

function changeLines(change: Change, paint: Paint): readonly string[] {
  const { symbol, word, tone } = markOf(change);
  const identity = [change.providerType, change.id ?? "not there yet"].map(printable).join(", ");
  const head = `${paint(tone, `${symbol} ${word}`)}  ${paint("strong", printable(change.name))} (${identity})`;
  const { file, line } = change;
  const source = file === undefined ? "" : `  ${paint("faint", `${printable(file)}:${line}`)}`;
  const rows = rowsOf(change).map((row) => ({ ...row, path: printable(row.path) }));
  const width = rows.reduce((widest, { path }) => Math.max(widest, Math.min(path.length, WIDEST_PATH)), 0);
  const listed = rows.flatMap((row) => [
    `    ${paint(row.tone, row.symbol)} ${row.path.padEnd(width)}  ${rowWords(row)}`,
    ...meaningLines(row, paint),
  ]);
  const dangers = generalDangers(change).map((danger) => `    ${paint("bad", "danger:")} ${printable(danger)}`);
  const stampOnly = stampOnlyText(change);
  return [
    `${head}${source}`,
    // What a replace loses stands before what it brings.
    ...(change.action === "replace" ? [...dangers, ...listed] : listed),
    ...(stampOnly === undefined ? [] : [`    ${paint("faint", stampOnly)}`]),
    ...(change.action === "replace" ? [] : dangers),
  ];
}

/** What it means, below it; of a note in the metadata there is nothing to say. */
function meaningLines({ consequence, path }: Row, paint: Paint): readonly string[] {
  if (consequence === undefined || (consequence.weight === "none" && path.startsWith("metadata."))) return [];
  const isDanger = consequence.weight === "danger";
  return [
    `      ${paint(isDanger ? "bad" : "faint", isDanger ? "danger:" : "means:")} ${printable(consequence.sentence)}`,
  ];
}

/** Values with an arrow between them, and what there is to say of them. */
function rowWords({ before, after, note }: Row): string {
  if (before !== undefined && after !== undefined)
    return [`${valueText(before)} → ${valueText(after)}`, ...(note === undefined ? [] : [note])].join("  ");
  const values = [before, after].flatMap((value) => (value === undefined ? [] : [valueText(value)]));
  return [...values, ...(note === undefined ? [] : [note])].join(" → ");
}

function outcomeLines(change: Change, outcome: Outcome, paint: Paint): readonly string[] {
  const { symbol, word, tone } = outcomeMark(outcome.status);
  const ids = [change.id, outcome.id].flatMap((id) => (id === undefined ? [] : [printable(id)]));
  const identity = [printable(change.providerType), ...(ids.length === 0 ? [] : [ids.join(" → ")])].join(", ");
  const line = `${paint(tone, `${symbol} ${word}`)}  ${paint("strong", printable(change.name))} (${identity})`;
  return outcome.message === undefined ? [line] : [line, `    ${printable(outcome.message)}`];
}
