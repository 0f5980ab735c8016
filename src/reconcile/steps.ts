import type { Part, ReadingWorld } from "./invocation.js";

/** Begins a part of a run, and returns what is to be called after each step of it. */
export function steps(doing: Part["doing"], total: number, { onProgress }: ReadingWorld): () => void {
  let done = 0;
  onProgress({ doing, done, total });
  return () => {
    done += 1;
    onProgress({ doing, done, total });
  };
}
