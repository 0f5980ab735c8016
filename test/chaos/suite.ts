import pLimit from "p-limit";
import { type Counts, type Played, played } from "./play.js";
import type { RunnerOf } from "./runner.js";

/** What came of many seeds. */
export interface SuiteResult {
  readonly seeds: number;
  readonly failed: readonly Played[];
  readonly counts: Counts;
}

/** Most of a run's time is waiting, so that many go side by side. */
const AT_ONCE = 12;

/** Plays seeds, from the first one on. @param onPlayed - told of each as it ends, in no order */
export async function playAll(
  first: number,
  seeds: number,
  runnerOf: RunnerOf,
  onPlayed: (one: Played) => void = () => {},
): Promise<SuiteResult> {
  const limit = pLimit(AT_ONCE);
  const all = await Promise.all(
    Array.from({ length: seeds }, (_, at) =>
      limit(async () => {
        const one = await played(first + at, runnerOf);
        onPlayed(one);
        return one;
      }),
    ),
  );
  const sum = (of: keyof Counts) => all.reduce((total, { counts }) => total + counts[of], 0);
  return {
    seeds,
    failed: all.filter(({ wrong }) => wrong.length > 0),
    counts: {
      runs: sum("runs"),
      requests: sum("requests"),
      faults: sum("faults"),
      crashes: sum("crashes"),
      writes: sum("writes"),
    },
  };
}

/** What is to be told of a seed that failed, with the command that plays it alone. */
export function report({ seed, wrong, story }: Played): string {
  const lines = [
    `seed ${seed} failed; this plays it alone: npm run chaos -- --seed ${seed}`,
    ...wrong,
    "What happened:",
    ...story,
  ];
  return lines.join("\n  ");
}
