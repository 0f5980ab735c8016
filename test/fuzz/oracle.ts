import { Ajv2020 } from "ajv/dist/2020.js";
import { schemas } from "../../src/generated/schemas.js";
import { isError, type Problem, problemCodes } from "../../src/model/problem.js";
import { API_KEY, CANARY, type Seen, type TextKind, type Told } from "./seen.js";

/*
 * What must hold whatever the input was. A complaint begins with the rule that is broken, by which complaints of one kind are known.
 */

/** Longest that one input may take of a processor, in milliseconds. */
export const LONGEST_MS = 2_000;

/** Parts of a run that read files of the user: what they find wrong has a place in one. */
const OF_FILES = /^(?:LOAD|VALIDATE|SECRETS)\./;

/** Those of them that are about no file, or about one that is not there. */
const WITHOUT_PLACE: ReadonlySet<string> = new Set([
  "LOAD.NO_FOLDER",
  "LOAD.NO_FILES",
  "LOAD.NO_DEFINITIONS",
  "LOAD.NOTHING_SELECTED",
  "LOAD.SEVERAL_SELECTED",
  "LOAD.UNREADABLE",
]);

const isResult = new Ajv2020({ allErrors: true, strict: false }).compile(schemas.result);

/** All that is wrong with what was seen. @param ms - that it took of a processor */
export function complaintsOf(seen: Seen, ms: number, mostMs = LONGEST_MS): readonly string[] {
  const { problems, texts, writes, noWrites, ids = [], complaints = [] } = seen;
  return [
    ...("thrown" in seen ? [`thrown: ${thrownWords(seen.thrown)}`] : []),
    ...complaints,
    ...problems.flatMap((problem) => ofProblem(problem, seen)),
    ...texts.flatMap((told) => ofText(told, ids)),
    ...(noWrites !== undefined && writes.length > 0
      ? [`write: ${noWrites}, and still ${writes.slice(0, 3).join(", ")}`]
      : []),
    ...(ms > mostMs ? [`slow: ${Math.round(ms)} ms`] : []),
  ];
}

function thrownWords(thrown: unknown): string {
  return thrown instanceof Error
    ? `${thrown.name}: ${thrown.message.slice(0, 200)}\n${thrown.stack ?? ""}`
    : String(thrown);
}

function ofProblem(problem: Problem, { files }: Seen): readonly string[] {
  const { code, message, hint, place } = problem;
  const found: string[] = [];
  if (!Object.hasOwn(problemCodes, code)) found.push(`code: ${code} is not published`);
  if (code.startsWith("INTERNAL.")) found.push(`bug: ${message}`);
  if (isError(problem) && (hint === undefined || hint.trim() === "")) found.push(`hint: ${code} has none: ${message}`);
  if (isError(problem) && OF_FILES.test(code) && !WITHOUT_PLACE.has(code) && place === undefined)
    found.push(`place: ${code} has none: ${message}`);
  if (place !== undefined) {
    const bytes = files.get(place.file);
    if (bytes === undefined) found.push(`place: ${code} is in ${place.file}, which is no file of this run`);
    else if (!isWithin(place, bytes))
      found.push(`place: ${code} is at ${place.line}:${place.column}, outside of ${place.file}`);
  }
  return found;
}

const known = new WeakMap<Uint8Array, readonly string[]>();

/** The lines of a file; made once, for many problems may be in it. */
function linesOf(bytes: Uint8Array): readonly string[] {
  const lines = known.get(bytes) ?? new TextDecoder().decode(bytes).split("\n");
  known.set(bytes, lines);
  return lines;
}

function isWithin({ line, column }: NonNullable<Problem["place"]>, bytes: Uint8Array): boolean {
  const text = linesOf(bytes)[line - 1];
  return (
    Number.isInteger(line) && Number.isInteger(column) && text !== undefined && column >= 1 && column <= text.length + 1
  );
}

/** Signs that steer a terminal, or show as nothing or as something else; a line feed is a text's own. */
const UNSEEN = /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u;

const SHOWN_TO_PEOPLE: ReadonlySet<TextKind> = new Set([
  "human",
  "json",
  "markdown",
  "html",
  "sarif",
  "github",
  "trace",
]);

function ofText({ kind, text }: Told, ids: readonly string[]): readonly string[] {
  const found: string[] = [];
  if (text.includes("\n    at ")) found.push(`stack: in ${kind}: ${around(text, text.indexOf("\n    at "))}`);
  const others = ids.reduce((rest, id) => rest.replaceAll(id, "ID"), text);
  const leak = leakIn(others);
  if (leak !== undefined) found.push(`leak: in ${kind}: ${around(others, leak)}`);
  const unseen = SHOWN_TO_PEOPLE.has(kind) ? text.search(UNSEEN) : -1;
  if (unseen >= 0)
    found.push(
      `unseen: U+${text.codePointAt(unseen)?.toString(16)} in ${kind}: ${JSON.stringify(around(text, unseen))}`,
    );
  if (kind === "json") found.push(...ofDocument(text));
  if (kind === "sarif") found.push(...ofLog(text));
  if (kind === "github" && text !== "" && !/^(?:::(?:error|warning) .*\n|[a-z_]+=.*\n)+$/.test(text))
    found.push(`github: ${around(text, 0)}`);
  return found;
}

function ofDocument(text: string): readonly string[] {
  const document = parsed(text);
  if (document === undefined || !text.endsWith("}\n")) return ["json: not one document and a line feed"];
  return isResult(document) ? [] : [`json: not as published: ${JSON.stringify(isResult.errors?.slice(0, 3))}`];
}

interface Log {
  readonly version: string;
  readonly runs: readonly { readonly results: readonly { readonly ruleId: string }[] }[];
}

function ofLog(text: string): readonly string[] {
  const log = parsed(text) as Log | undefined;
  const isLog =
    log?.version === "2.1.0" &&
    log.runs.every(({ results }) => results.every(({ ruleId }) => Object.hasOwn(problemCodes, ruleId)));
  return isLog ? [] : ["sarif: no log of the version 2.1.0"];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Every form in which a secret could show. */
const FORMS: readonly string[] = [CANARY, API_KEY].flatMap((secret) => {
  const bytes = Buffer.from(secret);
  const inBase64 = [0, 1, 2].map((before) =>
    Buffer.concat([Buffer.alloc(before), bytes])
      .toString("base64")
      .slice(before === 0 ? 0 : before + 1, -4),
  );
  return [secret.toLowerCase(), bytes.toString("hex"), ...inBase64.map((text) => text.toLowerCase())];
});

function leakIn(text: string): number | undefined {
  const lower = text.toLowerCase();
  return FORMS.map((form) => lower.indexOf(form)).find((at) => at >= 0);
}

function around(text: string, at: number): string {
  return text.slice(Math.max(0, at - 60), at + 80);
}

/** What complaints of one kind have in common: the rule, and the words before anything that an input can change. */
export function kindOf(complaint: string): string {
  const [rule = "", rest = ""] = complaint.split(": ", 2);
  const words = rest.replaceAll(/["'`].*|\d+/gs, "");
  return rule === "slow" ? rule : `${rule}: ${words.slice(0, 40)}`;
}
