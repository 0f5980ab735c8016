import type { Run } from "../model/run.js";
import type { ToolInfo } from "./json.js";

/** A run that is told beside the terminal: as Markdown, a page, SARIF, outputs of a CI job. */
export interface Report {
  readonly run: Run;
  readonly exitCode: number;
  readonly tool: ToolInfo;
}
