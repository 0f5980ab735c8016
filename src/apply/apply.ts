import type { ConnectionsApi } from "../api/client.js";
import type { Limit } from "../api/limit.js";
import type { Catalogue } from "../model/catalogue.js";
import type { Desired, Observed } from "../model/connection.js";
import type { Outcome } from "../model/outcome.js";
import { type Change, type Plan, writes } from "../model/plan.js";
import { Bug } from "../model/problem.js";
import { type Written, writeCreate, writeUpdate } from "./write.js";

export interface ApplyParts {
  readonly api: ConnectionsApi;
  readonly limit: Limit;
  readonly catalogue: Catalogue;
  readonly desiredOf: (change: Change) => Desired;
  readonly rowOf: (id: string) => Observed;
  /** The environment that the user expects, where no row has shown it yet. */
  readonly unprovenEnvironmentId: string | undefined;
  readonly failFast: boolean;
  readonly onProgress: (done: number, total: number) => void;
}

export interface Applied {
  /** One for every change of the plan. */
  readonly outcomes: ReadonlyMap<Change, Outcome>;
  /** Set when the first new connection showed another environment than the expected one. */
  readonly wrongEnvironmentId?: string;
}

/**
 * Does what the plan says, at most so many writes at once. One failure never hides or stops another, but for a refused key:
 * then nothing more is begun. Never throws for a failed write; that is an outcome.
 */
export async function apply(plan: Plan, parts: ApplyParts): Promise<Applied> {
  const run = new Run(plan, parts);
  await run.proveEnvironment();
  await run.writeTheRest();
  const wrong = run.wrongEnvironmentId;
  return { outcomes: run.outcomes, ...(wrong === undefined ? {} : { wrongEnvironmentId: wrong }) };
}

class Run {
  readonly outcomes = new Map<Change, Outcome>();
  wrongEnvironmentId: string | undefined;
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
   * Where no row has shown the environment, creates go one at a time until an answer does: a key of another environment
   * must not fill it with connections.
   */
  async proveEnvironment(): Promise<void> {
    const expected = this.#parts.unprovenEnvironmentId;
    if (expected === undefined) return;
    while (!this.#stopped) {
      const next = this.#waiting.findIndex(({ action }) => action === "create");
      const [change] = next === -1 ? [] : this.#waiting.splice(next, 1);
      if (change === undefined) return;
      const answer = await this.#write(change);
      if (answer === undefined) continue;
      if (answer.environmentId !== null && answer.environmentId !== expected) {
        this.wrongEnvironmentId = answer.environmentId;
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

  #send(change: Change): Promise<Written> {
    const { api, catalogue, desiredOf, rowOf } = this.#parts;
    const desired = desiredOf(change);
    switch (change.action) {
      case "create":
        return writeCreate(change, desired, api, catalogue);
      case "update":
        if (change.id === undefined) throw new Bug("an update without an id");
        return writeUpdate(change, desired, rowOf(change.id), api, catalogue);
      default:
        throw new Bug(`nothing plans ${change.action} yet reaches apply`);
    }
  }
}
