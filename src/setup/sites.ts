import { createHash } from "node:crypto";
import { DEFAULT_FOLDER, type Files } from "../load/files.js";
import type { Given } from "../load/given.js";
import { byText } from "../model/json.js";
import { error, type Problem } from "../model/problem.js";
import { type EnvironmentSettings, ONLY_ENVIRONMENT, SETTINGS_FILE, type Settings } from "../model/settings.js";
import { fitsName } from "../plan/select.js";
import { counted } from "../report/text.js";
import type { Shard } from "./options.js";

/** Which environments a command line is about. */
export interface Choice {
  readonly command: string;
  /** Patterns of names. */
  readonly env: readonly string[];
  readonly shard?: Shard;
  /** Folders and files that it names. */
  readonly paths: readonly string[];
}

export interface Sites {
  /** Sorted by name. */
  readonly sites: readonly EnvironmentSettings[];
  readonly problems: readonly Problem[];
}

/** All environments that there are: those of the settings, or the one that the variables name. */
export function allSites(settings: Settings | undefined): readonly EnvironmentSettings[] {
  if (settings !== undefined && settings.environments.length > 0) return settings.environments;
  const { owner, stamp, assumeUpdatable = [], usualPaths = [DEFAULT_FOLDER] } = settings ?? {};
  const only: EnvironmentSettings = {
    name: ONLY_ENVIRONMENT,
    connections: usualPaths,
    vars: {},
    assumeUpdatable,
    ...(owner === undefined ? {} : { owner }),
    ...(stamp === undefined ? {} : { stamp }),
  };
  return [only];
}

/** The environments that are meant. A run that could mean several and names none is refused: it might be the wrong one. */
export function sitesFor(all: readonly EnvironmentSettings[], choice: Choice, given: Given, files: Files): Sites {
  const { command, env, shard, paths } = choice;
  const before =
    given.plan?.targets.map(({ environment }) => environment) ??
    (given.recovery ? [given.recovery.target.environment] : []);
  // Without the file that says what is to be done nobody knows where.
  if (given.problems.length > 0) return { sites: [], problems: [] };
  // What goes on from an earlier run says itself where; a plan of an empty share says nowhere.
  if (given.plan !== undefined && before.length === 0) return { sites: [], problems: [] };
  if (before.length > 0 && env.length === 0) return sitesNamed(all, before, given);
  const chosen = chosenBy(all, env);
  if (chosen.problems.length > 0) return chosen;
  if (shard !== undefined) return { sites: chosen.sites.filter(({ name }) => isIn(name, shard)), problems: [] };
  if (env.length > 0 || all.length <= 1) return chosen;
  // Nothing is asked and nothing is written: then all of them are meant, or those whose files are named.
  if (command === "validate") return { sites: claiming(all, paths, files), problems: [] };
  const names = all.map(({ name }) => name);
  const shown = `${names.slice(0, 20).join(", ")}${names.length > 20 ? ", …" : ""}`;
  const detail = `the settings have ${counted(names.length, "environment")}: ${shown}.`;
  const hint = "name those you mean, as in --env production; --env '*' means all of them.";
  return { sites: [], problems: [error("USAGE.SEVERAL_ENVIRONMENTS", detail, { hint })] };
}

function hintFor({ recovery }: Given): string {
  if (recovery === undefined) return "run it where those settings are, use them as they were then, or plan again.";
  return "if it has another name by now, say that with --env; the environment itself is checked by its id.";
}

function sitesNamed(all: readonly EnvironmentSettings[], names: readonly string[], given: Given): Sites {
  const sites = all.filter(({ name }) => names.includes(name));
  const gone = names.filter((name) => sites.every((site) => site.name !== name));
  // Of the one that it was made for, another name is told with all else that differs.
  if (gone.length > 0 && names.length === 1 && all.length === 1) return { sites: all, problems: [] };
  return {
    sites: gone.length === 0 ? sites : [],
    problems: gone.map((name) => {
      const file = given.recovery === undefined ? "saved plan" : "recovery file";
      const detail = `the ${file} was made for the environment ${name}, which the settings do not have.`;
      return error("STALE.OTHER_TARGET", detail, { hint: hintFor(given) });
    }),
  };
}

function chosenBy(all: readonly EnvironmentSettings[], patterns: readonly string[]): Sites {
  if (patterns.length === 0) return { sites: all, problems: [] };
  const chosen = patterns.map((pattern) => all.filter(({ name }) => fitsName(pattern, name)));
  const problems = patterns
    .filter((_, at) => chosen[at]?.length === 0)
    .map((pattern) => {
      const names = all.map(({ name }) => name);
      const hint = all.every(({ place }) => place === undefined)
        ? `without settings there is only ${names.join(", ")}: run where ${SETTINGS_FILE} is, or name it with -c.`
        : `there are: ${names.slice(0, 20).join(", ")}${names.length > 20 ? ", …" : ""}.`;
      return error("USAGE.NO_ENVIRONMENT", `--env ${pattern} names none of the environments.`, { hint });
    });
  if (problems.length > 0) return { sites: [], problems };
  return { sites: [...new Set(chosen.flat())].sort((left, right) => byText(left.name, right.name)), problems };
}

/** Whether an environment is in a share: by its name alone, so that every machine tells the same. */
export function isIn(name: string, { index, count }: Shard): boolean {
  const digest = createHash("sha256").update(name).digest();
  return digest.readUIntBE(0, 6) % count === index - 1;
}

/** The environments whose definitions are named; all of them where none is. */
function claiming(
  all: readonly EnvironmentSettings[],
  paths: readonly string[],
  files: Files,
): readonly EnvironmentSettings[] {
  if (paths.length === 0) return all;
  const named = paths.map(files.absolute);
  const claims = ({ connections }: EnvironmentSettings) =>
    connections
      .map(files.absolute)
      .some((folder) => named.some((path) => path === folder || path.startsWith(`${folder.replace(/\/+$/, "")}/`)));
  const found = all.filter(claims);
  return found.length === 0 ? all : found;
}
