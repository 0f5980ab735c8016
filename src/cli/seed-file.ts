import { catalogue } from "../generated/catalogue.js";
import { type SchemaViolation, validateSeed } from "../generated/validators.js";
import { LARGEST_FILE } from "../load/load.js";
import { readYaml, type YamlDocument } from "../load/yaml-source.js";
import { dotted, type Pointer, pointerOf } from "../model/location.js";
import { error, inOrder, messageOf, type Problem } from "../model/problem.js";
import { isTime } from "../sandbox/go-json.js";
import type { SeedFile } from "../sandbox/seed.js";
import { nodeFiles } from "../setup/node-files.js";
import { typeNames } from "../validate/words.js";

export interface Seed {
  readonly file: SeedFile;
  readonly problems: readonly Problem[];
}

/** A sandbox that starts empty. */
export const noSeed: Seed = { file: { connections: [] }, problems: [] };

/** What the sandbox starts with, or what is wrong with the file: its shape, or else what its parts say of each other. */
export function readSeed(path: string, environmentId: string, workingFolder: string): Seed {
  const files = nodeFiles(workingFolder);
  const file = files.shown(path);
  if (files.kindOf(path) === "missing") return refused([unusable(`there is no file ${file}.`)]);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(files.read(path, LARGEST_FILE));
  } catch (cause) {
    return refused([unusable(`${file} cannot be read: ${messageOf(cause)}.`)]);
  }
  const { documents, problems } = readYaml(text, file);
  if (problems.length > 0) return refused(problems);
  const [document, second] = documents;
  if (document === undefined) return refused([unusable(`${file} is empty.`)]);
  if (second !== undefined) {
    const detail = `${file} holds ${documents.length} documents; a seed is one.`;
    return refused([unusable(detail, { file, line: second.line, column: 1 })]);
  }
  if (!validateSeed(document.data))
    return refused((validateSeed.errors ?? []).map((violation) => wordsFor(violation, document)));
  const seeded = document.data as unknown as SeedFile;
  const faults = faultsOf(seeded, environmentId).map(({ pointer, words }) =>
    unusable(`${dotted(pointer)} ${words}.`, document.locate(pointer, "value")),
  );
  return faults.length > 0 ? refused(faults) : { file: seeded, problems: [] };
}

function refused(problems: readonly Problem[]): Seed {
  return { ...noSeed, problems: inOrder(problems) };
}

function unusable(detail: string, place?: Problem["place"]): Problem {
  const hint = "`flexprice-sync schema seed` prints its form; a saved answer of GET /v1/connections fits.";
  return error("SANDBOX.BAD_SEED", detail, { hint, ...(place === undefined ? {} : { place }) });
}

function wordsFor(
  { keyword, params, instancePath, message = "is wrong" }: SchemaViolation,
  document: YamlDocument,
): Problem {
  const pointer = pointerOf(instancePath, document.data);
  const where = dotted(pointer) || "the document";
  if (keyword === "additionalProperties") {
    const name = String(params["additionalProperty"]);
    return unusable(`${where} takes no ${JSON.stringify(name)}.`, document.locate([...pointer, name], "key"));
  }
  return unusable(`${where} ${wordsOf(keyword, params, instancePath) ?? message}.`, document.locate(pointer, "value"));
}

/** What a value must be; the value itself may be a key and is not repeated. */
function wordsOf(keyword: string, params: SchemaViolation["params"], instancePath: string): string | undefined {
  const { allowedValues, missingProperty, type } = params;
  switch (keyword) {
    case "enum":
      return `must be one of ${(allowedValues as readonly unknown[]).map((one) => one ?? "null").join(", ")}`;
    case "required":
      return `has no ${String(missingProperty)}`;
    case "type":
      return `must be ${typeNames(type)}`;
    case "pattern":
      return instancePath.endsWith("_at") ? NO_TIME : "must be a word of letters, digits and signs";
    case "minLength":
      return "must not be empty";
    default:
      return undefined;
  }
}

const NO_TIME = "must be an RFC 3339 time that exists, such as 2026-01-02T03:04:05Z";

interface Fault {
  readonly pointer: Pointer;
  readonly words: string;
}

/** What the schema cannot say: known providers, times that exist, ids and keys that stand once, environments that are there. */
function faultsOf(seed: SeedFile, environmentId: string): readonly Fault[] {
  const { connections, environments = [], keys = [] } = seed;
  const known = Object.keys(catalogue.providers);
  const places = [environmentId, ...environments.map(({ id }) => id)];
  const unknownProviders = (connections ?? []).flatMap(({ provider_type: type }, index): readonly Fault[] =>
    known.includes(type)
      ? []
      : [{ pointer: ["connections", index, "provider_type"], words: `is not one of ${known.join(", ")}` }],
  );
  const named = keys.flatMap(({ environment_id: id, allowed_environments: allowed = [] }, index) => [
    { pointer: ["keys", index, "environment_id"], id: id ?? environmentId },
    ...allowed.map((one, at) => ({ pointer: ["keys", index, "allowed_environments", at], id: one })),
  ]);
  const unknownEnvironments = named
    .filter(({ id }) => !places.includes(id))
    .map(({ pointer }) => ({ pointer, words: "is neither the sandbox's own nor in `environments`" }));
  const badTimes = (connections ?? []).flatMap((connection, index) =>
    (["created_at", "updated_at"] as const).flatMap((key): readonly Fault[] => {
      const time = connection[key];
      return time === undefined || isTime(time) ? [] : [{ pointer: ["connections", index, key], words: NO_TIME }];
    }),
  );
  return [
    ...unknownProviders,
    ...badTimes,
    ...repeated((connections ?? []).map(({ id }) => id)).map((index) => again(["connections", index, "id"])),
    ...repeated(environments.map(({ id }) => id)).map((index) => again(["environments", index, "id"])),
    ...repeated(keys.map(({ key }) => key)).map((index) => again(["keys", index, "key"])),
    ...unknownEnvironments,
  ];
}

/** Positions of what stood there before. */
function repeated(values: readonly (string | undefined)[]): readonly number[] {
  const seen = new Set<string>();
  return values.flatMap((value, index) => {
    if (value === undefined) return [];
    const isAgain = seen.has(value);
    seen.add(value);
    return isAgain ? [index] : [];
  });
}

function again(pointer: Pointer): Fault {
  return { pointer, words: "stands there already" };
}
