import type { ConnectionsApi } from "../api/connections.js";
import type { Limit } from "../api/limit.js";
import type { Catalogue } from "../model/catalogue.js";
import type { Observed } from "../model/connection.js";
import { ownValue } from "../model/json.js";
import type { Outcome } from "../model/outcome.js";
import { type Change, type Plan, type Source, type WritingChange, writes } from "../model/plan.js";
import { assertNever, Bug } from "../model/problem.js";
import { ServiceError } from "../model/service-error.js";
import type { StampSettings } from "../model/stamp.js";
import { writeArchive } from "./archive.js";
import type { Base } from "./base.js";
import type { Brake, Reason } from "./brake.js";
import { writeCreate } from "./create.js";
import { type RecoveryKeeper, writeReplacement } from "./replace.js";
import { writeUpdate } from "./update.js";
import { answeredOrFault, type ExpectedEnvironment, judgedLater, LOOK_AGAIN, type Way, type Written } from "./write.js";

export interface ApplyParts {
  readonly api: ConnectionsApi;
  readonly limit: Limit;
  readonly catalogue: Catalogue;
  readonly sources: ReadonlyMap<Change, Source>;
  readonly archives: ReadonlyMap<Change, Observed>;
  readonly base: Base;
  /** Seen on the rows, else as the user expects. */
  readonly environment: ExpectedEnvironment;
  readonly stamps: StampSettings;
  readonly recovery: RecoveryKeeper;
  readonly brake: Brake;
  /** Waits, in milliseconds; shorter where the run is to end. */
  readonly pause: (ms: number) => Promise<void>;
  /** Called for every write that has come to its end. */
  readonly onDone: () => void;
}

export interface Applied {
  /** One for every change of the plan. */
  readonly outcomes: ReadonlyMap<Change, Outcome>;
  /** Whether rows or answers have shown the environment that is expected. */
  readonly isProven: boolean;
  /** The answer to a write that had to show the expected environment, when it did not. */
  readonly strayed?: Observed;
  /** A mistake of ours that broke the run off. */
  readonly bug?: unknown;
}

/**
 * Does what the plan says, at most so many writes at once. One failure never hides or stops another, but for a refused key:
 * then nothing more is begun. Nothing is thrown: a failed write is an outcome, and so that none is lost a bug is a result too.
 */
export async function apply(plan: Plan, parts: ApplyParts): Promise<Applied> {
  const run = new Run(plan, parts);
  await run.proveEnvironment();
  await run.writeTheRest();
  await run.readAgain();
  const { outcomes, isProven, strayed, bug } = run;
  return { outcomes, isProven, ...(strayed === undefined ? {} : { strayed }), ...(bug === undefined ? {} : { bug }) };
}

class Run {
  readonly outcomes = new Map<Change, Outcome>();
  strayed: Observed | undefined;
  bug: unknown;
  readonly #parts: ApplyParts;
  readonly #waiting: WritingChange[];
  /** Writes to connections that the service rewrites itself, as answered. */
  readonly #rewritten: { readonly change: Change; readonly written: Written; readonly id: string }[] = [];
  #environment: ExpectedEnvironment;
  /** Why nothing more is begun in this environment. */
  #halted: Reason | undefined;

  constructor(plan: Plan, parts: ApplyParts) {
    this.#parts = parts;
    this.#waiting = plan.changes.filter(writes);
    this.#environment = parts.environment;
    for (const change of plan.changes) {
      // Stryker disable next-line ConditionalExpression: those that write get theirs afterwards, whatever they have here.
      if (!writes(change)) this.outcomes.set(change, { status: "unchanged", attempts: 0, wrote: false });
    }
  }

  get isProven(): boolean {
    return this.#environment.isProven;
  }

