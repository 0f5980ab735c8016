import type { Declaration } from "../model/connection.js";
import { byText } from "../model/json.js";
import { error, messageOf, type Problem, warning } from "../model/problem.js";
import { SETTINGS_FILE } from "../model/settings.js";
import { type Files, FileTooLarge } from "./files.js";
import { readYaml } from "./yaml-source.js";

/** Bytes of one file. Ten thousand ordinary definitions in one file are about 5 MB. */
export const LARGEST_FILE = 32 * 1024 * 1024;

/** Definitions of one environment. */
export const MOST_DEFINITIONS = 100_000;

/** Bytes of all its files together: what is read of them is held at once, and takes a few times as much. */
export const MOST_BYTES = 256 * 1024 * 1024;

/** Entries of folders that are looked at for definitions, whatever they are: a whole disk is no folder of definitions. */
export const MOST_ENTRIES = 250_000;

export interface Loaded {
  /** Sorted by path, then as they stand in the file. */
  readonly declarations: readonly Declaration[];
  readonly problems: readonly Problem[];
}

/**
 * Reads every YAML file in the named folders, subfolders included, and every file named itself.
 *
 * Hidden entries and files with another ending are passed over. Every file that cannot be read is a problem with its
 * name, and so is a folder that is missing or has no YAML file: less than all of the files is never taken for the whole.
 */
export function load(paths: readonly string[], files: Files): Loaded {
  const problems: Problem[] = [];
  const found = new Map<string, string>();
  for (const path of paths) {
    for (const file of filesUnder(path, files, problems)) {
      const real = realPathOf(file, files, problems);
      if (real !== undefined && !found.has(real)) found.set(real, file);
    }
  }
  const declarations: Declaration[] = [];
  const inOrder = [...found.values()].sort((left, right) => byText(files.shown(left), files.shown(right)));
  let bytes = 0;
  for (const file of inOrder) {
    const read = readFile(file, files);
    for (const problem of read.problems) problems.push(problem);
    for (const declaration of read.declarations) declarations.push(declaration);
    bytes += read.bytes;
    if (bytes <= MOST_BYTES && declarations.length <= MOST_DEFINITIONS) continue;
    problems.push(tooMuch(files.shown(file), declarations));
    break;
  }
  if (declarations.length === 0 && problems.every((problem) => problem.severity === "warning")) {
    problems.push(
      error("LOAD.NO_DEFINITIONS", `there is no definition in ${paths.map(files.shown).join(", ")}.`, {
        hint: "write one connection per YAML document; `flexprice-sync schema` prints the fields.",
      }),
    );
  }
  return { declarations, problems };
}

/** With this file it is more than is held at once; those behind it are not read. */
function tooMuch(file: string, declarations: readonly Declaration[]): Problem {
  const first = declarations[MOST_DEFINITIONS]?.origin;
  const most = first === undefined ? `${MOST_BYTES / 1024 ** 2} MiB of them` : `${MOST_DEFINITIONS} definitions`;
  return error("LOAD.TOO_LARGE", `${file} is one file too many: there are more than ${most}.`, {
    place: { file, line: first?.line ?? 1, column: 1 },
    hint: "an environment has far fewer; is the folder the right one? Else share them out over environments, or name a part with --dir.",
  });
}

function filesUnder(path: string, files: Files, problems: Problem[]): readonly string[] {
  const kind = files.kindOf(path);
  if (kind === "file") return [path];
  if (kind !== "folder") {
    const why = kind === "other" ? "which is neither a folder nor a file" : "which is not there";
    problems.push(
      error("LOAD.NO_FOLDER", `no connection files under ${files.absolute(path)}, ${why}.`, {
        hint: `${settingsAbove(files)}run it above the folder with the definitions, or name that: --dir DIR, or connections: of the settings. flexprice-sync pull writes definitions of what the service has.`,
      }),
    );
    return [];
  }
  const before = problems.length;
  const root = realPathOf(path, files, problems);
  if (root === undefined) return [];
  const walk: Walk = { root, files, problems, seen: new Set(), found: [], entries: 0 };
  walkFolder(path, root, walk);
  if (walk.entries > MOST_ENTRIES) {
    const detail = `there are more than ${MOST_ENTRIES} files and folders under ${files.absolute(path)}.`;
    const hint =
      "is the folder the right one? Name the one with the definitions: --dir DIR, or connections: of the settings.";
    problems.push(error("LOAD.TOO_LARGE", detail, { hint }));
    return [];
  }
  if (walk.found.length === 0 && problems.length === before) {
    problems.push(
      error("LOAD.NO_FILES", `no connection files under ${files.absolute(path)}: it holds no .yaml or .yml file.`, {
        hint: "an empty folder never means that connections should go; name the right one with --dir, or under connections: of the settings. flexprice-sync pull writes definitions of what the service has.",
      }),
    );
  }
  return walk.found;
}

/** A word on the settings, where somebody is one folder too far down. */
function settingsAbove(files: Files): string {
  return files.kindOf(`../${SETTINGS_FILE}`) === "file" && files.kindOf(SETTINGS_FILE) === "missing"
    ? `${SETTINGS_FILE} is in the folder above: run it there. Else `
    : "";
}

interface Walk {
  readonly root: string;
  readonly files: Files;
  readonly problems: Problem[];
  /** Folders that were walked already, by the path behind all links: links may lead to one in very many ways. */
  readonly seen: Set<string>;
  readonly found: string[];
  /** Names in all of them so far. */
  entries: number;
}

