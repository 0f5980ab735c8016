import pLimit from "p-limit";

/** Runs a task when there is room for it. */
export type Limit = <T>(task: () => Promise<T>) => Promise<T>;

/** A limit whose width can be changed while tasks run. */
export interface AdjustableLimit extends Limit {
  concurrency: number;
}

/** A bound on tasks that run at once: one bound serves all requests to a host. What a task throws reaches whoever asked for it. */
export function limitTo(mostAtOnce: number): AdjustableLimit {
  const limit = pLimit(mostAtOnce);
  const run: Limit = (task) => limit(task);
  return Object.defineProperty(run, "concurrency", {
    get: () => limit.concurrency,
    set(width: number) {
      limit.concurrency = width;
    },
  }) as AdjustableLimit;
}
