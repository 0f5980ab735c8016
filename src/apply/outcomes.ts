import type { Observed } from "../model/connection.js";
import type { Outcome } from "../model/outcome.js";
import { type Change, placeOf } from "../model/plan.js";
import { error, type Problem, type ProblemCode, sentence, warning } from "../model/problem.js";

/** What there is to say of what became of a change: nothing where all went well. */
export function problemsOfOutcome(change: Change, outcome: Outcome): readonly Problem[] {
  const place = placeOf(change);
  const { hint = "run again.", requestId, unseen } = outcome;
  const code = codeOf(outcome);
  if (code !== undefined) {
    const detail = `"${change.name}": ${outcome.message ?? outcome.status}`;
    const named = requestId === undefined || hint.includes(requestId) ? hint : `${hint} Request id: ${requestId}.`;
    return [error(code, sentence(detail), { ...place, hint: named })];
  }
  if (unseen === undefined) return [];
  const look = "run plan to see whether it stayed as it was written.";
  return [warning("APPLY.NOT_READ_AGAIN", sentence(`"${change.name}": ${unseen}`), { ...place, hint: look })];
}

/** What there is to say of changes that were not begun, where the reason is told by nothing else: once for each reason. */
export function problemsOfRest(outcomes: ReadonlyMap<Change, Outcome>): readonly Problem[] {
  const reasons = new Map<string, { readonly outcome: Outcome; readonly names: string[] }>();
  for (const [{ name }, outcome] of outcomes) {
    const { status, code, message = "" } = outcome;
    if (status !== "not-started" || code === undefined) continue;
    const told = reasons.get(message) ?? { outcome, names: [] };
    told.names.push(name);
    reasons.set(message, told);
  }
  return [...reasons.values()].flatMap(({ outcome: { code, message = "", hint = "run again." }, names }) => {
    if (code === undefined) return [];
    const were = names.length === 1 ? `"${names[0]}" was` : `${names.length} changes were`;
    return [error(code, sentence(`${were} not begun: ${message}`), { hint })];
  });
}

function codeOf({ status, code }: Outcome): ProblemCode | undefined {
  if (status === "not-converged") return "APPLY.NOT_CONVERGED";
  if (status === "unknown") return "APPLY.OUTCOME_UNKNOWN";
  return status === "failed" ? code : undefined;
}

/** The first write did not show the environment that it was meant for. */
export function wrongEnvironment(expected: string, { id, environmentId }: Observed): Problem {
  if (environmentId === null) {
    const detail = `${expected} is expected, but the answer to the first write (${id}) shows no environment; nothing more was written.`;
    const hint = "look up where the connection is; without an environment id there is no such check.";
    return error("APPLY.WRONG_ENVIRONMENT", detail, { hint });
  }
  const detail = `${expected} is expected, but the first write went to ${environmentId}, to ${id}; nothing more was written.`;
  const hint = `look at ${id} there, and use the key of the environment you mean.`;
  return error("APPLY.WRONG_ENVIRONMENT", detail, { hint });
}
