import { readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { basename, isAbsolute, join, normalize, relative, resolve } from "node:path";
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
    glob(pattern, folder) {
      const unreadable: string[] = [];
      // The library passes over what it cannot look at; here nothing is.
      const noting =
        <Arguments extends readonly unknown[], Result>(look: (path: string, ...more: Arguments) => Result) =>
        (path: string, ...more: Arguments): Result => {
          try {
            return look(path, ...more);
          } catch (cause) {
            // Files that begin with a dot fit no glob: an editor's lock, for one, is a link that leads nowhere.
            if (!basename(path).startsWith(".") || pattern.includes("/.") || pattern.startsWith("."))
              unreadable.push(path);
            throw cause;
          }
        };
      const found = globSync(pattern, {
        cwd: absolute(folder),
        expandDirectories: false,
        followSymbolicLinks: true,
        fs: {
          readdirSync: noting(readdirSync) as typeof readdirSync,
          realpathSync: noting(realpathSync) as typeof realpathSync,
        },
      });
      return { found: found.sort(byText).map((path) => join(folder, path)), unreadable };
    },
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
