import { seededRandom } from "../../src/sandbox/fault-schedule.js";

/** Everything that is drawn by chance for one seed: the same seed draws the same again. */
export class Draws {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  /** A whole number, both ends among them. */
  between(least: number, most: number): number {
    return least + Math.floor(this.#random() * (most - least + 1));
  }

  isChosen(percent: number): boolean {
    return this.#random() * 100 < percent;
  }

  oneOf<T>(all: readonly T[]): T {
    const chosen = all[this.between(0, all.length - 1)];
    if (chosen === undefined) throw new Error("nothing to draw from");
    return chosen;
  }

  /** Some of them, in their order. */
  some<T>(all: readonly T[], percent: number): readonly T[] {
    return all.filter(() => this.isChosen(percent));
  }
}
