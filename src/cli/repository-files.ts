import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { schemas } from "../generated/schemas.js";
import { error, type Problem, sentence } from "../model/problem.js";
import { reasonOf } from "./private-files.js";

/** Where editors find the schemas of a repository's files, from the folder of its settings. */
export const SCHEMA_FOLDER = ".flexprice-sync";

const VARIABLES_HEAD = `# Variables that this repository takes, without their values. Copy this file to .env, keep that out of git, and fill it in;
# or put the values where your CI keeps secrets. For each NAME there may be a NAME_FILE in its place: the file that holds it.
`;

/** Writes the files of a repository, which everybody may read: each whole or not at all, and never through a link. */
export class RepositoryFiles {
  /** What could not be written. */
  readonly problems: Problem[] = [];
  readonly #workingFolder: string;

  constructor(workingFolder: string) {
    this.#workingFolder = workingFolder;
  }

  /** The text of a file; `undefined` where there is none that can be read. */
  read(path: string): string | undefined {
    try {
      return readFileSync(resolve(this.#workingFolder, path), "utf8");
    } catch {
      return undefined;
    }
  }

  /** Puts a text into a file, over whatever was there. @returns whether it is there now */
  write(path: string, text: string): boolean {
    const target = resolve(this.#workingFolder, path);
    const draft = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString("hex")}.tmp`);
    let isDrafted = false;
    try {
      mkdirSync(dirname(target), { recursive: true });
      isDrafted = true;
      writeFileSync(draft, text, { flag: "wx" });
      renameSync(draft, target);
      return true;
    } catch (cause) {
      if (isDrafted) rmSync(draft, { force: true });
      const hint = "make its folder writable, and run again; what was written stays.";
      this.problems.push(
        error("OUTPUT.NOT_WRITTEN", sentence(`${path} cannot be written: ${reasonOf(cause)}`), { hint }),
      );
      return false;
    }
  }

  /** Puts the schemas where editors look for them. @returns the files that were not so already */
  writeSchemas(folder: string): readonly string[] {
    return (["connection", "settings"] as const).flatMap((name) => {
      const path = `${folder}${SCHEMA_FOLDER}/${name}.schema.json`;
      const text = `${JSON.stringify(schemas[name], null, 2)}\n`;
      return this.read(path) !== text && this.write(path, text) ? [path] : [];
    });
  }

  /** Adds names to a file of variables without values; nothing in it is changed or taken away. @returns the file, if it was written */
  addVariables(path: string, names: readonly string[]): readonly string[] {
    const before = this.read(path);
    const known = new Set(
      [...(before ?? "").matchAll(/^\s*(?:#\s*)?(?:export\s+)?([A-Za-z_]\w*)=/gm)].map(([, name]) => name),
    );
    const missing = [...new Set(names)].filter((name) => !known.has(name)).sort();
    if (missing.length === 0) return [];
    return this.addLines(
      path,
      missing.map((name) => `${name}=`),
      VARIABLES_HEAD,
    );
  }

  /** Adds lines that a text does not have yet. @returns the file, if it was written */
  addLines(path: string, lines: readonly string[], head = ""): readonly string[] {
    const before = this.read(path);
    const known = new Set((before ?? "").split(/\r?\n/).map((line) => line.trim()));
    const missing = lines.filter((line) => !known.has(line));
    if (missing.length === 0) return [];
    const start = before === undefined ? head : before === "" || before.endsWith("\n") ? before : `${before}\n`;
    return this.write(path, `${start}${missing.map((line) => `${line}\n`).join("")}`) ? [path] : [];
  }
}
