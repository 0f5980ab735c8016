import { type Fault, type FaultKind, requestKinds, wholeNumber } from "./fault-kinds.js";

/** What is to go wrong in a sandbox. */
export interface Faults {
  /** As it was written. */
  readonly spec: string;
  readonly rules: readonly FaultRule[];
  readonly start: StartFaults;
  /** What all chance comes from; absent where none was named. */
  readonly seed?: number;
}

export interface FaultRule {
  readonly fault: Fault;
  readonly about: FaultKind["about"];
  /** Empty means every request. */
  readonly where: readonly Place[];
  readonly which: Which;
}

const PLACES = ["GET", "POST", "PUT", "DELETE", "list"] as const;
export type Place = (typeof PLACES)[number];

/** Which of the requests that fit: by their number, counted from 1 and with no end where `to` is absent, or by chance. */
export type Which =
  | { readonly kind: "counted"; readonly from: number; readonly to?: number }
  | { readonly kind: "share"; readonly percent: number };

/** What is odd about the account from the start. */
export interface StartFaults {
  /** Providers with a second live connection. */
  readonly twins: readonly string[];
  /** Providers with a connection that an abandoned consent left behind. */
  readonly pending: readonly string[];
  readonly isReadOnly: boolean;
  /** Errors of the handlers have the body that they had before April 2026. */
  readonly hasOldErrors: boolean;
}

/** A SPEC that cannot be read; the message is a sentence that names the rule and what there is. */
export class UnreadableFaults extends Error {
  override readonly name = "UnreadableFaults";
}

type Part =
  | { readonly kind: "rule"; readonly rule: FaultRule }
  | { readonly kind: "twins" | "pending"; readonly provider: string }
  | { readonly kind: "read-only" | "old-errors" }
  | { readonly kind: "seed"; readonly seed: number };

const START_KINDS = ["twins", "pending", "read-only", "old-errors", "seed"] as const;

/** Every kind that a SPEC can name. */
export const faultKinds: readonly string[] = [...requestKinds.keys(), ...START_KINDS];

const GREATEST_SEED = 2 ** 32 - 1;
const HIGHEST_COUNT = 999_999_999;

/**
 * The faults of a SPEC: rules `KIND[=VALUE][@WHERE][#WHICH]` with commas between them.
 *
 * @param providers - the types of providers that there are
 * @throws UnreadableFaults
 */
export function faultsIn(spec: string, providers: readonly string[]): Faults {
  const parts = spec.split(",").map((rule) => partOf(rule.trim(), providers));
  const named = (kind: "twins" | "pending") => [
    ...new Set(parts.flatMap((part) => (part.kind === kind && "provider" in part ? [part.provider] : []))),
  ];
  const [seed, second] = parts.flatMap((part) => (part.kind === "seed" ? [part.seed] : []));
  if (second !== undefined) throw new UnreadableFaults("It takes one seed=N and not several.");
  return {
    spec,
    rules: parts.flatMap((part) => (part.kind === "rule" ? [part.rule] : [])),
    start: {
      twins: named("twins"),
      pending: named("pending"),
      isReadOnly: parts.some(({ kind }) => kind === "read-only"),
      hasOldErrors: parts.some(({ kind }) => kind === "old-errors"),
    },
    ...(seed === undefined ? {} : { seed }),
  };
}

function partOf(text: string, providers: readonly string[]): Part {
  const wrong = (why: string) => new UnreadableFaults(`In the rule "${shown(text)}" ${why}.`);
  const [, name = "", value, where, which] = /^([^=@#]*)(?:=([^@#]*))?(?:@([^#]*))?(?:#(.*))?$/s.exec(text) ?? [];
  const startKind = START_KINDS.find((kind) => kind === name);
  if (startKind !== undefined) {
    if (where !== undefined || which !== undefined) throw wrong(`${name} is about the start and takes no @ and no #`);
    const part = startPart(startKind, value, providers);
    if (part === undefined) throw wrong(`${name} takes ${startValues(startKind, providers)}`);
    return part;
  }
  const kind = requestKinds.get(name);
  if (kind === undefined) throw wrong(`the kind is none of ${faultKinds.join(", ")}`);
  const fault = kind.read(value);
  if (fault === undefined) throw wrong(`${name} takes ${kind.takes}`);
  const places = where === undefined ? [] : placesIn(where);
  if (places === undefined) throw wrong(`@ takes one or several of ${PLACES.join(", ")}, joined by +`);
  if (kind.about === "updates" && places.some((place) => place !== "PUT")) throw wrong(`${name} is about PUT alone`);
  if (kind.about === "reads" && places.some((place) => place === "PUT" || place === "DELETE"))
    throw wrong(`${name} is about reads, that is list, GET, and POST for the search`);
  const chosen = which === undefined ? ({ kind: "counted", from: 1 } as const) : whichIn(which);
  if (chosen === undefined) throw wrong("# takes numbers from 1, as #3, #2-5 or #6-, or a share, as #10%");
  return { kind: "rule", rule: { fault, about: kind.about, where: places, which: chosen } };
}

function startPart(
  kind: (typeof START_KINDS)[number],
  value: string | undefined,
  providers: readonly string[],
): Part | undefined {
  switch (kind) {
    case "twins":
    case "pending":
      return value !== undefined && providers.includes(value) ? { kind, provider: value } : undefined;
    case "read-only":
    case "old-errors":
      return value === undefined ? { kind } : undefined;
    case "seed": {
      const seed = wholeNumber(value, GREATEST_SEED);
      return seed === undefined ? undefined : { kind, seed };
    }
  }
}

function startValues(kind: (typeof START_KINDS)[number], providers: readonly string[]): string {
  if (kind === "seed") return `=N, a whole number up to ${GREATEST_SEED}`;
  return kind === "read-only" || kind === "old-errors" ? "no value" : `=PROVIDER, one of ${providers.join(", ")}`;
}

function placesIn(text: string): readonly Place[] | undefined {
  const places = text.split("+").map((word) => PLACES.find((place) => place === word));
  return places.every((place) => place !== undefined) ? places : undefined;
}

function whichIn(text: string): Which | undefined {
  const [, share] = /^(\d{1,3}(?:\.\d{1,6})?)%$/.exec(text) ?? [];
  if (share !== undefined) {
    const percent = Number(share);
    return percent > 0 && percent <= 100 ? { kind: "share", percent } : undefined;
  }
  const [, first, dash, last = ""] = /^(\d+)(?:(-)(\d*))?$/.exec(text) ?? [];
  const from = wholeNumber(first, HIGHEST_COUNT) ?? 0;
  if (from === 0) return undefined;
  if (dash !== undefined && last === "") return { kind: "counted", from };
  const to = dash === undefined ? from : (wholeNumber(last, HIGHEST_COUNT) ?? 0);
  return to >= from ? { kind: "counted", from, to } : undefined;
}

const LONGEST_SHOWN = 40;

/** As much of a rule as a message can hold; what cannot be printed is left out. */
function shown(rule: string): string {
  const printable = rule.replaceAll(/[^\x20-\x7e]/g, "");
  return printable.length > LONGEST_SHOWN ? `${printable.slice(0, LONGEST_SHOWN)}…` : printable;
}
