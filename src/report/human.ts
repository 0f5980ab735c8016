import type { Outcome, OutcomeStatus } from "../model/outcome.js";
import {
  type Action,
  type Change,
  type FieldChange,
  isBlocked,
  type SecretChange,
  type StampPart,
  type Summary,
} from "../model/plan.js";
import { assertNever } from "../model/problem.js";
import type { Run, RunToSave, TargetRun } from "../model/run.js";
import { ONLY_ENVIRONMENT } from "../model/settings.js";
import { isUnseen, noteLines, savedLines } from "./notes.js";
import type { Paint, Tone } from "./paint.js";
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
    isCalm ? ["Nothing to change: no difference in what can be compared.", ""] : [],
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
  const { environment, baseUrl, environmentId, isConfirmed, owner, carriesOut } = target;
  const sure = isConfirmed ? "" : " (expected; no connection confirms it)";
  const where = environmentId === null ? "not known; no connection tells" : `${printable(environmentId)}${sure}`;
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

function isWorthShowing({ action, fields, secrets }: Change): boolean {
  return (
    action !== "none" || fields.length > 0 || secrets.some(({ state }) => state === "blocked" || state === "unresolved")
  );
}

/** Values stand in a column behind the paths, but one long path does not push it off the screen. */
const WIDEST_PATH = 60;

interface Mark {
  readonly symbol: string;
  readonly word: string;
  readonly tone: Tone;
}

function markOf(action: Action): Mark {
  switch (action) {
    case "create":
      return { symbol: "+", word: "create", tone: "good" };
    case "update":
      return { symbol: "~", word: "update", tone: "change" };
    case "replace":
      return { symbol: "±", word: "replace", tone: "bad" };
    case "archive":
      return { symbol: "-", word: "archive", tone: "bad" };
    case "none":
      return { symbol: " ", word: "unchanged", tone: "faint" };
    default:
      return assertNever(action);
  }
}

const blockedMark: Mark = { symbol: "!", word: "blocked", tone: "bad" };

function changeLines(change: Change, paint: Paint): readonly string[] {
  const { symbol, word, tone } = change.action === "none" && isBlocked(change) ? blockedMark : markOf(change.action);
  const identity = [change.providerType, change.id ?? "not there yet"].map(printable).join(", ");
  const head = `${paint(tone, `${symbol} ${word}`)}  ${paint("strong", printable(change.name))} (${identity})`;
  const { file, line } = change;
  const source = file === undefined ? "" : `  ${paint("faint", `${printable(file)}:${line}`)}`;
  const rows = [...change.fields.map(fieldRow), ...change.secrets.filter(isShownSecret).map(secretRow)];
  const width = rows.reduce((widest, { path }) => Math.max(widest, Math.min(path.length, WIDEST_PATH)), 0);
  const listed = rows.map((row) => `    ${paint(row.tone, row.symbol)} ${row.path.padEnd(width)}  ${row.words}`);
  const dangers = change.dangers.map((danger) => `    ${paint("bad", "danger:")} ${printable(danger)}`);
  return [
    `${head}${source}`,
    // What a replace loses stands before what it brings.
    ...(change.action === "replace" ? [...dangers, ...listed] : listed),
    ...(isStampOnly(change) ? [`    ${paint("faint", `only its stamp is written: ${stampWords(change)}`)}`] : []),
    ...(change.action === "replace" ? [] : dangers),
  ];
}

/** What is new on a stamp, for somebody who wonders why a connection that equals its file is written. */
function stampWords({ stampParts }: Change): string {
  const words: Readonly<Record<StampPart, string>> = {
    first: "there was none",
    replaced: "the one there is not believed",
    owner: "the owner",
    id: "the connection's id",
    paths: "which fields are ours",
    secrets: "fingerprints of secrets",
    protect: "whether it is protected",
  };
  return stampParts.map((part) => words[part]).join(", ");
}

/** Whether nothing but our own note about the connection changes. */
function isStampOnly({ action, fields, secrets }: Change): boolean {
  const changesMore = fields.some(({ state }) => state === undefined) || secrets.some(({ isSent }) => isSent);
  return action === "update" && !changesMore;
}

interface Row {
  readonly symbol: string;
  readonly tone: Tone;
  readonly path: string;
  readonly words: string;
}

