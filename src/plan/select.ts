import picomatch from "picomatch";
import type { Desired } from "../model/connection.js";
import { error, type Problem } from "../model/problem.js";

export interface Selected {
  readonly selected: ReadonlySet<Desired>;
  readonly problems: readonly Problem[];
}

/** The definitions that any of the patterns names, by name or by file; all of them without a pattern. A pattern that names none is an error. */
export function select(desired: readonly Desired[], patterns: readonly string[]): Selected {
  if (patterns.length === 0) return { selected: new Set(desired), problems: [] };
  const chosen = patterns.map((pattern) => desired.filter((one) => matches(pattern, one)));
  const problems = patterns
    .filter((_, index) => chosen[index]?.length === 0)
    .map((pattern) => {
      const names = someNames(desired);
      return error("LOAD.NOTHING_SELECTED", `--only ${pattern} names none of the definitions.`, {
        hint: `there are: ${names}.`,
      });
    });
  return { selected: new Set(chosen.flat()), problems };
}

/** Names in a hint: of thousands the first ones say enough. */
const MOST_NAMES = 20;

function someNames(all: readonly Desired[]): string {
  const names = all.slice(0, MOST_NAMES).map(({ name }) => name);
  return `${names.join(", ")}${all.length > MOST_NAMES ? `, and ${all.length - MOST_NAMES} more` : ""}`;
}

/** The definitions whose secrets are to be written. */
export function selectForSecrets(selected: ReadonlySet<Desired>, wanted: SecretsToWrite): Selected {
  if (wanted === "none") return { selected: new Set(), problems: [] };
  if (wanted === "all") return { selected, problems: [] };
  return selectNamed(selected, wanted, (name) => `--write-secrets=${name}`);
}

/**
 * The definitions with these names or files, each exactly as it is. A name that fits none is an error.
 *
 * @param written - how somebody wrote that name on the command line
 */
function selectNamed(
  selected: ReadonlySet<Desired>,
  wanted: readonly string[],
  written: (name: string) => string,
): Selected {
  const all = [...selected];
  const chosen = wanted.map((name) => all.filter((one) => isNamed(name, one)));
  const problems = wanted
    .filter((_, index) => chosen[index]?.length === 0)
    .map((name) => {
      const names = someNames(all);
      return error("LOAD.NOTHING_SELECTED", `${written(name)} names none of the definitions.`, {
        hint: `it takes a definition's name or its file, and there are: ${names}.`,
      });
    });
  return { selected: new Set(chosen.flat()), problems };
}

/** The same for what must not be done to more than was meant: a name of several definitions is an error, too. */
export function selectOnes(
  selected: ReadonlySet<Desired>,
  wanted: readonly string[],
  written: (name: string) => string,
): Selected {
  const found = selectNamed(selected, wanted, written);
  const several = [...new Set(wanted)].flatMap((name) => {
    const all = [...selected].filter((one) => isNamed(name, one));
    if (all.length < 2) return [];
    const places = all.map((one) => `"${one.name}" at ${one.definition.origin.file}:${one.definition.origin.line}`);
    const detail = `${written(name)} names ${all.length} definitions: ${places.join(", ")}.`;
    const hint =
      "name one of them by what the others do not share, its name or its file; --only can leave out the others.";
    return [error("LOAD.SEVERAL_SELECTED", detail, { hint })];
  });
  return { ...found, problems: [...found.problems, ...several] };
}

function isNamed(name: string, { name: own, definition }: Desired): boolean {
  const { file } = definition.origin;
  return name === own || name === file || name === file.split("/").at(-1);
}

/** Whose unknown secrets are sent: of no definition, of all, or of those with these names or files. */
export type SecretsToWrite = "none" | "all" | readonly string[];

/** Stars and question marks, lists in brackets and braces. No negation: it would be asked of the name and of the file, and one of them always fits. */
const PLAIN = { nonegate: true, noextglob: true } as const;

function matches(pattern: string, { name, definition }: Desired): boolean {
  const { file } = definition.origin;
  // A pattern without a slash means a file in any folder.
  const fitsFile = () => picomatch.isMatch(file, pattern, { ...PLAIN, basename: !pattern.includes("/") });
  return pattern === file || fitsName(pattern, name) || fitsFile();
}

/** Whether a glob means a name. A name is no path: its slashes and dots are letters like others. */
export function fitsName(pattern: string, name: string): boolean {
  return pattern === name || picomatch.isMatch(name, pattern, { ...PLAIN, bash: true, dot: true });
}
