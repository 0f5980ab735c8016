import { InvalidArgumentError } from "commander";
import type { MostChanges } from "../apply/policy.js";
import { catalogue } from "../generated/catalogue.js";
import { patternFault } from "../model/pattern.js";
import type { SecretsToWrite } from "../plan/select.js";
import { type Faults, faultsIn, UnreadableFaults } from "../sandbox/faults.js";
import {
  LONGEST_EXPIRY_MS,
  MOST_SECONDS,
  MOST_SHARDS,
  mostChangesIn,
  SHORTEST_EXPIRY_MS,
  type Shard,
} from "../setup/options.js";

/*
 * What the values of options and arguments may be. Refusals do not repeat the value: it may be a key that was given to the
 * wrong option.
 */

export const SCHEMA_NAMES = ["connection", "settings", "result", "plan", "recovery", "seed"] as const;
export type SchemaName = (typeof SCHEMA_NAMES)[number];

/** Shells that completion speaks to. */
export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

/** Stands for every definition where an option takes a name after `=` or none: no argument can hold this character. */
export const ALL = "\0";

export function collectSecrets(value: string, before: SecretsToWrite | undefined): SecretsToWrite {
  if (value === ALL || before === "all") return "all";
  return collect(value, before === "none" ? undefined : before);
}

export function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), nonEmpty(value)];
}

export function collectGlobs(value: string, before: readonly string[] | undefined): readonly string[] {
  const fault = patternFault(value);
  if (fault !== undefined) throw new InvalidArgumentError(`It takes ${fault}.`);
  return collect(value, before);
}

export function nonEmpty(value: string): string {
  if (value !== "") return value;
  throw new InvalidArgumentError("It takes a text that is not empty.");
}

/** A file to read or write: another option in its place was hardly meant. */
export function filePath(value: string): string {
  if (!value.startsWith("-")) return nonEmpty(value);
  throw new InvalidArgumentError("It takes the name of a file; one that begins with a dash is written ./-name.");
}

/** A key that opens something: publishable ones, by their beginning, do not. */
export function secretKey(value: string): string {
  if (value.startsWith("pk_"))
    throw new InvalidArgumentError("It takes no publishable key (pk_…): those open nothing.");
  return plainWord(value);
}

/** What an HTTP header or an id can hold. */
export function plainWord(value: string): string {
  if (/^[\x21-\x7e]+$/.test(value)) return value;
  throw new InvalidArgumentError("It takes letters, digits and signs without blanks.");
}

export function numberFrom(least: number, most: number): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (/^\d+$/.test(value) && number >= least && number <= most) return number;
    throw new InvalidArgumentError(`It takes a whole number from ${least} to ${most}.`);
  };
}

export function seconds(value: string): number {
  const number = Number(value);
  if (/^\d+(?:\.\d+)?$/.test(value) && number > 0 && number <= MOST_SECONDS) return number;
  throw new InvalidArgumentError(`It takes a number of seconds above 0, at most ${MOST_SECONDS}.`);
}

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of a duration such as 90m, 24h, 7d or 1h30m. */
export function duration(value: string): number {
  const parts = [...value.matchAll(/(\d+(?:\.\d+)?)([smhd])/g)];
  const isWhole = parts.length > 0 && parts.map(([part]) => part).join("") === value;
  const ms = parts.reduce((total, [, count, unit = ""]) => total + Number(count) * (UNIT_MS[unit] ?? 0), 0);
  if (isWhole && ms >= SHORTEST_EXPIRY_MS && ms <= LONGEST_EXPIRY_MS) return Math.round(ms);
  throw new InvalidArgumentError("It takes a duration from 1s to 366d, such as 90m, 24h, 7d or 1h30m.");
}

export function mostChanges(value: string): MostChanges {
  const most = mostChangesIn(value);
  if (most !== undefined) return most;
  throw new InvalidArgumentError("It takes a whole number, or a share from 0% to 100%.");
}

export function shard(value: string): Shard {
  const [, index = "", count = ""] = /^(\d{1,5})\/(\d{1,5})$/.exec(value) ?? [];
  const [at, of] = [Number(index), Number(count)];
  if (index !== "" && at >= 1 && at <= of && of <= MOST_SHARDS) return { index: at, count: of };
  throw new InvalidArgumentError(
    index === "0"
      ? "It takes a share I/N that counts from 1: the first of four is 1/4."
      : `It takes a share I/N, such as 1/4 for the first of four; at most ${MOST_SHARDS}.`,
  );
}

/** Faults of the sandbox. A refusal names the rule that is wrong: none of them holds a secret. */
export function faults(value: string): Faults {
  try {
    return faultsIn(value, Object.keys(catalogue.providers));
  } catch (cause) {
    if (cause instanceof UnreadableFaults) throw new InvalidArgumentError(cause.message);
    throw cause;
  }
}

export function schemaName(value: string): SchemaName {
  return oneOf(SCHEMA_NAMES, value);
}

export function shell(value: string): Shell {
  return oneOf(SHELLS, value);
}

function oneOf<Word extends string>(words: readonly Word[], value: string): Word {
  const word = words.find((candidate) => candidate === value);
  if (word !== undefined) return word;
  throw new InvalidArgumentError(`It takes one of ${words.join(", ")}.`);
}