function fieldRow({ path, kind, before, after, state, variable, why }: FieldChange): Row {
  const shown = printable(path);
  if (state === "unresolved") return unresolvedRow(shown, variable, why);
  const change = `${valueText(before)} → ${valueText(after)}`;
  if (state === "blocked")
    return {
      symbol: "!",
      tone: "bad",
      path: shown,
      words: `${change}  blocked: cannot be changed on an existing connection`,
    };
  if (kind === "add") return { symbol: "+", tone: "good", path: shown, words: valueText(after) };
  if (kind === "remove") {
    const words = before === true ? "true → removed (turned off)" : `${valueText(before)} → removed`;
    return { symbol: "-", tone: "bad", path: shown, words };
  }
  return { symbol: "~", tone: "change", path: shown, words: change };
}

function unresolvedRow(path: string, variable: string | undefined, why: FieldChange["why"]): Row {
  const reasons = {
    unset: "is not set",
    empty: "is set but empty",
    unreadable: "cannot be read",
    "no-setting": "is not defined",
  };
  return {
    symbol: "?",
    tone: "warn",
    path,
    words: `unresolved: ${variable ?? "its variable"} ${reasons[why ?? "unset"]}`,
  };
}

/** Secrets that cannot be compared are counted below, not listed: there is nothing to decide about them. */
function isShownSecret(secret: SecretChange): boolean {
  return secret.isSent || isAssumed(secret) || (secret.state !== "unknown" && secret.state !== "unchanged");
}

/** Whether a value is taken on somebody's word, and not only proven anew under another key. */
function isAssumed({ isRecorded, evidence }: SecretChange): boolean {
  return isRecorded && evidence !== "equal-under-previous-key";
}

function secretRow(secret: SecretChange): Row {
  const { path, variable, state, why, isSent } = secret;
  const from = variable === undefined ? "(value from the file)" : `(secret from ${variable})`;
  const shown = printable(path);
  switch (state) {
    case "new": {
      const late = secret.evidence === "not-sent-yet" ? "  not sent yet: the create before broke off" : "";
      return { symbol: "+", tone: "good", path: shown, words: `${from}${late}` };
    }
    case "changed": {
      const words = variable === undefined ? "changed" : `(secret from ${variable}: changed)`;
      const unseen = isUnseen(secret) ? "  sent as you asked; nothing tells whether it differs" : "";
      return { symbol: "~", tone: "change", path: shown, words: `${words}${unseen}` };
    }
    case "blocked":
      return {
        symbol: "!",
        tone: "bad",
        path: shown,
        words: `${from}  blocked: cannot be changed on an existing connection`,
      };
    case "unresolved":
      return unresolvedRow(shown, variable, why);
    case "unknown":
    case "unchanged": {
      const along = `${from}  sent along: the service takes them together`;
      const assumed = `${from}  taken on your word for what the service has; not sent`;
      return { symbol: " ", tone: "faint", path: shown, words: isSent ? along : assumed };
    }
    default:
      return assertNever(state);
  }
}

function outcomeLines(change: Change, outcome: Outcome, paint: Paint): readonly string[] {
  const { symbol, tone } = outcomeMark(outcome.status);
  const words = outcome.status.replace("-", " ");
  const ids = [change.id, outcome.id].flatMap((id) => (id === undefined ? [] : [printable(id)]));
  const identity = [printable(change.providerType), ...(ids.length === 0 ? [] : [ids.join(" → ")])].join(", ");
  const line = `${paint(tone, `${symbol} ${words}`)}  ${paint("strong", printable(change.name))} (${identity})`;
  return outcome.message === undefined ? [line] : [line, `    ${printable(outcome.message)}`];
}

function outcomeMark(status: OutcomeStatus): { readonly symbol: string; readonly tone: Tone } {
  switch (status) {
    case "created":
      return { symbol: "+", tone: "good" };
    case "updated":
      return { symbol: "~", tone: "good" };
    case "replaced":
      return { symbol: "±", tone: "good" };
    case "archived":
      return { symbol: "-", tone: "good" };
    case "unchanged":
      return { symbol: " ", tone: "faint" };
    case "failed":
    case "not-converged":
      return { symbol: "!", tone: "bad" };
    case "unknown":
    case "not-started":
      return { symbol: "?", tone: "warn" };
    default:
      return assertNever(status);
  }
}
