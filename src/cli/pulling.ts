import { randomBytes } from "node:crypto";
import { join, posix, relative, sep } from "node:path";
import { catalogue } from "../generated/catalogue.js";
import { error, type Problem, warning } from "../model/problem.js";
import type { PulledFile, PulledTarget } from "../model/pulled.js";
import { type EnvironmentSettings, ONLY_ENVIRONMENT } from "../model/settings.js";
import { prefixesOf } from "../pull/names.js";
import { type PullRequest, pull } from "../reconcile/pull.js";
import { Hosts } from "./hosts.js";
import type { PullOptions } from "./options.js";
import type { Output } from "./output.js";
import { type RepositoryFiles, SCHEMA_FOLDER } from "./repository-files.js";
import { connectBy, type SetUp, wireParts } from "./setting-up.js";
import { foldersAbove } from "./settings.js";
import { tracing } from "./trace.js";

/** What came of pulling. */
export interface Written {
  /** With what became of each file. */
  readonly targets: readonly PulledTarget[];
  /** Files beside the definitions that were made or added to. */
  readonly others: readonly string[];
  /** Variables that the definitions take. */
  readonly variables: readonly string[];
  readonly problems: readonly Problem[];
}

/** Fetches what the environments of a run have, and writes definitions of it. */
export async function pullInto(
  ready: SetUp,
  options: PullOptions,
  written: RepositoryFiles,
  output: Output,
): Promise<Written> {
  const { files, variables, knownSecrets, stamps } = ready;
  const hosts = new Hosts({ ...wireParts(ready), onEvent: tracing(output, options) });
  const { environments, problems } = requestsOf(ready, options);
  const invocation = {
    environments,
    problems: [...ready.problems, ...problems],
    keyVariables: new Set(ready.all.flatMap(({ apiKey }) => apiKey?.text ?? [])),
    force: options.force,
  };
  const world = {
    files,
    variables,
    catalogue,
    knownSecrets,
    fingerprintKeys: stamps.keys,
    newSalt: () => randomBytes(16).toString("base64url"),
    connect: connectBy(ready, hosts),
  };
  try {
    const pulled = await pull(invocation, world);
    const targets = pulled.targets.map(({ seen, files: all }) => ({
      seen,
      files: all.map((one) => put(one, written)),
    }));
    const folder = ready.settings?.folder ?? "";
    const keys = ready.places.flatMap(({ site }) => site.apiKey?.text ?? []);
    const isEmpty = targets.every(({ files: all }) => all.length === 0);
    const others = [
      ...(isEmpty ? [] : written.writeSchemas(folder)),
      ...(isEmpty ? [] : written.addVariables(`${folder}.env.example`, [...keys, ...pulled.variables])),
    ];
    return { targets, others, variables: pulled.variables, problems: [...pulled.problems, ...written.problems] };
  } finally {
    await hosts.close();
  }
}

function put(one: PulledFile, written: RepositoryFiles): PulledFile {
  const { file, text } = one;
  if (file === undefined || text === undefined || written.write(file, text)) return one;
  return { ...one, status: "not-written" };
}

interface Requests {
  readonly environments: readonly PullRequest[];
  readonly problems: readonly Problem[];
}

/** Where each environment's files go: into the last of its folders that is its own. */
function requestsOf({ places, all, files, settings }: SetUp, { paths }: PullOptions): Requests {
  const prefixes = prefixesOf(
    all.map(({ name }) => name),
    ONLY_ENVIRONMENT,
  );
  const problems: Problem[] = [];
  if (paths.length > 1 || (paths.length > 0 && places.length > 1)) {
    const detail = "pull writes the connections of one environment into one folder, and several are named.";
    return {
      environments: [],
      problems: [error("USAGE.CONFLICT", detail, { hint: "name one with --dir, and one with --env." })],
    };
  }
  const environments = places.flatMap(({ site, access, problems: targetProblems }): readonly PullRequest[] => {
    const folder = paths[0] ?? ownFolder(site, all, files.absolute);
    if (folder === undefined) {
      const detail = `every folder of ${site.name} is one of another environment, too: definitions of one would be taken for those of the other.`;
      const hint = `give every environment folders beside those of the others, such as connections/common and connections/${site.name}.`;
      problems.push(
        error("PULL.SHARED_FOLDER", detail, { hint, ...(site.place === undefined ? {} : { place: site.place }) }),
      );
      return [];
    }
    if (["file", "other"].includes(files.kindOf(folder))) {
      const detail = `pull writes into a folder, and ${files.shown(folder)} is none.`;
      problems.push(error("LOAD.NO_FOLDER", detail, { hint: "name a folder with --dir." }));
      return [];
    }
    const others = paths.length > 0 ? [] : site.connections.filter((path) => path !== folder);
    const missing = others.filter((path) => files.kindOf(path) === "missing");
    return [
      {
        name: site.name,
        paths,
        usualPaths: [...others.filter((path) => !missing.includes(path)), folder],
        vars: site.vars,
        sameTarget: "",
        targetProblems: [...targetProblems, ...missing.map(notThere)],
        ...(access === undefined ? {} : { target: access.target }),
        folder,
        prefix: prefixes.get(site.name) ?? "",
        schema: schemaFrom(folder, settings?.folder ?? "", files.absolute),
      },
    ];
  });
  return { environments, problems };
}

/** A folder that pull does not write into, and that every other command asks for. */
function notThere(path: string): Problem {
  const hint = "put a definition there, or take it out of connections: plan and apply refuse a folder without one.";
  return warning("LOAD.NO_FOLDER", `${path} is one of the folders with definitions, and is not there.`, { hint });
}

/** The last of an environment's folders that no other one reads, whether by its name or by a folder around or inside it. */
function ownFolder(
  site: EnvironmentSettings,
  all: readonly EnvironmentSettings[],
  absolute: (path: string) => string,
): string | undefined {
  const others = new Set(all.filter((one) => one !== site).flatMap(({ connections }) => connections.map(absolute)));
  const around = new Set([...others].flatMap(foldersAbove));
  return site.connections.findLast((path) => {
    const folder = absolute(path);
    return ![folder, ...foldersAbove(folder)].some((one) => others.has(one)) && !around.has(folder);
  });
}

/** The way from a folder with definitions to the schema, as a URL reference. */
function schemaFrom(folder: string, settingsFolder: string, absolute: (path: string) => string): string {
  const target = join(absolute(settingsFolder === "" ? "." : settingsFolder), SCHEMA_FOLDER, "connection.schema.json");
  return encodeURI(relative(absolute(folder), target).split(sep).join(posix.sep));
}
