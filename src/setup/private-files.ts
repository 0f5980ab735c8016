import { randomBytes } from "node:crypto";
import {
  accessSync,
  closeSync,
  constants,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { Recoveries } from "../apply/replace.js";
import type { Files } from "../load/files.js";
import { LARGEST_SAVED_FILE, readPlan } from "../load/saved-file.js";
import { error, messageOf, type Problem, sentence, warning } from "../model/problem.js";
import { recoveryFileOf } from "../model/recovery.js";
import { printableJson } from "../report/text.js";

/** Read and written by this user alone. */
const PRIVATE = 0o600;

/**
 * Puts a text into a file: all of it or nothing, also if the machine stops in between, and over whatever was there.
 *
 * @param mode - who may read it; what the process takes from everybody is taken from that
 */
export function writeWhole(path: string, text: string, mode: number): void {
  const draft = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}.tmp`);
  try {
    const file = openSync(draft, "wx", mode);
    try {
      writeFileSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(draft, path);
  } catch (cause) {
    removeDraft(draft);
    throw cause;
  }
}

/** The same for a file that only this user can read. */
function writePrivately(path: string, text: string): void {
  writeWhole(path, text, PRIVATE);
}

/** Takes away what of a file was written; where that fails, too, the first reason is the one that is told. */
export function removeDraft(draft: string): void {
  try {
    rmSync(draft, { force: true });
  } catch (cause) {
    if (codeOf(cause) === undefined) throw cause;
  }
}

/** What a replace keeps in the working folder while it is under way. */
export function recoveriesIn(workingFolder: string): FileRecoveries {
  const left: string[] = [];
  return {
    left,
    keep(id, text) {
      const file = recoveryFileOf(id);
      try {
        writePrivately(join(workingFolder, file), printableJson(text));
      } catch (cause) {
        throw new Error(reasonOf(cause), { cause });
      }
      return file;
    },
    remove(path) {
      try {
        unlinkSync(resolve(workingFolder, path));
      } catch (cause) {
        if (codeOf(cause) !== "ENOENT") left.push(path);
      }
    },
  };
}

export interface FileRecoveries extends Recoveries {
  /** Files that are not needed any more and could not be taken away. */
  readonly left: readonly string[];
}

/** A file that somebody has to take away. */
export function notRemoved(file: string): Problem {
  const detail = `${file} is not needed any more and could not be removed.`;
  return warning("OUTPUT.NOT_REMOVED", detail, {
    hint: "delete it: a later run would take its replace for unfinished.",
  });
}

/** Why a plan cannot be saved in a file, told before anything else is done; nothing when it can. */
export function outProblems(path: string | undefined, workingFolder: string, files: Files): readonly Problem[] {
  if (path === undefined) return [];
  const shown = files.shown(path);
  const kind = files.kindOf(path);
  if (kind === "folder" || kind === "other") return [notWritten(shown, "it is no regular file")];
  const why = whyNotIn(path, workingFolder);
  if (why !== undefined) return [notWritten(shown, why)];
  if (kind === "missing" || isPlanOrEmpty(path, files)) return [];
  // A slip of the hand must not overwrite what somebody has there.
  return [notWritten(shown, "it exists, and is no saved plan or a damaged one")];
}

/** Why no document can be put into a file by this name; nothing when it can. */
export function whyNotIn(path: string, workingFolder: string): string | undefined {
  const folder = dirname(resolve(workingFolder, path));
  // Whoever reads the folder would take it for a definition.
  if (/\.ya?ml$/i.test(path)) return "a file that ends in .yaml or .yml would be read as a definition";
  if (!isFolder(folder)) return "its folder does not exist";
  return mayWriteIn(folder) ? undefined : "its folder may not be written";
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

/** A plan that cannot be saved. */
function notWritten(file: string, why: string): Problem {
  return notWrittenInto(
    file,
    why,
    "name another file with --out, or put away what is there; nothing was written anywhere.",
  );
}

/** A document that cannot be put into a file. */
export function notWrittenInto(file: string, why: string, hint: string): Problem {
  return error("OUTPUT.NOT_WRITTEN", sentence(`${file} cannot be written: ${why}`), { hint });
}

/** Saves a document in a file; what went wrong, or nothing. */
export function saveDocument(path: string, document: object, workingFolder: string): readonly Problem[] {
  try {
    writePrivately(resolve(workingFolder, path), printableJson(`${JSON.stringify(document, null, 2)}\n`));
    return [];
  } catch (cause) {
    return [notWritten(path, reasonOf(cause))];
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

function mayWriteIn(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

export function codeOf(cause: unknown): string | undefined {
  return cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : undefined;
}

/** Why a file could not be written, without the name of the draft, which is nobody's concern. */
export function reasonOf(cause: unknown): string {
  const code = codeOf(cause);
  if (code === "EACCES" || code === "EPERM" || code === "EROFS") return "the folder may not be written";
  if (code === "ENOTDIR" || code === "EEXIST") return "a file is in the place of its folder";
  if (code === "ENOSPC" || code === "EDQUOT") return "there is no room left";
  if (code === "EISDIR" || code === "ENOTEMPTY") return "a folder is in its place";
  if (code === "ELOOP") return "its links lead in a circle";
  if (code === "ENAMETOOLONG") return "its name is too long";
  if (code === "ENXIO") return "nobody reads from it";
  if (code === "ENOENT") return "its folder is not there, or is a link that leads nowhere";
  return code ?? messageOf(cause);
}
