import { catalogue } from "../generated/catalogue.js";
import { DEFAULT_FOLDER, type Files } from "../load/files.js";
import { readSettings } from "../load/settings-file.js";
import { KnownSecrets } from "../model/secret.js";
import type { EnvironmentSettings } from "../model/settings.js";
import { fitsName } from "../plan/select.js";
import { Reader } from "../reconcile/read.js";
import { printable } from "../report/text.js";
import { variablesOf } from "../secrets/variables.js";
import { nodeFiles } from "../setup/node-files.js";
import { allSites } from "../setup/sites.js";
import { checkSettings } from "../validate/settings.js";
import { type Candidate, completionsOf, type Names, type Whereabouts } from "./completion.js";
import { typedLine, typedWord } from "./completion-words.js";
import { buildProgram } from "./program.js";

/**
 * Answers the script of a shell that asks what could stand at the cursor; see `completion-scripts.ts` for the form.
 *
 * @param said - what the shell says of the command line, on stdin
 * @param workingFolder - absent when it was removed
 */
export function answerShell(shell: string, said: string, workingFolder: string | undefined): string {
  const parts = said.split("\0").slice(0, -1);
  const program = buildProgram("", () => {});
  const names = workingFolder === undefined ? noNames : namesIn(workingFolder);
  if (shell === "bash") {
    const [line = "", breaks = ""] = parts;
    const typed = typedLine(line, breaks);
    const { candidates, paths } = completionsOf(typed.words, program, names);
    return lines(
      paths,
      candidates.map(({ word }) => typedWord(word, typed)),
    );
  }
  const { candidates, paths } = completionsOf(parts, program, names);
  const widest = Math.max(0, ...candidates.map(({ word }) => word.length));
  const told = candidates.map(({ word, description }) => {
    if (description === "") return word;
    // Zsh shows what it is given; fish makes columns of its own.
    return `${word}\t${shell === "zsh" ? `${word.padEnd(widest)}  ${description}` : description}`;
  });
  return lines(paths, told);
}

function lines(first: string, more: readonly string[]): string {
  return [first, ...more, ""].join("\n");
}

const noNames: Names = { environments: () => [], definitions: () => [] };

/** Names of the repository's files, as far as these can be read: a mistake in one of them is for `validate` to tell. */
function namesIn(workingFolder: string): Names {
  const files = soon(nodeFiles(workingFolder));
  const sites = ({ config }: Whereabouts): readonly EnvironmentSettings[] => {
    const { main, included, folder } = readSettings(config, files);
    if (main === undefined) return allSites(undefined);
    return allSites(checkSettings({ main, included, folder, usualFolder: DEFAULT_FOLDER }, catalogue).settings);
  };
  return {
    environments: (where) =>
      sites(where)
        .flatMap(({ name, place }) => (place === undefined ? [] : name))
        .filter(isShown),
    definitions(where) {
      const { env, dirs } = where;
      // No variable is read: names take none, and nothing else is asked for.
      const nothing = variablesOf({}, files.read);
      const world = { files, catalogue, variables: nothing, knownSecrets: new KnownSecrets() };
      const reader = new Reader(world, new Set());
      const found = sites(where)
        .filter(({ name }) => env.length === 0 || env.some((pattern) => fitsName(pattern, name)))
        .flatMap(({ connections, vars }) => reader.read(dirs.length > 0 ? dirs : connections, vars).desired);
      const byName = found.map(({ name, definition }) => ({
        word: name,
        description: `${definition.providerType}, ${definition.origin.file}`,
      }));
      const byFile = found.map(({ name, definition }) => ({ word: definition.origin.file, description: name }));
      return [...byName, ...byFile]
        .filter(({ word }) => isShown(word))
        .map(({ word, description }): Candidate => ({ word, description: printable(description) }));
    },
  };
}

/** How long a Tab may look for names, in milliseconds. */
const LONGEST_LOOK_MS = 500;

/** Files that are found and read until somebody at the keyboard has waited long enough; then there are no more. */
function soon(files: Files): Files {
  const endMs = performance.now() + LONGEST_LOOK_MS;
  const isLate = () => performance.now() > endMs;
  return {
    ...files,
    list: (folder) => (isLate() ? [] : files.list(folder)),
    kindOf: (path) => (isLate() ? "missing" : files.kindOf(path)),
    read(path, mostBytes) {
      if (isLate()) throw new Error("it took too long");
      return files.read(path, mostBytes);
    },
  };
}

/** A name with a sign that nobody can type, or that would end the line, is not offered. */
function isShown(word: string): boolean {
  return printable(word) === word;
}
