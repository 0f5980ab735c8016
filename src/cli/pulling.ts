import { join, posix, relative, sep } from "node:path";
import type { Files } from "../load/files.js";
import { error, type Problem, warning } from "../model/problem.js";
import type { PulledFile, PulledTarget } from "../model/pulled.js";
import { type EnvironmentSettings, ONLY_ENVIRONMENT } from "../model/settings.js";
import { prefixesOf } from "../pull/names.js";
import { type PullRequest, pull } from "../reconcile/pull.js";
import { Hosts } from "../setup/hosts.js";
import { requestOf } from "../setup/requests.js";
import { readingWorld, type SetUp, wireParts } from "../setup/setting-up.js";
import { foldersAbove } from "../setup/settings.js";
import type { PullOptions } from "./options.js";
import type { Output } from "./output.js";
import { type RepositoryFiles, SCHEMA_FOLDER } from "./repository-files.js";
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
  const progress = output.progress();
  const interrupt = output.interruption();
  const hosts = new Hosts({ ...wireParts(ready, interrupt), onEvent: tracing(output, options) });
  const { environments, problems } = requestsOf(ready, options);
  const invocation = {
    environments,
    problems: [...ready.problems, ...problems],
    keyVariables: ready.keyVariables,
    force: options.force,
  };
  try {
    const pulled = await pull(invocation, readingWorld(ready, hosts, { interrupt, onProgress: progress.at }));
    const targets = pulled.targets.map(({ seen, files: all }) => ({
      seen,
      ...(all === undefined ? {} : { files: all.map((one) => put(one, written)) }),
    }));
    const folder = ready.settings?.folder ?? "";
    const keys = ready.places.flatMap(({ site }) => site.apiKey?.text ?? []);
    const isEmpty = targets.every(({ files: all = [] }) => all.length === 0);
    const others = [
      ...(isEmpty ? [] : written.writeSchemas(folder)),
      ...(isEmpty ? [] : written.addVariables(`${folder}.env.example`, [...keys, ...pulled.variables])),
    ];
    return { targets, others, variables: pulled.variables, problems: [...pulled.problems, ...written.problems] };
  } finally {
    progress.pause();
    interrupt.close();
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
function requestsOf({ places, all, files, settings }: SetUp, options: PullOptions): Requests {
  const { paths } = options;
  const prefixes = prefixesOf(
    all.map(({ name }) => name),
    ONLY_ENVIRONMENT,
  );
  if (paths.length > 1 || (paths.length > 0 && places.length > 1)) {
    const detail = "pull writes the connections of one environment into one folder, and several are named.";
    return {
      environments: [],
      problems: [error("USAGE.CONFLICT", detail, { hint: "name one with --dir, and one with --env." })],
    };
  }
  const realPath = realPathsIn(files);
  const environments = places.map((place): PullRequest => {
    const { site } = place;
    const folder = paths[0] ?? ownFolder(site, all, realPath);
    const wrong =
      folder === undefined
        ? sharedFolder(site)
        : files.kindOf(folder) === "file"
          ? noFolder(folder)
          : othersFolder(folder, site, all, realPath);
    const target = folder ?? "";
    const others = site.connections.filter((path) => path !== target);
    const missing = others.filter((path) => files.kindOf(path) === "missing");
    const { target: way, ...request } = requestOf(place, options);
    return {
      ...request,
      paths: [],
      // What the environment has anywhere is not written a second time.
      usualPaths: [...others.filter((path) => !missing.includes(path)), ...(folder === undefined ? [] : [folder])],
      targetProblems: [
        ...request.targetProblems,
        ...(paths.length > 0 ? [] : missing.map(notThere)),
        ...(wrong === undefined ? [] : [wrong]),
      ],
      ...(way === undefined || wrong !== undefined ? {} : { target: way }),
      folder: target,
      prefix: prefixes.get(site.name) ?? "",
      schema: schemaFrom(target, settings?.folder ?? "", files.absolute),
    };
  });
  return { environments, problems: [] };
}

function sharedFolder({ name, place }: EnvironmentSettings): Problem {
  const detail = `every folder of ${name} is one of another environment, too: definitions of one would be taken for those of the other.`;
  const hint = `give every environment folders beside those of the others, such as connections/common and connections/${name}.`;
  return error("PULL.SHARED_FOLDER", detail, { hint, ...(place === undefined ? {} : { place }) });
}

type RealPath = ReturnType<typeof realPathsIn>;

/** What is wrong with a folder that other environments read; nothing where whoever named it has it in the settings as well. */
function othersFolder(
  path: string,
  site: EnvironmentSettings,
  all: readonly EnvironmentSettings[],
  realPath: RealPath,
): Problem | undefined {
  if (site.connections.some((one) => realPath(one) === realPath(path))) return undefined;
  const owners = all.filter((one) => one !== site && touches(path, one, realPath));
  if (owners.length === 0) return undefined;
  const names = owners.map(({ name }) => name).join(", ");
  const detail = `${path} is, holds or lies in a folder of ${names}: definitions of ${site.name} would be taken for those of ${names}.`;
  return error("PULL.SHARED_FOLDER", detail, { hint: "name a folder with --dir that no other environment reads." });
}

function noFolder(path: string): Problem {
  const detail = `pull writes into a folder, and ${path} is a file.`;
  return error("LOAD.NO_FOLDER", detail, { hint: "name a folder with --dir." });
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
  realPath: RealPath,
): string | undefined {
  const others = all.filter((one) => one !== site);
  return site.connections.findLast((path) => !others.some((one) => touches(path, one, realPath)));
}

/** Whether a folder is one of an environment, or lies inside or around one. */
function touches(path: string, { connections }: EnvironmentSettings, realPath: RealPath): boolean {
  const folder = realPath(path);
  return connections.some((one) => {
    const other = realPath(one);
    return folder === other || foldersAbove(folder).includes(other) || foldersAbove(other).includes(folder);
  });
}

/** Leads from a path to what is behind all links, also where its end is not there yet: two names may lead to one folder. */
function realPathsIn(files: Files): (path: string) => string {
  const known = new Map<string, string>();
  return (path) => {
    const absolute = files.absolute(path);
    const before = known.get(absolute);
    if (before !== undefined) return before;
    const there = [absolute, ...foldersAbove(absolute)].find((one) => files.kindOf(one) !== "missing");
    const real = there === undefined ? absolute : `${files.realPath(there)}${absolute.slice(there.length)}`;
    known.set(absolute, real);
    return real;
  };
}

/** The way from a folder with definitions to the schema, as a URL reference. */
function schemaFrom(folder: string, settingsFolder: string, absolute: (path: string) => string): string {
  const target = join(absolute(settingsFolder === "" ? "." : settingsFolder), SCHEMA_FOLDER, "connection.schema.json");
  return encodeURI(relative(absolute(folder), target).split(sep).join(posix.sep));
}
