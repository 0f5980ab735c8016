import type { Outcome, OutcomeStatus } from "../model/outcome.js";
import type { Change, Summary } from "../model/plan.js";
import type { Run, RunToSave, TargetRun } from "../model/run.js";
import { ONLY_ENVIRONMENT } from "../model/settings.js";
import { type Folded, rowLines } from "./fold.js";
import { broken, type Look, widthOf } from "./look.js";
import { markOf, outcomeMark } from "./marks.js";
import { NOTHING_TO_CHANGE, noteLines, savedLines, surenessOf } from "./notes.js";
import type { Paint } from "./paint.js";
import { generalDangers, isWorthShowing, type Row, rowsOf, stampOnlyText } from "./rows.js";
import { counted, printable } from "./text.js";

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
export function planText(target: TargetRun, look: Look, saved?: RunToSave, isNamed = isTold(target)): string {
  const { plan } = target;
  if (plan === undefined) return "";
  const shown = plan.changes.filter(isWorthShowing).map((change) => changeLines(change, look));
  const isCalm = shown.length === 0 && plan.changes.length > 0;
  const notes = [
    ...noteLines(target, plan, look.paint),
    ...savedLines(plan, saved),
    ...(shown.some(({ isCut }) => isCut) ? [CUT] : []),
  ].flatMap((note) => broken(note, look));
  const lines = [
    headLines(target, look.paint, isNamed),
    [""],
    ...shown.map((one) => [...one.lines, ""]),
    isCalm ? [NOTHING_TO_CHANGE, ""] : [],
    notes.length > 0 ? [...notes, ""] : [],
    [planLine([plan.summary])],
  ];
  return `${lines.flat().join("\n")}\n`;
}

const CUT = "Long values are cut where … stands; --json has them whole.";

/** What became of the plan of one environment, and one fixed last line. */
export function applyText(target: TargetRun, look: Look): string {
  const { plan, outcomes } = target;
  if (plan === undefined || outcomes === undefined) return "";
  const lines = plan.changes.flatMap((change) => {
    const outcome = outcomes.get(change);
    return outcome === undefined || outcome.status === "unchanged" ? [] : outcomeLines(change, outcome, look);
  });
  if (lines.length === 0) {
    const isBlocked = plan.summary.blocked > 0;
    const done = target.carriesOut === undefined ? "Nothing to do." : "Nothing to do: all of the plan is done.";
    lines.push(isBlocked ? "Nothing was done: what differs is blocked." : done);
  }
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

function changeLines(change: Change, look: Look): Folded {
  const { paint } = look;
  const { symbol, word, tone } = markOf(change);
  const identity = [change.providerType, change.id ?? "not there yet"].map(printable).join(", ");
  // A blank in place of a symbol is an indent, which a colour would hide.
  const mark = symbol === " " ? `  ${paint(tone, word)}` : paint(tone, `${symbol} ${word}`);
  const head = `${mark}  ${paint("strong", printable(change.name))} (${identity})`;
  const { file, line } = change;
  const source = file === undefined ? "" : `  ${paint("faint", `${printable(file)}:${line}`)}`;
  const rows = rowsOf(change).map((row) => ({ ...row, path: printable(row.path) }));
  const width = rows.reduce((widest, { path }) => Math.max(widest, Math.min(widthOf(path, look), WIDEST_PATH)), 0);
  const folded = rows.map((row) => rowLines(row, width, look));
  const listed = folded.flatMap(({ lines }, at) => [...lines, ...meaningLines(rows[at], look)]);
  const dangers = generalDangers(change).flatMap((danger) =>
    broken(`    ${paint("bad", "danger:")} ${printable(danger)}`, look),
  );
  const stampOnly = stampOnlyText(change);
  const lines = [
    ...broken(`${head}${source}`, look),
    // What a replace loses stands before what it brings.
    ...(change.action === "replace" ? [...dangers, ...listed] : listed),
    ...(stampOnly === undefined ? [] : broken(`    ${paint("faint", stampOnly)}`, look)),
    ...(change.action === "replace" ? [] : dangers),
  ];
  return { lines, isCut: folded.some(({ isCut }) => isCut) };
}

/** What it means, below it; of a note in the metadata there is nothing to say. */
function meaningLines(row: Row | undefined, look: Look): readonly string[] {
  if (row === undefined) return [];
  const { consequence, path } = row;
  if (consequence === undefined || (consequence.weight === "none" && path.startsWith("metadata."))) return [];
  const label = consequence.weight === "danger" ? look.paint("bad", "danger:") : look.paint("faint", "means:");
  return broken(`      ${label} ${printable(consequence.sentence)}`, look);
}

function outcomeLines(change: Change, outcome: Outcome, look: Look): readonly string[] {
  const { paint } = look;
  const { symbol, word, tone } = outcomeMark(outcome.status);
  const ids = [change.id, outcome.id].flatMap((id) => (id === undefined ? [] : [printable(id)]));
  const identity = [printable(change.providerType), ...(ids.length === 0 ? [] : [ids.join(" → ")])].join(", ");
  const line = `${paint(tone, `${symbol} ${word}`)}  ${paint("strong", printable(change.name))} (${identity})`;
  const message = outcome.message === undefined ? [] : broken(`    ${printable(outcome.message)}`, look);
  return [...broken(line, look), ...message];
}
