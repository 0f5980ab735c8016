import type { ConnectionsApi } from "../api/client.js";
import type { Limit } from "../api/limit.js";
import type { Catalogue } from "../model/catalogue.js";
import type { Desired, Observed } from "../model/connection.js";
import type { Outcome } from "../model/outcome.js";
import { type Change, type Plan, writes } from "../model/plan.js";
import { Bug, type ProblemCode } from "../model/problem.js";
import { moved } from "../state/wish.js";
import type { Base } from "./base.js";
import { type Written, writeCreate, writeUpdate } from "./write.js";

export interface ApplyParts {
  readonly api: ConnectionsApi;
  readonly limit: Limit;
  readonly catalogue: Catalogue;
  readonly desiredOf: (change: Change) => Desired;
  /** The row that a change was planned from. */
  readonly rowOf: (id: string) => Observed;
  readonly base: Base;
  /** The environment that every answer must show: seen on the rows, else as the user expects; `null` when neither tells. */
  readonly environmentId: string | null;
  /** Whether a row has shown it. */
  readonly isProven: boolean;
  readonly failFast: boolean;
  readonly onProgress: (done: number, total: number) => void;
}

export interface Applied {
  /** One for every change of the plan. */
  readonly outcomes: ReadonlyMap<Change, Outcome>;
  /** The first new connection, when it showed another environment than the expected one. */
  readonly strayed?: Observed;
}

/**
 * Does what the plan says, at most so many writes at once. One failure never hides or stops another, but for a refused key:
 * then nothing more is begun. Never throws for a failed write; that is an outcome.
 */
export async function apply(plan: Plan, parts: ApplyParts): Promise<Applied> {
  const run = new Run(plan, parts);
  await run.proveEnvironment();
  await run.writeTheRest();
  return { outcomes: run.outcomes, ...(run.strayed === undefined ? {} : { strayed: run.strayed }) };
}

const PLAN_AGAIN = "run plan again to see what is there now.";

function notWritten(code: ProblemCode, message: string, hint: string | undefined): Written {
  const outcome: Outcome = { status: "failed", attempts: 0, wrote: false, code, message };
  return { outcome: hint === undefined ? outcome : { ...outcome, hint } };
}

class Run {
  readonly outcomes = new Map<Change, Outcome>();
  strayed: Observed | undefined;
  readonly #parts: ApplyParts;
  readonly #waiting: Change[];
  readonly #total: number;
  #done = 0;
  #stopped = false;

  constructor(plan: Plan, parts: ApplyParts) {
    this.#parts = parts;
    this.#waiting = plan.changes.filter(writes);
    this.#total = this.#waiting.length;
    for (const change of plan.changes) {
      if (!writes(change)) this.outcomes.set(change, { status: "unchanged", attempts: 0, wrote: false });
    }
  }

  /**
   * Where no row has shown the environment, writes go one at a time until an answer does: a key of another environment must
   * not change it, or fill it with connections.
   */
  async proveEnvironment(): Promise<void> {
    const { environmentId: expected, isProven } = this.#parts;
    if (expected === null || isProven) return;
    while (!this.#stopped) {
      const change = this.#waiting.shift();
      if (change === undefined) return;
      const answer = await this.#write(change);
      if (answer === undefined) continue;
      if (answer.environmentId !== null && answer.environmentId !== expected) {
        this.strayed = answer;
        this.#stopped = true;
      }
      return;
    }
  }

  async writeTheRest(): Promise<void> {
    const { limit } = this.#parts;
    await Promise.all(this.#waiting.map((change) => limit(() => this.#write(change))));
  }

  /** Writes one change unless the run has stopped; gives the service's answer if there is one. */
  async #write(change: Change): Promise<Observed | undefined> {
    if (this.#stopped) {
      this.outcomes.set(change, { status: "not-started", attempts: 0, wrote: false });
      return undefined;
    }
    const { outcome, answer } = await this.#send(change);
    this.outcomes.set(change, outcome);
    this.#done += 1;
    this.#parts.onProgress(this.#done, this.#total);
    const isBad = ["failed", "unknown", "not-converged"].includes(outcome.status);
    const isKeyRefused = outcome.httpStatus === 401 || outcome.httpStatus === 403;
    if (isBad && (isKeyRefused || this.#parts.failFast)) this.#stopped = true;
    return answer;
  }

  async #update(change: Change, id: string): Promise<Written> {
    const { api, base, catalogue, desiredOf, environmentId, rowOf } = this.#parts;
    const desired = desiredOf(change);
    const planned = rowOf(id);
    const { rows, problem } = await base.current();
    if (problem !== undefined) return notWritten(problem.code, problem.message, problem.hint);
    const row = rows.find((candidate) => candidate.id === id);
    if (row === undefined) return notWritten("APPLY.ROW_MOVED", `${id} is gone since the plan was made`, PLAN_AGAIN);
    const paths = moved(change.fields, desired, planned, row, catalogue.syncConfig);
    if (paths.length === 0) return writeUpdate(change, desired, row, environmentId, api, catalogue);
    const message = `somebody changed ${paths.join(", ")} since the plan was made, so nothing was written`;
    return notWritten("APPLY.ROW_MOVED", message, PLAN_AGAIN);
  }

  #send(change: Change): Promise<Written> {
    const { api, catalogue, desiredOf, environmentId } = this.#parts;
    switch (change.action) {
      case "create":
        return writeCreate(desiredOf(change), environmentId, api, catalogue);
      case "update":
        if (change.id === undefined) throw new Bug("an update without an id");
        return this.#update(change, change.id);
      default:
        throw new Bug(`nothing plans ${change.action} yet reaches apply`);
    }
  }
}
