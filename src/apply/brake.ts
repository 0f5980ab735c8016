import { DEADLINE_HINT, DEADLINE_PASSED } from "../model/interrupt.js";
import type { Problem, ProblemCode } from "../model/problem.js";

/** Why nothing more is begun. */
export interface Reason {
  /** As a part of a sentence. */
  readonly message: string;
  /** What is told of it beside the changes; absent where another problem tells it. */
  readonly code?: ProblemCode;
  readonly hint?: NonNullable<Problem["hint"]>;
}

/** Keeps everything that is not begun yet from being begun, in all environments of a run. */
export class Brake {
  #reason: Reason | undefined;
  readonly #failFast: boolean;
  readonly #isLate: () => boolean;
  readonly #stopped: () => Reason | undefined;

  /**
   * @param failFast - whether a failure of one write pulls it
   * @param isLate - whether the time of the run is up
   * @param stopped - why the run is to end early, if it is
   */
  constructor(failFast: boolean, isLate: () => boolean, stopped: () => Reason | undefined = () => undefined) {
    this.#failFast = failFast;
    this.#isLate = isLate;
    this.#stopped = stopped;
  }

  /** Why nothing more is begun; `undefined` while it is. */
  get reason(): Reason | undefined {
    const stopped = this.#stopped();
    if (stopped !== undefined) this.pull(stopped);
    if (this.#isLate()) this.pull({ message: DEADLINE_PASSED, code: "RUN.DEADLINE", hint: DEADLINE_HINT });
    return this.#reason;
  }

  /** Whether the run is to end as soon as what is begun is done. */
  get isEnding(): boolean {
    return this.#stopped() !== undefined || this.#isLate();
  }

  /** The first reason stays. */
  pull(reason: Reason): void {
    this.#reason ??= reason;
  }

  /** Told of a failure. */
  failed(what: string): void {
    if (this.#failFast) this.pull({ message: `${what} went wrong, and --fail-fast was given` });
  }
}
