/** Keeps everything that is not begun yet from being begun, in all environments of a run. */
export class Brake {
  #reason: string | undefined;
  readonly #failFast: boolean;
  readonly #isLate: () => boolean;

  /**
   * @param failFast - whether a failure of one write pulls it
   * @param isLate - whether the time of the run is up
   */
  constructor(failFast: boolean, isLate: () => boolean) {
    this.#failFast = failFast;
    this.#isLate = isLate;
  }

  /** Why nothing more is begun; `undefined` while it is. */
  get reason(): string | undefined {
    if (this.#isLate()) this.pull("the deadline of the run has passed");
    return this.#reason;
  }

  /** The first reason stays. */
  pull(reason: string): void {
    this.#reason ??= reason;
  }

  /** Told of a failure. */
  failed(what: string): void {
    if (this.#failFast) this.pull(`${what} went wrong, and --fail-fast was given`);
  }
}
