import type fc from "fast-check";
import type { Seen } from "./seen.js";

/** Something that takes input from outside, with inputs for it. Every input is the bytes of one file, so that it can be kept. */
export interface Target {
  readonly name: string;
  /** Of the files that its inputs are kept in. */
  readonly extension: string;
  readonly inputs: fc.Arbitrary<Uint8Array>;
  /** Of all inputs of a run, how many are for it: cheap and deep ones get more. */
  readonly share: number;
  /** Takes one input. What it throws is a complaint. */
  readonly run: (input: Uint8Array) => Promise<Seen>;
  /** Frees what it holds. */
  readonly close?: () => Promise<void>;
}
