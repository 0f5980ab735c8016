import type { Outcome, OutcomeStatus } from "../model/outcome.js";
import {
  type Action,
  type Change,
  type FieldChange,
  isBlocked,
  type Plan,
  type SecretChange,
  type Summary,
  type UnknownReason,
} from "../model/plan.js";
import { assertNever } from "../model/problem.js";
import type { Run, TargetRun } from "../model/run.js";
import type { Paint, Tone } from "./paint.js";
import { counted, printable, valueText } from "./text.js";

/** What `validate` says on stdout: one fixed line. */
export function validateText({ definitions, files, problems }: Run): string {
  const errors = problems.filter(({ severity }) => severity === "error").length;
  const warnings = problems.length - errors;
  return `Validate: ${counted(definitions, "definition")} in ${counted(files, "file")}, ${counted(errors, "error")}, ${counted(warnings, "warning")}.\n`;
}

/** The plan of one environment for a person: where, what changes, what cannot be told, and one fixed last line. */
export function planText(target: TargetRun, paint: Paint): string {
  const { plan } = target;
  if (plan === undefined) return "";
  const shown = plan.changes.filter(isWorthShowing);
  const isCalm = shown.length === 0 && plan.changes.length > 0;
  const notes = noteLines(plan, paint);
  const lines = [
    headLines(target, paint),
    [""],
    ...shown.map((change) => [...changeLines(change, paint), ""]),
    isCalm ? ["Nothing to change: no difference in what can be compared.", ""] : [],
    notes.length > 0 ? [...notes, ""] : [],
    [planLine(plan.summary)],
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
  if (lines.length === 0) lines.push("Nothing to do.");
  lines.push("", applyLine(target));
  return `${lines.join("\n")}\n`;
}

export function planLine(summary: Summary): string {
  const { create, update, replace, archive, unchanged, blocked, unknown } = summary;
  return `Plan: ${create} to create, ${update} to update, ${replace} to replace, ${archive} to archive, ${unchanged} unchanged, ${blocked} blocked, ${unknown} unknown.`;
}

export function applyLine({ plan, outcomes }: TargetRun): string {
  const count = (status: OutcomeStatus) =>
    [...(outcomes?.values() ?? [])].filter((outcome) => outcome.status === status).length;
  const done = `${count("created")} created, ${count("updated")} updated, ${count("replaced")} replaced, ${count("archived")} archived`;
  const open = `${count("failed")} failed, ${count("unknown")} unknown, ${count("not-started")} not started, ${count("not-converged")} not converged`;
  return `Apply: ${done}, ${open}, ${plan?.summary.blocked ?? 0} blocked.`;
}

/** Where a plan leads, at its top: base URL, environment, and how sure that is. */
export function headLines(
  { environment, baseUrl, environmentId, isConfirmed }: TargetRun,
  paint: Paint,
): readonly string[] {
  const sure = isConfirmed ? "" : " (expected; no connection confirms it)";
  const where = environmentId === null ? "not known; no connection tells" : `${printable(environmentId)}${sure}`;
  const name = environment === "default" ? "" : ` ${printable(environment)}`;
  return [`${paint("strong", `Target${name}:`)} ${printable(baseUrl)}`, `${paint("strong", "Environment:")} ${where}`];
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
  const source = paint("faint", `${printable(change.file)}:${change.line}`);
  const rows = [...change.fields.map(fieldRow), ...change.secrets.filter(isShownSecret).map(secretRow)];
  const width = rows.reduce((widest, { path }) => Math.max(widest, Math.min(path.length, WIDEST_PATH)), 0);
  return [
    `${head}  ${source}`,
    ...rows.map((row) => `    ${paint(row.tone, row.symbol)} ${row.path.padEnd(width)}  ${row.words}`),
    ...(isStampOnly(change) ? [`    ${paint("faint", "only its stamp, which no file shows, is written")}`] : []),
    ...change.dangers.map((danger) => `    ${paint("bad", "danger:")} ${printable(danger)}`),
  ];
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
  if (kind === "remove") return { symbol: "-", tone: "bad", path: shown, words: `${valueText(before)} → removed` };
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
function isShownSecret({ state, isSent }: SecretChange): boolean {
  return isSent || (state !== "unknown" && state !== "unchanged");
}

function secretRow({ path, variable, state, why, isSent }: SecretChange): Row {
  const from = variable === undefined ? "(value from the file)" : `(secret from ${variable})`;
  const shown = printable(path);
  switch (state) {
    case "new":
      return { symbol: "+", tone: "good", path: shown, words: from };
    case "changed":
      return {
        symbol: "~",
        tone: "change",
        path: shown,
        words: variable === undefined ? "changed" : `(secret from ${variable}: changed)`,
      };
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
    case "unchanged":
      return {
        symbol: " ",
        tone: "faint",
        path: shown,
        words: isSent ? `${from}  sent along: the service takes them together` : state,
      };
    default:
      return assertNever(state);
  }
}

const unknownWords: Readonly<Record<UnknownReason, string>> = {
  "no-key": "without FLEXPRICE_SYNC_FINGERPRINT_KEY nothing tells whether they changed",
  "other-key": "their fingerprints were made with another key",
  "no-record": "there is no fingerprint of what the service was given",
};

/** What is not a change but should be known, a line each. */
function noteLines({ changes, summary, unclaimed }: Plan, paint: Paint): readonly string[] {
  const secrets = changes.flatMap((change) => change.secrets);
  const unknown = secrets.filter(({ state }) => state === "unknown");
  const blocked = secrets.filter(({ state }) => state === "blocked").length;
  const marked = changes.filter((change) => change.stamp).length;
  const stamped = unclaimed.filter((row) => row.stamped);
  const lines: string[] = [];
  if (unknown.length > 0) {
    const because = [...new Set(unknown.map(({ unknownBecause = "no-record" }) => unknownWords[unknownBecause]))];
    lines.push(
      `${paint("warn", "?")} ${counted(unknown.length, "credential")} of ${counted(summary.unknown, "connection")} cannot be compared, for the service never shows them: ${because.join("; ")}.`,
      "  They are not sent. --write-secrets sends those that the service can change; for the others the way out is a new connection (--replace).",
    );
  }
  if (blocked > 0)
    lines.push(
      `${paint("bad", "!")} ${counted(blocked, "credential")} cannot be changed on an existing connection: the way out is a new one (--replace).`,
    );
  if (marked > 0)
    lines.push(
      `${counted(marked, "change")} also ${marked === 1 ? "writes" : "write"} the stamp by which a later run knows what is ours.`,
    );
  if (summary.keptKeys > 0)
    lines.push(`${counted(summary.keptKeys, "key")} that no file names ${summary.keptKeys === 1 ? "is" : "are"} kept.`);
  if (unclaimed.length > 0)
    lines.push(
      `${counted(unclaimed.length, "connection")} of the service ${unclaimed.length === 1 ? "is" : "are"} in no file and left alone.`,
    );
  for (const { name, providerType, id } of stamped)
    lines.push(`  kept by flexprice-sync before: ${printable(name)} (${printable(providerType)}, ${printable(id)})`);
  return lines;
}

function outcomeLines(change: Change, outcome: Outcome, paint: Paint): readonly string[] {
  const { symbol, tone } = outcomeMark(outcome.status);
  const words = outcome.status.replace("-", " ");
  const id = change.id ?? outcome.id;
  const identity = [change.providerType, ...(id === undefined ? [] : [id])].map(printable).join(", ");
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
