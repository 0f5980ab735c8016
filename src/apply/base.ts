import type { CallOptions } from "../api/sender.js";
import type { Observed } from "../model/connection.js";
import type { Problem } from "../model/problem.js";

/**
 * Older rows are read again before one of them is written back: a PUT replaces whole maps. With what the way to the service may
 * take these are five seconds from the read to the write.
 */
export const OLDEST_BASE_MS = 4_000;

/** Lists that are read for one write: a service that takes long for each of them is taken as it is. */
const MOST_LISTS = 2;

/** The rows that writes start from. */
export interface Rows {
  readonly rows: readonly Observed[];
  /** Set when the service did not give them. */
  readonly problem?: Problem;
}

/** Rows on their way, and when they were asked for. */
interface Reading {
  readonly readAtMs: number;
  readonly rows: Promise<Rows>;
}

/** Reads the rows anew. */
export type Refresh = (options: CallOptions) => Promise<Rows>;

/**
 * The rows as they were read last, no older than {@link OLDEST_BASE_MS} when they are handed out unless the service takes longer
 * than that for a list. One list serves all writes that wait for it.
 */
export class Base {
  readonly #refresh: Refresh;
  readonly #nowMs: () => number;
  #current: Reading;
  #later: Promise<Rows> | undefined;
  #afterIt: Promise<Rows> | undefined;

  /**
   * @param rows - what the plan was made from
   * @param readAtMs - when they were asked for, by `nowMs`
   */
  constructor(rows: readonly Observed[], readAtMs: number, refresh: Refresh, nowMs: () => number) {
    this.#current = { readAtMs, rows: Promise.resolve({ rows }) };
    this.#refresh = refresh;
    this.#nowMs = nowMs;
  }

  /**
   * A row that is not in the plan's rows, as it is now: itself while it is young enough, else as the list shows it, and itself
   * where the list does not show it yet; or why it cannot be had.
   *
   * @param readAtMs - when it came, by the same clock
   */
  async latest(row: Observed, readAtMs: number, options: CallOptions): Promise<Observed | Problem> {
    if (this.#nowMs() - readAtMs <= OLDEST_BASE_MS) return row;
    const { rows, problem } = await this.current(options);
    return problem ?? rows.find(({ id }) => id === row.id) ?? row;
  }

  /** The present, by the clock that ages are told by. */
  nowMs(): number {
    return this.#nowMs();
  }

  /**
   * The rows for a write that has its turn; where the list itself took too long, perhaps for it was tried again, it is read once more.
   */
  async current(options: CallOptions = {}): Promise<Rows> {
    for (let lists = 0; lists < MOST_LISTS; lists += 1) {
      if (!this.#isYoung(this.#current)) {
        this.#current = { readAtMs: this.#nowMs(), rows: this.#refresh({ ...options, isNested: true }) };
      }
      // Somebody else may have begun the next list by the time that this one is there.
      const reading = this.#current;
      const rows = await reading.rows;
      if (rows.problem !== undefined || this.#isYoung(reading)) return rows;
    }
    return this.#current.rows;
  }

  #isYoung({ readAtMs }: Reading): boolean {
    return this.#nowMs() - readAtMs <= OLDEST_BASE_MS;
  }

  /** The rows as they are from now on, for a look at what became of writes: one list serves all that look at the same time. */
  later(): Promise<Rows> {
    // A list that is under way may have been read before: whoever asks meanwhile gets the one behind it.
    this.#afterIt ??= this.#listedAfterIt();
    return this.#afterIt;
  }

  async #listedAfterIt(): Promise<Rows> {
    // What it failed of is told to those who asked for it.
    await this.#later?.catch(() => undefined);
    this.#afterIt = undefined;
    this.#later = this.#refresh({ isSequel: true });
    return this.#later;
  }
}
