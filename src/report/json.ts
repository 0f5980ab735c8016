import type { Outcome } from "../model/outcome.js";
import type { Change, FieldChange, Plan, SecretChange, UnclaimedRow } from "../model/plan.js";
import type { Problem } from "../model/problem.js";
import type { Run, RunToSave, TargetRun } from "../model/run.js";
import { summaryNumbers } from "../model/saved-plan.js";
import { printableJson } from "./text.js";

/** A target, and what only one command says of it. */
export interface ToldTarget extends TargetRun {
  readonly more?: object;
}

/** Of the document below; `schema/result.schema.json` describes it. */
export const RESULT_FORMAT = "1.0";

export interface ToolInfo {
  readonly name: string;
  readonly version: string;
}

/**
 * The one JSON document of a command, ending in a line feed.
 *
 * @param more - keys that only this command has
 */
export function jsonText(
  run: Omit<Partial<Run>, "targets"> & Pick<Run, "problems"> & { readonly targets?: readonly ToldTarget[] },
  tool: ToolInfo,
  exitCode: number,
  more: object = {},
): string {
  const document = {
    format_version: RESULT_FORMAT,
    tool: { name: tool.name, version: tool.version },
    command: run.command ?? null,
    exit_code: exitCode,
    ...(run.definitions === undefined ? {} : { definitions: run.definitions, files: run.files ?? 0 }),
    ...more,
    targets: (run.targets ?? []).map((target) => ({ ...targetDocument(target, run.saved), ...target.more })),
    problems: run.problems.map(problemDocument),
  };
  return `${printableJson(JSON.stringify(document, null, 2))}\n`;
}

function targetDocument(target: TargetRun, saved: RunToSave | undefined): object {
  const { environment, baseUrl, environmentId, isConfirmed, owner, assumeUpdatable, plan, outcomes } = target;
  const base = {
    environment,
    base_url: baseUrl,
    environment_id: environmentId,
    environment_confirmed: isConfirmed,
    ...(owner === undefined ? {} : { owner }),
    ...(assumeUpdatable === undefined ? {} : { assume_updatable: assumeUpdatable }),
    ...(saved === undefined ? {} : { saved_plan: savedDocument(saved) }),
  };
  return plan === undefined ? base : { ...base, ...planDocument(plan, outcomes) };
}

function savedDocument({ file, document }: RunToSave): object {
  return { file, expires_at: document.expires_at, secrets: document.key_id === null ? "as-applied" : "as-planned" };
}

function planDocument(
  { summary, unclaimed, changes }: Plan,
  outcomes: ReadonlyMap<Change, Outcome> | undefined,
): object {
  return {
    summary: summaryNumbers(summary),
    unclaimed: unclaimed.map(unclaimedDocument),
    changes: changes.filter(isWorthTelling).map((change) => changeDocument(change, outcomes?.get(change))),
  };
}

/** A definition with nothing to do and nothing to say about it is left out. */
function isWorthTelling({ action, fields, secrets }: Change): boolean {
  const tells = fields.some(({ state }) => state !== undefined) || secrets.some(({ state }) => state !== "unchanged");
  return action !== "none" || tells;
}

function unclaimedDocument({ id, name, providerType, stamped, owner }: UnclaimedRow): object {
  return { id, name, provider_type: providerType, stamped, ...(owner === undefined ? {} : { owner }) };
}

function changeDocument(change: Change, outcome: Outcome | undefined): object {
  const { action, name, providerType, id, stamp, file, line, fields, secrets, consequences, dangers } = change;
  return {
    action,
    name,
    provider_type: providerType,
    ...(id === undefined ? {} : { id }),
    stamp,
    ...(file === undefined ? {} : { file, line }),
    fields: fields.map(fieldDocument),
    secrets: secrets.map(secretDocument),
    consequences: consequences.map(({ path, sentence, weight }) => ({ path, sentence, weight })),
    dangers,
    ...(outcome === undefined ? {} : { outcome: outcomeDocument(outcome) }),
  };
}

function fieldDocument({ keys: _keys, why: _why, ...field }: FieldChange): object {
  return field;
}

function secretDocument({ path, variable, state, isSent, isRecorded }: SecretChange): object {
  const isAlong = isSent && (state === "unchanged" || state === "unknown");
  return {
    path,
    ...(variable === undefined ? {} : { variable }),
    state,
    ...(isAlong ? { sent_along: true } : {}),
    ...(isRecorded ? { recorded: true } : {}),
  };
}

function outcomeDocument(outcome: Outcome): object {
  const { status, attempts, httpStatus, requestId, id, recoveryFile, message, differs } = outcome;
  return {
    status,
    attempts,
    ...(httpStatus === undefined ? {} : { http_status: httpStatus }),
    ...(requestId === undefined ? {} : { request_id: requestId }),
    ...(id === undefined ? {} : { id }),
    ...(recoveryFile === undefined ? {} : { recovery_file: recoveryFile }),
    ...(message === undefined ? {} : { message }),
    ...(differs === undefined ? {} : { differs }),
  };
}

function problemDocument({ code, severity, message, hint, place, environments }: Problem): object {
  return {
    code,
    severity,
    message,
    ...(hint === undefined ? {} : { hint }),
    ...(place ?? {}),
    ...(environments === undefined ? {} : { environments }),
  };
}
