import type { Fault } from "./fault-kinds.js";
import type { FaultRule, Place } from "./faults.js";

const LIST = "/v1/connections";
const SEARCH = "/v1/connections/search";
const BY_ID = /^\/v1\/connections\/[^/]+$/;

/** Tells of each request what goes wrong with it. Every rule counts the requests that fit it, whatever other rules do to them. */
export class FaultSchedule {
  readonly #rules: readonly FaultRule[];
  readonly #random: () => number;
  readonly #counts: number[];

  constructor(rules: readonly FaultRule[], random: () => number) {
    this.#rules = rules;
    this.#random = random;
    this.#counts = rules.map(() => 0);
  }

  /** The faults of the next request, in the order of their rules. */
  next(method: string, path: string): readonly Fault[] {
    return this.#rules.flatMap((rule, index) => {
      if (!isAbout(rule, method, path)) return [];
      const count = (this.#counts[index] ?? 0) + 1;
      this.#counts[index] = count;
      return this.#isChosen(rule, count) ? [rule.fault] : [];
    });
  }

  #isChosen({ which }: FaultRule, count: number): boolean {
    if (which.kind === "share") return this.#random() * 100 < which.percent;
    return count >= which.from && (which.to === undefined || count <= which.to);
  }
}

function isAbout({ about, where }: FaultRule, method: string, path: string): boolean {
  if (about === "updates" && !(method === "PUT" && BY_ID.test(path))) return false;
  if (about === "reads" && !isRead(method, path)) return false;
  const isAt = (place: Place) => (place === "list" ? method === "GET" && path === LIST : place === method);
  return where.length === 0 || where.some(isAt);
}

function isRead(method: string, path: string): boolean {
  if (method === "POST") return path === SEARCH;
  return method === "GET" && (path === LIST || BY_ID.test(path));
}

/** Numbers from 0 to 1 by chance, the same ones for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    const mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    const again = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((again ^ (again >>> 14)) >>> 0) / 2 ** 32;
  };
}
