import pLimit from "p-limit";

/** Runs a task when there is room for it. */
export type Limit = <T>(task: () => Promise<T>) => Promise<T>;

/** A bound on tasks that run at once: one bound serves all requests to a host. What a task throws reaches whoever asked for it. */
export function limitTo(mostAtOnce: number): Limit {
  const limit = pLimit(mostAtOnce);
  return (task) => limit(task);
}
