import type { Run } from "../model/run.js";
import type { ToolInfo } from "./json.js";

/** A run that is told beside the terminal: as Markdown, a page, SARIF, outputs of a CI job. */
export interface Report {
  readonly run: Run;
  readonly exitCode: number;
  readonly tool: ToolInfo;
}

/** Whether a run did what it was asked for: with changes, too, where a plan says so by its exit code. */
export function hasEndedWell({ exitCode }: Report): boolean {
  return exitCode === 0 || exitCode === 2;
}
