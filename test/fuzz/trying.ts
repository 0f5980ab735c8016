import fc from "fast-check";
import { complaintsOf, kindOf, LONGEST_MS } from "./oracle.js";
import type { Target } from "./target.js";

/** What came of one input. */
export interface Tried {
  readonly complaints: readonly string[];
  readonly isRefused: boolean;
  readonly ms: number;
}

/** Gives a target one input, and judges what is seen then. @param mostMs - that it may take of a processor */
export async function tried(target: Target, input: Uint8Array, mostMs = LONGEST_MS): Promise<Tried> {
  const start = process.cpuUsage();
  // Of the processor, which other programs do not make slower.
  const spentMs = () => {
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1_000;
  };
  try {
    const seen = await target.run(input);
    const ms = spentMs();
    return {
      complaints: complaintsOf(seen, ms, mostMs),
      isRefused: seen.problems.some(({ severity }) => severity === "error"),
      ms,
    };
  } catch (thrown) {
    const ms = spentMs();
    return {
      complaints: complaintsOf({ problems: [], texts: [], files: new Map(), writes: [], thrown }, ms, mostMs),
      isRefused: false,
      ms,
    };
  }
}

/** An input that broke a target, as small as it could be made. */
export interface Broken {
  readonly input: Uint8Array;
  readonly complaints: readonly string[];
}

export interface Counts {
  inputs: number;
  answered: number;
  refused: number;
  slowestMs: number;
  peakHeap: number;
}

export const noCounts = (): Counts => ({ inputs: 0, answered: 0, refused: 0, slowestMs: 0, peakHeap: 0 });

export interface Trying {
  readonly seed: number;
  readonly inputs: number;
  readonly counts: Counts;
  /** Kinds of complaints that are known already: others are looked for. */
  readonly known?: Set<string>;
  /** Told of every input before it is tried. */
  readonly onInput?: (input: Uint8Array) => void;
}

/** Inputs of one draw: a failure ends it, and is made smaller within it. */
export const INPUTS_AT_ONCE = 250;

/** Tries fresh inputs, the same ones for the same seed; all that broke, each kind once. */
export async function tryFresh(
  target: Target,
  { seed, inputs, counts, known = new Set(), onInput = () => {} }: Trying,
): Promise<readonly Broken[]> {
  const broken: Broken[] = [];
  // What is compiled at the first use is not the time of an input.
  await tried(target, new Uint8Array());
  for (let done = 0; done < inputs; done += INPUTS_AT_ONCE) {
    const numRuns = Math.min(INPUTS_AT_ONCE, inputs - done);
    // Once more with what was found out, as long as that was something new.
    for (;;) {
      const found = await firstBroken(target, {
        seed: seed + done / INPUTS_AT_ONCE,
        inputs: numRuns,
        counts,
        known,
        onInput,
      });
      if (found === undefined) break;
      broken.push(found);
      for (const complaint of found.complaints) known.add(kindOf(complaint));
    }
  }
  return broken;
}

async function firstBroken(
  target: Target,
  { seed, inputs, counts, known, onInput }: Required<Trying>,
): Promise<Broken | undefined> {
  let broken: Broken | undefined;
  let isShrinking = false;
  const property = fc.asyncProperty(target.inputs, async (input) => {
    onInput(input);
    const { complaints, isRefused, ms } = await tried(target, input);
    if (!isShrinking) note(counts, isRefused, ms);
    const fresh = complaints.filter((complaint) => !known.has(kindOf(complaint)));
    if (fresh.length === 0) return true;
    isShrinking = true;
    // A smaller input that is wrong in another way is another one.
    if (broken !== undefined && !fresh.some((one) => kindOf(one) === kindOf(broken?.complaints[0] ?? ""))) return true;
    broken = { input, complaints: fresh };
    return false;
  });
  await fc.check(property, {
    seed,
    numRuns: inputs,
    interruptAfterTimeLimit: MOST_SHRINKING_MS,
    markInterruptAsFailure: false,
  });
  return broken;
}

/** A draw takes seconds; one that shrinks a slow input is not waited for without end. */
const MOST_SHRINKING_MS = 120_000;

function note(counts: Counts, isRefused: boolean, ms: number): void {
  counts.inputs += 1;
  counts[isRefused ? "refused" : "answered"] += 1;
  counts.slowestMs = Math.max(counts.slowestMs, ms);
  counts.peakHeap = Math.max(counts.peakHeap, process.memoryUsage().heapUsed);
}