/** The path behind all links; without one there is a problem about it: something else may have taken it away just now. */
function realPathOf(path: string, files: Files, problems: Problem[]): string | undefined {
  try {
    return files.realPath(path);
  } catch (cause) {
    problems.push(unreadable(files.shown(path), cause));
    return undefined;
  }
}

/** @param real - the folder's path behind all links */
function walkFolder(folder: string, real: string, walk: Walk): void {
  const { files, problems, seen, found } = walk;
  seen.add(real);
  let names: readonly string[];
  try {
    names = [...files.list(folder)].sort(byText);
  } catch (cause) {
    problems.push(unreadable(files.shown(folder), cause));
    return;
  }
  walk.entries += names.length;
  if (walk.entries > MOST_ENTRIES) return;
  for (const name of names) {
    if (name.startsWith(".")) continue;
    const path = folder.endsWith("/") ? `${folder}${name}` : `${folder}/${name}`;
    const kind = files.kindOf(path);
    const isYaml = /\.ya?ml$/i.test(name);
    // Whatever its name: a folder of definitions may have been behind it.
    if (kind === "missing")
      problems.push(unreadable(files.shown(path), new Error("it leads nowhere, or may not be looked at")));
    if (isYaml && kind === "other") problems.push(unreadable(files.shown(path), new Error("it is not a regular file")));
    if (kind !== "folder" && !(kind === "file" && isYaml)) continue;
    const behind = realPathOf(path, files, problems);
    if (behind === undefined) continue;
    if (!isInside(behind, walk)) problems.push(linkOutside(path, behind, files));
    else if (kind === "file") found.push(path);
    else if (!seen.has(behind)) walkFolder(path, behind, walk);
    if (walk.entries > MOST_ENTRIES) return;
  }
}

function isInside(real: string, { root }: Walk): boolean {
  return real === root || real.startsWith(root.endsWith("/") ? root : `${root}/`);
}

function linkOutside(path: string, real: string, files: Files): Problem {
  const file = files.shown(path);
  return error("LOAD.LINK_OUTSIDE", `${file} is a link to ${real}, outside of the folder.`, {
    place: { file, line: 1, column: 1 },
    hint: "move what it leads to into the folder, or delete the link and name both folders: --dir twice, or connections: of the settings.",
  });
}

/** What one file holds. */
export interface LoadedFile extends Loaded {
  /** Bytes that were read. */
  readonly bytes: number;
}

/** The documents of one file. */
export function readFile(path: string, files: Files): LoadedFile {
  const file = files.shown(path);
  let bytes: Uint8Array;
  try {
    bytes = files.read(path, LARGEST_FILE);
  } catch (cause) {
    if (!(cause instanceof FileTooLarge)) return { declarations: [], problems: [unreadable(file, cause)], bytes: 0 };
    const detail = `${file} cannot be read: ${cause.message}.`;
    const place = { file, line: 1, column: 1 };
    return {
      declarations: [],
      problems: [error("LOAD.TOO_LARGE", detail, { place, hint: "split it into several files." })],
      bytes: 0,
    };
  }
  const decoded = decode(bytes);
  if (!decoded.ok) {
    return {
      declarations: [],
      problems: [
        error("LOAD.NOT_UTF8", `${file} is ${decoded.encoding}; only UTF-8 is read.`, {
          place: { file, line: 1, column: 1 },
          hint: "save it as UTF-8.",
        }),
      ],
      bytes: bytes.length,
    };
  }
  const { documents, problems } = readYaml(decoded.text, file);
  if (documents.length === 0 && problems.length === 0) {
    const empty = warning("LOAD.EMPTY_FILE", `${file} holds no definition.`, {
      place: { file, line: 1, column: 1 },
      hint: "fill it or delete it.",
    });
    return { declarations: [], problems: [empty], bytes: bytes.length };
  }
  const declarations = documents.map(({ data, refused, line, locate }) => ({
    data,
    refused,
    origin: { file, line, locate },
  }));
  return { declarations, problems, bytes: bytes.length };
}

function unreadable(file: string, cause: unknown): Problem {
  return error("LOAD.UNREADABLE", `${file} cannot be read: ${messageOf(cause)}.`, {
    place: { file, line: 1, column: 1 },
    hint: "check that the file is there and may be read.",
  });
}

type Decoded = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly encoding: string };

/** UTF-8, with or without a byte order mark; the mark is dropped, so that line 1 column 1 is the first character. */
function decode(bytes: Uint8Array): Decoded {
  const [first, second, third, fourth] = bytes;
  if (first === 0xff && second === 0xfe && third === 0 && fourth === 0)
    return { ok: false, encoding: "UTF-32, little endian" };
  if (first === 0 && second === 0 && third === 0xfe && fourth === 0xff)
    return { ok: false, encoding: "UTF-32, big endian" };
  if (first === 0xff && second === 0xfe) return { ok: false, encoding: "UTF-16, little endian" };
  if (first === 0xfe && second === 0xff) return { ok: false, encoding: "UTF-16, big endian" };
  if (bytes.length > 1 && (first === 0 || second === 0))
    return { ok: false, encoding: "UTF-16 or UTF-32 without a mark" };
  try {
    return { ok: true, text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch {
    return { ok: false, encoding: "not valid UTF-8" };
  }
}
