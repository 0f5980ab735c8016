import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Target } from "./target.js";

/*
 * Kept inputs: what broke a target once, and what is sharp. `corpus/TARGET/WHAT-IT-IS.EXTENSION`, the bytes as they are.
 */

/** Both the tests and the program start at the top of the repository. */
export const CORPUS = "test/fuzz/corpus";

export interface Kept {
  readonly name: string;
  readonly input: Uint8Array;
}

/** All kept inputs of a target, by their names. */
export function keptOf({ name }: Target): readonly Kept[] {
  const folder = resolve(CORPUS, name);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .map((file) => ({ name: file, input: readFileSync(join(folder, file)) }));
}

/** Keeps an input that broke a target. It is found by `npm test` from then on: give it a name that says what it is. */
export function keep({ name, extension }: Target, input: Uint8Array): string {
  const folder = join(CORPUS, name);
  mkdirSync(folder, { recursive: true });
  const digest = createHash("sha256").update(input).digest("hex").slice(0, 10);
  const path = join(folder, `found-${digest}.${extension}`);
  writeFileSync(path, input);
  return path;
}
