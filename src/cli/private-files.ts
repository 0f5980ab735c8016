import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, openSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { Recoveries } from "../apply/replace.js";
import type { Files } from "../load/files.js";
import { LARGEST_SAVED_FILE, readPlan } from "../load/saved-file.js";
import { error, messageOf, type Problem, sentence } from "../model/problem.js";
import { printableJson } from "../report/text.js";

/** Read and written by this user alone. */
const PRIVATE = 0o600;

/**
 * Puts a text into a file that only this user can read: all of it or nothing, also if the machine stops in between, and over
 * whatever was there.
 */
export function writePrivately(path: string, text: string): void {
  const draft = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}.tmp`);
  try {
    const file = openSync(draft, "wx", PRIVATE);
    try {
      writeFileSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(draft, path);
  } catch (cause) {
    rmSync(draft, { force: true });
    throw cause;
  }
}

/** What a replace keeps in the working folder while it is under way. */
export function recoveriesIn(workingFolder: string): Recoveries {
  return {
    keep(id, text) {
      const file = `flexprice-sync-recovery-${id.replaceAll(/[^\w.-]/g, "_")}.json`;
      writePrivately(join(workingFolder, file), printableJson(text));
      return file;
    },
    remove: (path) => rmSync(resolve(workingFolder, path), { force: true }),
  };
}

/** Why a plan could not be kept in a file, told before anything else is done; nothing when it can. */
export function outProblems(path: string | undefined, workingFolder: string, files: Files): readonly Problem[] {
  if (path === undefined) return [];
  const shown = files.shown(path);
  const folder = dirname(resolve(workingFolder, path));
  const kind = files.kindOf(path);
  if (kind === "folder" || kind === "other") return [notWritten(shown, "it is no regular file")];
  if (!isFolder(folder)) return [notWritten(shown, "its folder does not exist")];
  if (kind === "missing" || isPlanOrEmpty(path, files)) return [];
  // A slip of the hand must not overwrite a definition.
  return [notWritten(shown, "it exists, and is no saved plan")];
}

/** Empty ones are those that `mktemp` makes. */
function isPlanOrEmpty(path: string, files: Files): boolean {
  const { document, problem } = readPlan(path, files);
  if (document !== undefined || problem.code === "STALE.OTHER_FORMAT") return true;
  try {
    return files.read(path, LARGEST_SAVED_FILE).length === 0;
  } catch {
    return false;
  }
}

/** A plan that could not be kept. */
export function notWritten(file: string, why: string): Problem {
  const hint = "name another file with --out; nothing was written anywhere.";
  return error("OUTPUT.NOT_WRITTEN", sentence(`${file} cannot be written: ${why}`), { hint });
}

/** Keeps a document in a file; what went wrong, or nothing. */
export function keepDocument(path: string, document: object, workingFolder: string): readonly Problem[] {
  try {
    writePrivately(resolve(workingFolder, path), printableJson(`${JSON.stringify(document, null, 2)}\n`));
    return [];
  } catch (cause) {
    return [notWritten(path, messageOf(cause))];
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
