import {
  accessSync,
  appendFileSync,
  closeSync,
  constants,
  lstatSync,
  openSync,
  realpathSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import { bugProblem, error, type Problem } from "../model/problem.js";
import { jsonText } from "../report/json.js";
import type { Report } from "../report/report.js";
import { codeOf, notWrittenInto, reasonOf, whyNotIn, writeWhole } from "../setup/private-files.js";
import { withholding } from "./crash.js";
import type { Into } from "./options.js";
import type { Terminal } from "./terminal.js";

/** Read by everybody whom the process lets: there is no secret in a report. */
const PUBLIC = 0o666;

/** The reports by their options, the JSON document last: what went wrong with the others is in it. */
const KINDS = ["html", "markdown", "sarif", "json"] as const;
type Kind = (typeof KINDS)[number];

/** What makes a report: its text is only made, and the code for it only loaded, when somebody wants it. */
export type Maker = (report: Report) => Promise<string> | string;

/** Files that a run reads or writes otherwise, by what somebody calls them. */
export type OtherFiles = Readonly<Record<string, string | undefined>>;

/** What became of reports. */
export interface Published {
  readonly problems: readonly Problem[];
  /** A mistake of ours, when there was one: the others are told all the same. */
  readonly bug?: unknown;
}

/** The files that a command line names for reports. */
export class ReportFiles {
  readonly #into: Into;
  readonly #terminal: Terminal;
  readonly #workingFolder: string | undefined;
  readonly #refused = new Map<Kind, Problem>();

  /** @param others - what a report must not be written over */
  constructor(into: Into, terminal: Terminal, others: OtherFiles) {
    const { workingFolder } = terminal;
    this.#into = into;
    this.#terminal = terminal;
    this.#workingFolder = workingFolder;
    const taken = new Map<string, string>();
    for (const [what, path] of Object.entries(others))
      if (path !== undefined && workingFolder !== undefined) taken.set(identityOf(resolve(workingFolder, path)), what);
    for (const kind of KINDS) {
      const path = into[kind];
      if (path === undefined) continue;
      const refused = this.#whyNot(kind, path, taken);
      if (refused !== undefined) this.#refused.set(kind, refused);
    }
  }

  /** Files that cannot be written, told before anything else is done. */
  get problems(): readonly Problem[] {
    return [...this.#refused.values()];
  }

  /** Writes every report that is wanted. @param reportWith - the run with what went wrong so far on the way to the files */
  async write(
    reportWith: (problems: readonly Problem[]) => Report,
    makers: Readonly<Record<Kind, Maker>>,
  ): Promise<Published> {
    const problems: Problem[] = [];
    const bugs: unknown[] = [];
    for (const kind of KINDS) {
      const path = this.#into[kind];
      if (path === undefined || this.#refused.has(kind)) continue;
      try {
        const text = await makers[kind](reportWith(problems));
        writeReport(resolve(this.#workingFolder ?? "", path), text, this.#terminal);
      } catch (cause) {
        // What a file system says has a code; anything else was thrown by what makes the report.
        const isFault = codeOf(cause) !== undefined;
        problems.push(
          isFault ? notWritten(kind, path, reasonOf(cause)) : bugProblem(cause, withholding(this.#terminal)),
        );
        if (!isFault) bugs.push(cause);
      }
    }
    return bugs.length === 0 ? { problems } : { problems, bug: bugs[0] };
  }

  #whyNot(kind: Kind, path: string, taken: Map<string, string>): Problem | undefined {
    if (this.#workingFolder === undefined && !isAbsolute(path))
      return notWritten(kind, path, "the working folder does not exist any more");
    if (path.endsWith("/")) return notWritten(kind, path, "it names a folder");
    const whole = resolve(this.#workingFolder ?? "", path);
    if (streamOf(whole) !== undefined) return undefined;
    try {
      const facts = statSync(whole, { throwIfNoEntry: false });
      if (facts?.isDirectory()) return notWritten(kind, path, "it is a folder");
      if (facts !== undefined && !facts.isFile()) return undefined;
      if (facts !== undefined) accessSync(whole, constants.W_OK);
    } catch (cause) {
      const why = codeOf(cause) === "EACCES" ? "it may not be written" : reasonOf(cause);
      return notWritten(kind, path, why);
    }
    const identity = identityOf(whole);
    const before = taken.get(identity);
    taken.set(identity, `--${kind}-into`);
    if (before !== undefined) {
      const detail = `${before} and --${kind}-into name one file.`;
      return error("USAGE.CONFLICT", detail, { hint: `name another file with --${kind}-into.` });
    }
    // By the name of what a link leads to: that is what would be written.
    const why = whyNotIn(identity, "");
    return why === undefined ? undefined : notWritten(kind, path, why);
  }
}

/** The document of `--json`, as a report. */
export const jsonReport: Maker = ({ run, exitCode, tool }) => jsonText(run, tool, exitCode);

function notWritten(kind: Kind, path: string, why: string): Problem {
  return notWrittenInto(path, why, `name another file with --${kind}-into.`);
}

/** What tells one file from another, whatever the links and spellings that lead to it; a file that is not there yet has its folder's. */
function identityOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    try {
      return join(realpathSync(dirname(path)), basename(path));
    } catch {
      return path;
    }
  }
}

/** All of the text or nothing, but for what is no file, such as a pipe or a stream of ours. */
function writeReport(path: string, text: string, { writeOut, writeError }: Terminal): void {
  const stream = streamOf(path);
  const facts = statSync(path, { throwIfNoEntry: false });
  // Opened anew, a file would be written from its beginning, over what the stream has written to it.
  if (stream === 1) writeOut(text);
  else if (stream === 2) writeError(text);
  else if (stream !== undefined || (facts !== undefined && !facts.isFile())) appendTo(path, text);
  // A link that leads to nothing yet stays one: what it names is made.
  else if (facts === undefined && isLink(path)) writeFileSync(path, text);
  else
    writeWhole(
      facts === undefined ? path : realpathSync(path),
      text,
      facts === undefined ? PUBLIC : facts.mode & 0o777,
    );
}

/** The number of the stream that a path names; nothing where it names none. */
function streamOf(path: string): number | undefined {
  const [, name, number] = /^\/(?:dev|proc\/self)\/(?:std(out|err)|fd\/(\d+))$/.exec(path) ?? [];
  if (name !== undefined) return name === "out" ? 1 : 2;
  return number === undefined ? undefined : Number(number);
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}

/** Adds to what is no file. A pipe that nobody reads from would keep us waiting for ever. */
function appendTo(path: string, text: string): void {
  const opened = openSync(path, constants.O_WRONLY | constants.O_APPEND | constants.O_NONBLOCK);
  try {
    // Opened the other way, in which a slow reader is waited for; the first keeps the pipe from ending in between.
    appendFileSync(path, text);
  } finally {
    closeSync(opened);
  }
}
