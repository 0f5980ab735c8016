import { isAbsolute } from "node:path";
import { isObject, ownValue } from "../model/json.js";
import { patternFault } from "../model/pattern.js";
import { LONGEST_EXPIRY_MS, MOST_PARALLELISM, MOST_SECONDS, MOST_SHARDS, SHORTEST_EXPIRY_MS } from "./options.js";

/*
 * What a program hands in for a run: nobody has parsed it, and a wrong type must not mean something else.
 */

/** Why a value is not taken, as what it takes instead; nothing where it is. */
type Check = (value: unknown) => string | undefined;

const isText = (value: unknown): value is string => typeof value === "string" && value !== "";
const isWhole = (value: unknown, least: number, most: number) =>
  Number.isInteger(value) && Number(value) >= least && Number(value) <= most;

const yesOrNo: Check = (value) => (typeof value === "boolean" ? undefined : "true or false");
const text: Check = (value) => (isText(value) ? undefined : "a text that is not empty");
const aFunction: Check = (value) => (typeof value === "function" ? undefined : "a function");
const texts: Check = (value) =>
  Array.isArray(value) && value.every(isText) ? undefined : "a list of texts that are not empty";
const patterns: Check = (value) => {
  if (!Array.isArray(value)) return "a list of texts";
  return value.map((one) => (typeof one === "string" ? patternFault(one) : "texts")).find((one) => one !== undefined);
};
const wholeFrom =
  (least: number, most: number, of: string): Check =>
  (value) =>
    isWhole(value, least, most) ? undefined : `${of} from ${least} to ${most}`;

const shard: Check = (value) => {
  const { index, count } = isObject(value) ? value : {};
  const isShare = isWhole(count, 1, MOST_SHARDS) && isWhole(index, 1, Number(count));
  return isShare ? undefined : `{ index, count } with 1 <= index <= count <= ${MOST_SHARDS}`;
};

const mostChanges: Check = (value) => {
  const { kind, count, percent } = isObject(value) ? value : {};
  if (kind === "count" && isWhole(count, 0, Number.MAX_SAFE_INTEGER)) return undefined;
  if (kind === "percent" && typeof percent === "number" && percent >= 0 && percent <= 100) return undefined;
  return '{ kind: "count", count } with a whole number, or { kind: "percent", percent } from 0 to 100';
};

const secrets: Check = (value) =>
  value === "all" || value === "none" || texts(value) === undefined ? undefined : '"all", "none" or a list of names';

const variables: Check = (value) => {
  const isMap = typeof value === "object" && value !== null && !Array.isArray(value);
  const isRight = isMap && Object.values(value).every((one) => one === undefined || typeof one === "string");
  return isRight ? undefined : "an object of texts";
};

const ofAll: Readonly<Record<string, Check>> = {
  folder: (value) => (isText(value) && isAbsolute(value) ? undefined : "an absolute path"),
  variables,
  config: text,
  env: patterns,
  paths: texts,
  requireEnv: yesOrNo,
};

const online: Readonly<Record<string, Check>> = {
  ...ofAll,
  only: patterns,
  shard,
  baseUrl: text,
  environmentId: text,
  parallelism: wholeFrom(1, MOST_PARALLELISM, "a whole number"),
  timeoutMs: wholeFrom(1, MOST_SECONDS * 1000, "milliseconds, a whole number"),
  deadlineMs: wholeFrom(1, MOST_SECONDS * 1000, "milliseconds, a whole number"),
  insecureHttp: yesOrNo,
  caFile: text,
  signal: (value) => (value instanceof AbortSignal ? undefined : "an AbortSignal"),
  maxChanges: mostChanges,
  writeSecrets: secrets,
  adopt: yesOrNo,
  assumeSecrets: yesOrNo,
  replaces: texts,
  onProgress: aFunction,
  onEvent: aFunction,
};

const checks: Readonly<Record<"validate" | "plan" | "apply", Readonly<Record<string, Check>>>> = {
  validate: ofAll,
  plan: {
    ...online,
    out: text,
    expiresInMs: wholeFrom(SHORTEST_EXPIRY_MS, LONGEST_EXPIRY_MS, "milliseconds, a whole number"),
  },
  apply: {
    ...online,
    consent: (value) => (value === true || typeof value === "function" ? undefined : "true or a function"),
    allowDangerous: yesOrNo,
    failFast: yesOrNo,
    planFile: text,
    recoveryFile: text,
    onKept: aFunction,
  },
};

/**
 * The options that have a value: a key that is there without one means the same as none.
 *
 * @throws TypeError for an option that the command does not have, or a value that it does not take
 */
export function handedIn(command: keyof typeof checks, options: unknown): Readonly<Record<string, unknown>> {
  if (typeof options !== "object" || options === null)
    throw new TypeError(`${command}: it takes an object of options.`);
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  for (const [name, value] of Object.entries({ folder: undefined, ...given })) {
    const check = ownValue(checks[command], name);
    if (check === undefined) throw new TypeError(`${command}: there is no option ${name}.`);
    const wanted = check(value);
    if (wanted !== undefined) throw new TypeError(`${name}: it takes ${wanted}.`);
  }
  return given;
}