  /**
   * Where no row has shown the environment, writes go one at a time until an answer does: a key of another environment must
   * not change it, or fill it with connections.
   */
  async proveEnvironment(): Promise<void> {
    const { id: expected, isProven } = this.#environment;
    if (expected === null || isProven) return;
    while (this.#stopped() === undefined) {
      const change = this.#waiting.shift();
      if (change === undefined) return;
      // One at a time here, and in its turn among the writes of other environments.
      const written = await this.#parts.limit(() => this.#write(change));
      if (written?.answer?.environmentId === expected) {
        this.#environment = { id: expected, isProven: true };
        return;
      }
      if (written?.answer !== undefined && (written.answer.environmentId !== null || this.#waiting.length > 0))
        this.strayed = written.answer;
      if (written?.answer !== undefined || written?.mayBeDone === true)
        this.#halted ??= { message: `the write before it did not show that it went to ${expected}` };
    }
  }

  async writeTheRest(): Promise<void> {
    const { limit } = this.#parts;
    await Promise.all(this.#waiting.map((change) => limit(() => this.#write(change))));
  }

  /** Looks once more at what the service may have put back to what it read before our write. */
  async readAgain(): Promise<void> {
    const { api, catalogue, limit } = this.#parts;
    await Promise.all(
      this.#rewritten.map(({ change, written, id }) =>
        limit(async () => {
          try {
            const answer = await answeredOrFault(() => api.get(id, { isSequel: true }));
            const later = answer instanceof ServiceError ? answer : answer.value;
            this.outcomes.set(change, judgedLater(written, later, catalogue));
          } catch (cause) {
            this.bug ??= cause;
          }
        }),
      ),
    );
  }

  /** Why nothing more is begun; `undefined` while it is. */
  #stopped(): Reason | undefined {
    return this.#halted ?? this.#parts.brake.reason;
  }

  /** Writes one change unless the run has stopped; then it gives nothing. */
  async #write(change: WritingChange): Promise<Written | undefined> {
    const stopped = this.#stopped();
    if (stopped !== undefined) {
      this.outcomes.set(change, { status: "not-started", attempts: 0, wrote: false, ...stopped });
      return undefined;
    }
    const written = await this.#sendOrStop(change);
    const { outcome, answer } = written;
    this.outcomes.set(change, outcome);
    this.#parts.onDone();
    const isRewritten = ownValue(this.#parts.catalogue.providers, change.providerType)?.reread === true;
    const isDone = ["created", "updated", "replaced"].includes(outcome.status);
    if (isRewritten && isDone) {
      // Stryker disable next-line ConditionalExpression: what is done has an answer.
      if (answer !== undefined) this.#rewritten.push({ change, written, id: answer.id });
    }
    // What kept this one from being begun keeps the others, too.
    if (outcome.status === "not-started") {
      const { message, code, hint } = outcome;
      // Stryker disable next-line ConditionalExpression,LogicalOperator: what is not begun says why.
      if (message !== undefined && code !== undefined)
        this.#halted ??= { message, code, ...(hint === undefined ? {} : { hint }) };
    }
    if (!["failed", "unknown", "not-converged"].includes(outcome.status)) return written;
    if (outcome.httpStatus === 401 || outcome.httpStatus === 403)
      this.#halted ??= { message: `the service refused the key for another connection (${outcome.httpStatus})` };
    this.#parts.brake.failed("another write");
    return written;
  }

  /** A bug ends the run, but not before it is known what became of the writes that are under way. */
  async #sendOrStop(change: WritingChange): Promise<Written> {
    try {
      return await this.#send(change);
    } catch (cause) {
      this.bug ??= cause;
      this.#parts.brake.pull({ message: "the run was broken off" });
      const message = "the run was broken off, and it may or may not have been written";
      return { outcome: { status: "unknown", attempts: 0, wrote: false, message, hint: LOOK_AGAIN }, mayBeDone: true };
    }
  }

  async #send(change: WritingChange): Promise<Written> {
    const { sources, archives, recovery } = this.#parts;
    const source = () => sources.get(change) ?? missing();
    switch (change.action) {
      case "create":
        return writeCreate(change, source(), this.#way());
      case "update":
        return writeUpdate(change, source(), this.#way());
      case "replace":
        return writeReplacement(change, source(), this.#way(), recovery);
      case "archive":
        return writeArchive(archives.get(change) ?? missing(), this.#way());
      // Stryker disable next-line ConditionalExpression: there is no other action.
      default:
        return assertNever(change.action);
    }
  }

  #way(): Way {
    const { api, catalogue, stamps, base, pause, brake } = this.#parts;
    const isEnding = () => brake.isEnding;
    return { api, catalogue, stamps, base, pause, isEnding, environment: this.#environment };
  }
}

function missing(): never {
  throw new Bug("a planned change without what it was planned from");
}
