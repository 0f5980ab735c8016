import { randomBytes } from "node:crypto";
import { lstatSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { schemas } from "../generated/schemas.js";
import { error, type Problem, sentence } from "../model/problem.js";
import { codeOf, reasonOf, removeDraft } from "../setup/private-files.js";

/** Where editors find the schemas of a repository's files, from the folder of its settings. */
export const SCHEMA_FOLDER = ".flexprice-sync";

const VARIABLES_HEAD = `# Variables that this repository takes, without their values. They come from the environment of the program, which reads no
# such file itself: put them where your CI keeps secrets, or fill in a copy that git ignores, and export that, as in
# set -a; . ./.env; set +a. For each NAME there may be a NAME_FILE in its place: the file that holds the value.
`;

/** Writes the files of a repository, which everybody may read: each whole or not at all, and never through a link. */
export class RepositoryFiles {
  /** What could not be written. */
  readonly problems: Problem[] = [];
  readonly #workingFolder: string;

  constructor(workingFolder: string) {
    this.#workingFolder = workingFolder;
  }

  /** Whether something is at a path, links not followed; in doubt there is. */
  isThere(path: string): boolean {
    try {
      lstatSync(resolve(this.#workingFolder, path));
      return true;
    } catch (cause) {
      return !["ENOENT", "ENOTDIR"].includes(codeOf(cause) ?? "");
    }
  }

  /** Whether a file is left as it is; what stands in its place and is none is told as a problem. */
  keeps(path: string): boolean {
    const facts = statSync(resolve(this.#workingFolder, path), { throwIfNoEntry: false });
    if (facts?.isFile() === true) return true;
    const detail = `${path} is left as it is: it is no regular file, or a link that leads nowhere.`;
    this.problems.push(error("OUTPUT.NOT_WRITTEN", detail, { hint: "put it away, and run again." }));
    return false;
  }

  /** The text of a regular file; `undefined` where there is none, or it cannot be read as UTF-8. */
  read(path: string): string | undefined {
    const target = resolve(this.#workingFolder, path);
    try {
      if (!lstatSync(target).isFile()) return undefined;
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(readFileSync(target));
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
      if (isDrafted) removeDraft(draft);
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
    if (this.#isUnreadable(path)) return [];
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
    if (this.#isUnreadable(path)) return [];
    const before = this.read(path);
    const known = new Set((before ?? "").split(/\r?\n/).map((line) => line.trim()));
    const missing = lines.filter((line) => !known.has(line));
    if (missing.length === 0) return [];
    const start = before === undefined ? head : before === "" || before.endsWith("\n") ? before : `${before}\n`;
    return this.write(path, `${start}${missing.map((line) => `${line}\n`).join("")}`) ? [path] : [];
  }

  /** Whether something is there to which nothing can be added: what cannot be read would be lost. */
  #isUnreadable(path: string): boolean {
    if (!this.isThere(path) || this.read(path) !== undefined) return false;
    const detail = `${path} is left as it is: it is no regular file, or cannot be read as UTF-8.`;
    if (!this.problems.some(({ message }) => message.endsWith(detail)))
      this.problems.push(error("OUTPUT.NOT_WRITTEN", detail, { hint: "look at it, and add by hand what is missing." }));
    return true;
  }
}
