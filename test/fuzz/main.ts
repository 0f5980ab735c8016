import { readFileSync } from "node:fs";
import { keep, keptOf } from "./corpus.js";
import type { Target } from "./target.js";
import { targets } from "./targets/all.js";
import { type Broken, type Counts, noCounts, tried, tryFresh } from "./trying.js";

export interface Options {
  /** Over all targets together, each with its share; all of them for one that is named. */
  readonly inputs: number;
  readonly seed: number;
  readonly target?: string;
  /** One kept input, in place of fresh ones. */
  readonly input?: string;
  readonly print: (line: string) => void;
  /** Told of every input before it is tried, for whoever outlives this process. */
  readonly onInput: (target: string, extension: string, input: Uint8Array) => void;
}

/** Heap that may be more after a target than before it, in bytes. */
const MOST_GROWTH = 96 * 1024 * 1024;

/** Tries kept and fresh inputs of the targets, and tells in a table what came of them. */
export async function main(options: Options): Promise<0 | 1 | 64> {
  const { target: name, print } = options;
  const chosen = targets.filter((target) => name === undefined || target.name === name);
  if (chosen.length === 0) {
    print(`there is no target ${name}; there are ${targets.map((target) => target.name).join(", ")}`);
    return 64;
  }
  const all = chosen.reduce((sum, { share }) => sum + share, 0);
  print(row("target", "inputs", "answered", "refused", "slowest ms", "peak heap MB", "s"));
  let isBroken = false;
  for (const target of chosen) {
    const startMs = performance.now();
    const counts = noCounts();
    const before = heapAfterCollection();
    const inputs = Math.ceil((options.inputs * target.share) / all);
    const broken =
      options.input === undefined ? await allOf(target, inputs, counts, options) : await oneOf(target, options.input);
    await target.close?.();
    const growth = heapAfterCollection() - before;
    print(
      row(
        target.name,
        counts.inputs,
        counts.answered,
        counts.refused,
        Math.round(counts.slowestMs),
        megabytes(counts.peakHeap),
        Math.round((performance.now() - startMs) / 1000),
      ),
    );
    for (const one of broken) print(told(target, one, options));
    if (growth > MOST_GROWTH) print(`  BROKEN  memory: ${megabytes(growth)} MB are held that were free before`);
    isBroken ||= broken.length > 0 || growth > MOST_GROWTH;
  }
  return isBroken ? 1 : 0;
}

async function allOf(
  target: Target,
  inputs: number,
  counts: Counts,
  { seed, onInput }: Options,
): Promise<readonly Broken[]> {
  const ofCorpus: Broken[] = [];
  for (const { input } of keptOf(target)) {
    onInput(target.name, target.extension, input);
    const { complaints } = await tried(target, input);
    if (complaints.length > 0) ofCorpus.push({ input, complaints });
  }
  const fresh = await tryFresh(target, {
    seed,
    inputs,
    counts,
    onInput: (input) => onInput(target.name, target.extension, input),
  });
  return [...ofCorpus, ...fresh];
}

async function oneOf(target: Target, path: string): Promise<readonly Broken[]> {
  const input = readFileSync(path);
  const { complaints } = await tried(target, input);
  return complaints.length === 0 ? [] : [{ input, complaints }];
}

function told(target: Target, { input, complaints }: Broken, { input: given }: Options): string {
  const path = given ?? keep(target, input);
  const words = complaints.slice(0, 5).map((complaint) => `  BROKEN  ${complaint.replaceAll("\n", "\n          ")}`);
  return [...words, `          again: npm run fuzz -- --target ${target.name} --input ${path}`].join("\n");
}

function row(...cells: readonly (string | number)[]): string {
  return cells.map((cell, at) => (at === 0 ? String(cell).padEnd(14) : String(cell).padStart(13))).join("");
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1024 / 1024);
}

/** Bytes in use, without what nobody holds any more; only with `--expose-gc` is that known. */
function heapAfterCollection(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}
