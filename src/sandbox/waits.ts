/** Times that are waited for, all of which can be ended at once. */
export class Waits {
  readonly #ends = new Map<NodeJS.Timeout, () => void>();
  #isOver = false;

  /** Resolves when the time is over: `true` if it has passed, `false` if all waiting was ended before. */
  passed(ms: number): Promise<boolean> {
    if (this.#isOver) return Promise.resolve(false);
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#ends.delete(timer);
        resolve(true);
      }, ms);
      this.#ends.set(timer, () => resolve(false));
    });
  }

  end(): void {
    this.#isOver = true;
    for (const [timer, end] of this.#ends) {
      clearTimeout(timer);
      end();
    }
    this.#ends.clear();
  }
}
