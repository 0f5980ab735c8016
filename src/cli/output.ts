import { isError, type Problem } from "../model/problem.js";
import type { Run, TargetRun } from "../model/run.js";
import type { ExitCode } from "../report/exit-code.js";
import { appliesText, plansText } from "../report/fleet.js";
import { annotationText, dangerAnnotations } from "../report/github.js";
import { validateText } from "../report/human.js";
import { jsonText, type ToolInfo } from "../report/json.js";
import type { Look, Room } from "../report/look.js";
import { keptText } from "../report/notes.js";
import { colourPaint, type Paint, plainPaint } from "../report/paint.js";
import { problemsText } from "../report/problems.js";
import { GRACE_MS, Interruption } from "../setup/interruption.js";
import { inRepository, isGithub } from "./ci-job.js";
import { stackOf, withholding } from "./crash.js";
import type { CommonOptions } from "./options.js";
import { Progress } from "./progress.js";
import type { Terminal } from "./terminal.js";

const SOON_OVER = `Nothing more is begun; requests under way have ${GRACE_MS / 1000} s to come to their end. Once more breaks them off.\n`;

/** Says what came of a command: the result on stdout and nothing else, everything around it on stderr. */
export class Output {
  readonly #terminal: Terminal;
  readonly #options: CommonOptions;
  readonly #tool: ToolInfo;
  /** Whether problems are also told as annotations on the lines of files. */
  readonly #annotates: boolean;
  #progress: Progress | undefined;
  #interruption: Interruption | undefined;
  #roomOf: ((columns: number) => Room) | undefined;

  constructor(terminal: Terminal, options: CommonOptions, tool: ToolInfo) {
    this.#terminal = terminal;
    this.#options = options;
    this.#tool = tool;
    this.#annotates = isGithub(terminal);
  }

