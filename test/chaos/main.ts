import { byProgram } from "./by-program.js";
import { inProcess } from "./in-process.js";
import { scenarioOf } from "./scenario.js";
import { playAll, report } from "./suite.js";

/** What `npm run chaos` is asked for. */
export interface ChaosOptions {
  readonly first: number;
  readonly seeds: number;
  /** Tells what the scenario is, and everything that happens in it. */
  readonly isShown: boolean;
  /** The built program, where that is to make the runs: it is slower. */
  readonly program?: string;
  readonly print: (line: string) => void;
  readonly onSeed: (done: number) => void;
}

/** Plays the seeds and prints what came of them. @returns the exit code: 1 where something was not as it must be */
export async function main({ first, seeds, isShown, program, print, onSeed }: ChaosOptions): Promise<number> {
  if (isShown) print(JSON.stringify(scenarioOf(first), null, 2));
  const startMs = performance.now();
  let done = 0;
  const { failed, counts } = await playAll(
    first,
    seeds,
    program === undefined ? inProcess : byProgram(program),
    (one) => {
      done += 1;
      onSeed(done);
      if (one.wrong.length > 0) print(report(one));
      else if (isShown) for (const line of one.story) print(line);
    },
  );
  const { runs, crashes, requests, writes, faults } = counts;
  const seconds = Math.round((performance.now() - startMs) / 1000);
  print(
    `${seeds} seeds from ${first}: ${runs} runs, ${crashes} of them killed; ${requests} requests, ${faults} met by a fault, ${writes} changes of rows; ${failed.length} failed; ${seconds} s`,
  );
  return failed.length === 0 ? 0 : 1;
}
