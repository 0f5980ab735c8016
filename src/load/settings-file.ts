import type { Declaration } from "../model/connection.js";
import { isObject, ownValue } from "../model/json.js";
import { patternFault } from "../model/pattern.js";
import { error, isError, type Problem, warning } from "../model/problem.js";
import { SETTINGS_FILE } from "../model/settings.js";
import type { Files } from "./files.js";
import { readFile } from "./load.js";

/** Files that `include` may bring in, with all that it names. */
const MOST_INCLUDED = 10_000;

/** A settings file with the files that it includes, as read; nothing is known of their shape yet. */
export interface SettingsSource {
  /** Absent when there is none, or it cannot be read. */
  readonly main?: Declaration;
  /** Sorted by path. */
  readonly included: readonly Declaration[];
  /** Where paths in all of them start: as a part of a path, empty for the working folder. */
  readonly folder: string;
  readonly problems: readonly Problem[];
}

/**
 * Reads the settings file, and the files that it includes.
 *
 * @param named - the file that the user named; without one the usual file is read if it is there
 */
export function readSettings(named: string | undefined, files: Files): SettingsSource {
  const path = named ?? SETTINGS_FILE;
  const folder = folderOf(path);
  const nothing = { included: [], folder };
  const kind = files.kindOf(path);
  if (kind === "missing" && named === undefined) return { ...nothing, problems: misnamed(files) };
  if (kind !== "file") {
    const why = kind === "missing" ? "there is no such file" : "it is no regular file";
    const hint = "name the settings file with -c, or write one: flexprice-sync init begins with it.";
    return {
      ...nothing,
      problems: [error("SETTINGS.NO_FILE", `${files.shown(path)} cannot be read: ${why}.`, { hint })],
    };
  }
  const { main, problems } = readOne(path, files);
  if (main === undefined) return { ...nothing, problems };
  const found = includedBy(main, folder, files);
  const included: Declaration[] = [];
  const all = [...problems, ...found.problems];
  for (const file of found.paths) {
    const read = readOne(file, files);
    all.push(...read.problems);
    if (read.main !== undefined) included.push(read.main);
  }
  return { main, included, folder, problems: all };
}

/** A name that one letter keeps from being read would leave a fleet unattended. */
function misnamed(files: Files): readonly Problem[] {
  const other = SETTINGS_FILE.replace(/\.yaml$/, ".yml");
  if (files.kindOf(other) !== "file") return [];
  const hint = `rename it to ${SETTINGS_FILE}, or name it with -c.`;
  return [warning("SETTINGS.NO_FILE", `${other} is not read: the settings file is ${SETTINGS_FILE}.`, { hint })];
}

function folderOf(path: string): string {
  return path.includes("/") ? path.slice(0, path.lastIndexOf("/") + 1) : "";
}

/** The one document of a settings file. */
function readOne(path: string, files: Files): { readonly main?: Declaration; readonly problems: readonly Problem[] } {
  const { declarations, problems } = readFile(path, files);
  const [main, second] = declarations;
  if (second !== undefined) {
    const { file, line } = second.origin;
    const detail = `${file} holds ${declarations.length} documents; settings are one.`;
    const hint = "put the environments of all of them under one environments:.";
    return { problems: [error("SETTINGS.SEVERAL_DOCUMENTS", detail, { place: { file, line, column: 1 }, hint })] };
  }
  if (problems.some(isError)) return { problems };
  if (main !== undefined) return { main, problems };
  const place = { file: files.shown(path), line: 1, column: 1 };
  const hint = "fill it or delete it; flexprice-sync schema settings prints the fields.";
  return { problems: [error("LOAD.EMPTY_FILE", `${place.file} holds no settings.`, { place, hint })] };
}

function includedBy(
  { data, origin }: Declaration,
  folder: string,
  files: Files,
): { readonly paths: readonly string[]; readonly problems: readonly Problem[] } {
  const include = isObject(data) ? ownValue(data, "include") : undefined;
  if (!Array.isArray(include)) return { paths: [], problems: [] };
  const root = files.realPath(folder === "" ? "." : folder);
  const paths = new Map<string, string>();
  const problems: Problem[] = [];
  for (const [index, pattern] of include.entries()) {
    if (typeof pattern !== "string") continue;
    const place = origin.locate(["include", index], "value");
    const refuse = (detail: string, hint: string) =>
      problems.push(error("SETTINGS.BAD_INCLUDE", detail, { place, hint }));
    if (/^(?:\/|[A-Za-z]:|!)|(?:^|\/)\.\.(?:\/|$)|\\/.test(pattern)) {
      refuse("include leads out of the folder of the settings file.", "name files below it, such as tenants/*.yaml.");
      continue;
    }
    const fault = patternFault(pattern);
    if (fault !== undefined) {
      refuse(`an entry of include takes ${fault}.`, "name files below it, such as tenants/*.yaml.");
      continue;
    }
    const { found: all, unreadable } = files.glob(pattern, folder === "" ? "." : folder);
    // An environment that is passed over in silence is one that nobody looks after.
    for (const path of unreadable)
      refuse(
        `include cannot look at ${files.shown(path.replace(/\/+$/, ""))}: it leads nowhere, or may not be read.`,
        "make it readable, or take it away.",
      );
    const found = all.filter((path) => files.kindOf(path) === "file");
    if (found.length === 0 && unreadable.length === 0)
      refuse(`include names no file: nothing fits ${JSON.stringify(pattern)}.`, "correct it, or drop the line.");
    for (const path of found) {
      if (paths.size >= MOST_INCLUDED) {
        refuse(`include names more than ${MOST_INCLUDED} files.`, "name fewer.");
        return { paths: [], problems };
      }
      const real = files.realPath(path);
      const isInside = real.startsWith(root.endsWith("/") ? root : `${root}/`);
      if (!isInside)
        refuse(`${files.shown(path)} is a link to ${real}, outside of the folder.`, "put the file itself there.");
      else if (real !== files.realPath(`${folder}${origin.file.split("/").at(-1) ?? ""}`)) paths.set(real, path);
    }
  }
  return { paths: [...paths.values()].sort(), problems };
}