  /** The result of a run. @param planIsShown - a person has seen the plan already, before being asked */
  run(run: Run, exitCode: ExitCode, planIsShown: boolean): void {
    // Findings stand before their count; what became of a plan stands after it, where somebody looks last.
    if (run.command === "validate") this.problems(run.problems);
    if (this.#options.json) this.#terminal.writeOut(jsonText(run, this.#tool, exitCode));
    else this.#terminal.writeOut(this.#shortened(this.#humanText(run, planIsShown)));
    if (run.command !== "validate") this.problems(run.problems);
    if (!this.#options.quiet) this.note(keptText(run));
    if (this.#annotates && !this.#options.quiet) this.note(dangerAnnotations(run, inRepository(this.#terminal)));
  }

  /** A result of another kind: as it is, or as the one JSON document. */
  result(
    command: string,
    text: string,
    more: object,
    {
      exitCode = 0,
      ...run
    }: {
      readonly exitCode?: ExitCode;
      readonly problems?: readonly Problem[];
      readonly targets?: readonly TargetRun[];
    } = {},
  ): void {
    const told = { command, problems: [], ...run };
    this.#terminal.writeOut(this.#options.json ? jsonText(told, this.#tool, exitCode, more) : text);
  }

  /** A result of another kind that may have problems. @param more - keys that only this command has */
  told(run: Parameters<typeof jsonText>[0], text: string, exitCode: ExitCode, more: object = {}): void {
    this.#terminal.writeOut(this.#options.json ? jsonText(run, this.#tool, exitCode, more) : this.#shortened(text));
    this.problems(run.problems);
  }

  /** A command that ended in problems alone. */
  failure(command: string | undefined, problems: readonly Problem[], exitCode: ExitCode): void {
    this.problems(problems);
    const named = command === undefined ? {} : { command };
    if (this.#options.json) this.#terminal.writeOut(jsonText({ ...named, problems }, this.#tool, exitCode));
  }

  problems(problems: readonly Problem[]): void {
    const shown = this.#options.quiet ? problems.filter(({ severity }) => severity === "error") : problems;
    for (const text of problemsText(shown, this.#errorLook())) this.note(text);
    if (!this.#annotates) return;
    for (const problem of shown) this.note(annotationText(problem, inRepository(this.#terminal)));
  }

  /** Where in the code a mistake of ours shows. */
  stackOf(bug: unknown): void {
    this.note(`${stackOf(bug, withholding(this.#terminal))}\n`);
  }

  note(text: string): void {
    if (text !== "") this.#progress?.clear();
    this.#terminal.writeError(text);
  }

  /** How far the command has come, told beside everything else on stderr. */
  progress(): Progress {
    const { progress, quiet, verbose, debug } = this.#options;
    const { errorIsTerminal, environment } = this.#terminal;
    const { CI: ci = "", TERM: term } = environment;
    const canDraw = errorIsTerminal && ci === "" && term !== "dumb";
    this.#progress ??= new Progress(this.#terminal, progress && !quiet && !verbose && !debug, canDraw);
    return this.#progress;
  }

  /** Signals of the terminal and of other programs, as what they mean for a run; from here on they do not kill the process. */
  interruption(): Interruption {
    if (this.#interruption !== undefined) return this.#interruption;
    const interruption = new Interruption();
    this.#terminal.onSignal((code) => {
      // What the run came to is just being told.
      if (interruption.isOver) return;
      const isFirst = !interruption.stop.aborted;
      interruption.end(code === 130 ? "interrupted" : "terminated");
      const how = code === 130 ? "Interrupted" : "Terminated";
      this.note(isFirst ? `${how}. ${SOON_OVER}` : "Requests under way are broken off.\n");
    });
    this.#interruption = interruption;
    return interruption;
  }

  /**
   * The plans before they are carried out. Who is asked about them sees them in any case; else not with -q, and with --json they
   * are in the document.
   *
   * @returns whether they went to stdout, so that it need not be there again
   */
  plans(
    told: Pick<Run, "environments" | "targets">,
    { isAsked }: { readonly isAsked: boolean } = { isAsked: false },
  ): boolean {
    const { json, quiet } = this.#options;
    if (!isAsked && (json || quiet)) return false;
    const isSeen = !json && this.#terminal.outIsTerminal;
    this.#progress?.pause();
    if (isAsked && !isSeen) this.#terminal.writeError(`${plansText(told, this.#errorLook())}\n`);
    if (!json) this.#terminal.writeOut(`${plansText(told, this.outLook())}\n`);
    return !json;
  }

  errorPaint(): Paint {
    return this.#paint(this.#terminal.errorIsTerminal);
  }

  outPaint(): Paint {
    return this.#paint(this.#terminal.outIsTerminal);
  }

  /** Loads what measures text, where there is a terminal whose width counts. */
  async measure(): Promise<void> {
    if (this.#terminal.outIsTerminal || this.#terminal.errorIsTerminal)
      this.#roomOf = (await import("../report/room.js")).roomOf;
  }

  outLook(): Look {
    return { paint: this.outPaint(), ...this.#room(this.#terminal.outColumns()) };
  }

  #errorLook(): Look {
    return { paint: this.errorPaint(), ...this.#room(this.#terminal.errorColumns()) };
  }

  #room(columns: number | undefined): Pick<Look, "room"> {
    return columns === undefined || this.#roomOf === undefined ? {} : { room: this.#roomOf(columns) };
  }

  #paint(isTerminal: boolean): Paint {
    const { color } = this.#options;
    const { NO_COLOR: noColor, TERM: term } = this.#terminal.environment;
    const wanted = isTerminal && (noColor === undefined || noColor === "") && term !== "dumb";
    return color === "always" || (color === "auto" && wanted) ? colourPaint : plainPaint;
  }

  #humanText(run: Run, planIsShown: boolean): string {
    const look = this.outLook();
    if (run.command === "validate") return validateText(run);
    // A share may be empty; a run that did not get as far as environments says nothing of them.
    if (run.environments.length === 0 && run.problems.some(isError)) return "";
    const plan = planIsShown ? "" : plansText(run, look);
    const isWritten = run.targets.some(({ outcomes }) => outcomes !== undefined);
    if (run.command === "plan" || !isWritten) return plan;
    return `${plan}${plan === "" ? "" : "\n"}${appliesText(run, look)}`;
  }

  #shortened(text: string): string {
    if (!this.#options.quiet) return text;
    const lines = text.trimEnd().split("\n");
    return text === "" ? "" : `${lines.at(-1) ?? ""}\n`;
  }
}
