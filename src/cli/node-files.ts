import { readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { isAbsolute, join, normalize, relative, resolve } from "node:path";
import { globSync } from "tinyglobby";
import { type Files, FileTooLarge } from "../load/files.js";
import { byText } from "../model/json.js";

/** The file system of this machine, as load needs it. */
export function nodeFiles(workingFolder: string): Files {
  const absolute = (path: string) => resolve(workingFolder, path);
  return {
    absolute,
    kindOf(path) {
      try {
        const facts = statSync(absolute(path));
        if (facts.isFile()) return "file";
        return facts.isDirectory() ? "folder" : "other";
      } catch {
        return "missing";
      }
    },
    list: (folder) => readdirSync(absolute(folder)),
    glob: (pattern, folder) =>
      globSync(pattern, { cwd: absolute(folder), expandDirectories: false, followSymbolicLinks: true })
        .sort(byText)
        .map((path) => join(folder, path)),
    read(path, mostBytes) {
      const facts = statSync(absolute(path));
      if (!facts.isFile()) throw new Error("it is not a regular file");
      if (facts.size > mostBytes) throw new FileTooLarge(facts.size, mostBytes);
      return readFileSync(absolute(path));
    },
    realPath: (path) => realpathSync(absolute(path)),
    shown(path) {
      if (!isAbsolute(path)) return normalize(path);
      const inside = relative(workingFolder, path);
      return inside === "" || inside.startsWith("..") || isAbsolute(inside) ? path : inside;
    },
  };
}
