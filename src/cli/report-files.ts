import { appendFileSync, realpathSync, statSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Problem } from "../model/problem.js";
import { jsonText } from "../report/json.js";
import type { Report } from "../report/report.js";
import type { Into } from "./options.js";
import { notWrittenInto, reasonOf, whyNotIn, writePrivately } from "./private-files.js";

/** Read by everybody whom the process lets: there is no secret in a report. */
const PUBLIC = 0o666;

/** The reports by their options, the JSON document last: what went wrong with the others is in it. */
const KINDS = ["html", "markdown", "sarif", "json"] as const;
type Kind = (typeof KINDS)[number];

/** What makes a report: its text is only made, and the code for it only loaded, when somebody wants it. */
export type Maker = (report: Report) => Promise<string> | string;

/** The files that a command line names for reports. */
export class ReportFiles {
  readonly #into: Into;
  readonly #workingFolder: string;
  readonly #refused = new Map<Kind, Problem>();

  constructor(into: Into, workingFolder: string) {
    this.#into = into;
    this.#workingFolder = workingFolder;
    for (const kind of KINDS) {
      const path = into[kind];
      if (path === undefined) continue;
      const why = this.#whyNot(path);
      if (why !== undefined) this.#refused.set(kind, notWritten(kind, path, why));
    }
  }

  /** Files that cannot be written, told before anything else is done. */
  get problems(): readonly Problem[] {
    return [...this.#refused.values()];
  }

  /**
   * Writes every report that is wanted.
   *
   * @param reportWith - the run with what went wrong so far on the way to the files
   * @returns what went wrong
   */
  async write(
    reportWith: (problems: readonly Problem[]) => Report,
    makers: Readonly<Record<Kind, Maker>>,
  ): Promise<readonly Problem[]> {
    const problems: Problem[] = [];
    for (const kind of KINDS) {
      const path = this.#into[kind];
      if (path === undefined || this.#refused.has(kind)) continue;
      const text = await makers[kind](reportWith(problems));
      try {
        writeText(resolve(this.#workingFolder, path), text);
      } catch (cause) {
        problems.push(notWritten(kind, path, reasonOf(cause)));
      }
    }
    return problems;
  }

  #whyNot(path: string): string | undefined {
    const facts = statSync(resolve(this.#workingFolder, path), { throwIfNoEntry: false });
    if (facts?.isDirectory()) return "it is a folder";
    return facts === undefined || facts.isFile() ? whyNotIn(path, this.#workingFolder) : undefined;
  }
}

/** The document of `--json`, as a report. */
export const jsonReport: Maker = ({ run, exitCode, tool }) => jsonText(run, tool, exitCode);

function notWritten(kind: Kind, path: string, why: string): Problem {
  return notWrittenInto(path, why, `name another file with --${kind}-into.`);
}

/** All of the text or nothing, but for what is no file, such as /dev/stdout or a pipe. */
function writeText(path: string, text: string): void {
  const facts = statSync(path, { throwIfNoEntry: false });
  if (facts !== undefined && (!facts.isFile() || path.startsWith("/dev/"))) appendFileSync(path, text);
  // A link stays one: what it leads to is written.
  else writePrivately(facts === undefined ? path : realpathSync(path), text, facts?.mode ?? PUBLIC);
}

/** Adds to a file that a CI service has made for that. */
export function addToFile(path: string, text: string): void {
  writeFileSync(path, text, { flag: "a" });
}
