import type { StoredConnection } from "./stored.js";

interface Version {
  /** Milliseconds since 1970 from which it was so. */
  readonly fromMs: number;
  readonly row: StoredConnection;
}

/** What the rows of a store were a while ago, as a database that lags behind shows them. */
export class History {
  readonly #versions = new Map<string, readonly Version[]>();
  readonly #longestMs: number;

  /**
   * @param rows - what has been there since ever
   * @param longestMs - how far back it is asked; what is older is forgotten
   */
  constructor(rows: readonly StoredConnection[], longestMs: number) {
    this.#longestMs = longestMs;
    for (const row of rows) this.add(row, Number.NEGATIVE_INFINITY);
  }

  add(row: StoredConnection, nowMs: number): void {
    const versions = [...(this.#versions.get(row.id) ?? []), { fromMs: nowMs, row }];
    const oldest = versions.findLastIndex(({ fromMs }) => fromMs <= nowMs - this.#longestMs);
    this.#versions.set(row.id, versions.slice(Math.max(oldest, 0)));
  }

  /** The rows of that time, in the order of their making. */
  at(ms: number): readonly StoredConnection[] {
    return [...this.#versions.values()].flatMap((versions) => {
      const version = versions.findLast(({ fromMs }) => fromMs <= ms);
      return version === undefined ? [] : [version.row];
    });
  }
}
