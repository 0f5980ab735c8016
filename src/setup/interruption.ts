import { setMaxListeners } from "node:events";
import type { Interrupt } from "../model/interrupt.js";

/** Requests under way have this much time after a run was told to end; then they are broken off. */
export const GRACE_MS = 5_000;

/** Tells a run to end: at first so that what is under way comes to its end, then at once. */
export class Interruption implements Interrupt {
  readonly #stop = new AbortController();
  readonly #breakOff = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor() {
    // Every request and every wait listens.
    setMaxListeners(0, this.stop, this.breakOff);
  }

  get stop(): AbortSignal {
    return this.#stop.signal;
  }

  get breakOff(): AbortSignal {
    return this.#breakOff.signal;
  }

  /** Whether there is nothing left to be ended. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** The first time the run is to end soon, any other time at once. */
  end(how: "interrupted" | "terminated"): void {
    if (this.#isOver) return;
    if (this.stop.aborted) {
      this.#breakOff.abort(how);
      return;
    }
    this.#timer = setTimeout(() => this.#breakOff.abort(how), GRACE_MS);
    this.#stop.abort(how);
  }

  /** The run is over. */
  close(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }
}

/** Nothing ends a run early. */
export function neverInterrupted(): Interrupt {
  const { stop, breakOff } = new Interruption();
  return { stop, breakOff };
}
