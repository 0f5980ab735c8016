import type { Observed } from "../model/connection.js";
import type { Problem } from "../model/problem.js";

/** Older rows are read again before one of them is written back: a PUT replaces whole maps. */
export const OLDEST_BASE_MS = 5_000;

/** Lists that are read for one write: a service that takes long for each of them is taken as it is. */
const MOST_LISTS = 2;

/** The rows that writes start from. */
export interface Rows {
  readonly rows: readonly Observed[];
  /** Set when the service did not give them. */
  readonly problem?: Problem;
}

/**
 * The rows as they were read last, never older than {@link OLDEST_BASE_MS} when they are handed out. One list serves all
 * writes that wait for it.
 */
export class Base {
  readonly #refresh: () => Promise<Rows>;
  readonly #nowMs: () => number;
  #readAtMs: number;
  #current: Promise<Rows>;

  /**
   * @param rows - what the plan was made from
   * @param readAtMs - when they were asked for, by `nowMs`
   */
  constructor(rows: readonly Observed[], readAtMs: number, refresh: () => Promise<Rows>, nowMs: () => number) {
    this.#current = Promise.resolve({ rows });
    this.#readAtMs = readAtMs;
    this.#refresh = refresh;
    this.#nowMs = nowMs;
  }

  /**
   * A row that is not in the plan's rows, as it is now: itself while it is young enough, else as the list shows it, and itself
   * where the list does not show it yet; or why it cannot be had.
   *
   * @param readAtMs - when it came, by the same clock
   */
  async latest(row: Observed, readAtMs: number): Promise<Observed | Problem> {
    if (this.#nowMs() - readAtMs <= OLDEST_BASE_MS) return row;
    const { rows, problem } = await this.current();
    return problem ?? rows.find(({ id }) => id === row.id) ?? row;
  }

  /** The present, by the clock that ages are told by. */
  nowMs(): number {
    return this.#nowMs();
  }

  /** The rows; where the list itself took too long, perhaps for it was tried again, it is read once more. */
  async current(): Promise<Rows> {
    for (let lists = 0; lists < MOST_LISTS; lists += 1) {
      if (this.#nowMs() - this.#readAtMs > OLDEST_BASE_MS) {
        this.#readAtMs = this.#nowMs();
        this.#current = this.#refresh();
      }
      const rows = await this.#current;
      if (rows.problem !== undefined || this.#nowMs() - this.#readAtMs <= OLDEST_BASE_MS) return rows;
    }
    return this.#current;
  }
}
