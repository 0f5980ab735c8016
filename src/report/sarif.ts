import { SarifBuilder, SarifResultBuilder, SarifRuleBuilder, SarifRunBuilder } from "node-sarif-builder";
import { byText } from "../model/json.js";
import type { Place } from "../model/location.js";
import { isError, type Problem, problemCodes } from "../model/problem.js";
import { problemWords } from "./problems.js";
import { hasEndedWell, type Report } from "./report.js";
import { printableJson } from "./text.js";

/**
 * The problems of a run as a SARIF 2.1.0 log. What has a place is a result; what has none is a notification of the run, since
 * services that show results at their lines refuse a log with results that have no line.
 *
 * @param marker - a word that is the same for every run of one kind: services take the log for the successor of the one before
 * @param inRepository - turns a place of a file into one from the top of the repository
 * @returns JSON text that ends in a line feed
 * @see OASIS SARIF 2.1.0 §3.20 (invocation), §3.27 (result), §3.58 (notification)
 */
export function sarifText(report: Report, marker: string, inRepository: (place: Place) => Place): string {
  const { run, exitCode, tool } = report;
  const located = run.problems.flatMap((problem) =>
    problem.place === undefined ? [] : [{ problem, place: inRepository(problem.place) }],
  );
  const others = run.problems.filter(({ place }) => place === undefined);
  const builder = new SarifRunBuilder().initSimple({
    toolDriverName: tool.name,
    toolDriverVersion: tool.version,
  });
  const codes = [...new Set(run.problems.map(({ code }) => code))].sort(byText);
  for (const code of codes) {
    const shortDescriptionText = problemCodes[code].title;
    builder.addRule(new SarifRuleBuilder().initSimple({ ruleId: code, shortDescriptionText }));
  }
  for (const { problem, place } of located) builder.addResult(resultOf(problem, place));
  const files = [...new Set(located.map(({ place }) => place.file))];
  builder.run.artifacts = files.map((file) => ({ sourceLanguage: "yaml", location: locationOf(file) }));
  builder.run.originalUriBaseIds = { SRCROOT: { description: { text: "The top of the repository." } } };
  // Columns are counted as JavaScript does, in both of them.
  builder.run.columnKind = "utf16CodeUnits";
  builder.run.automationDetails = { id: `${tool.name}/${marker}/` };
  builder.run.invocations = [
    {
      executionSuccessful: hasEndedWell(report),
      exitCode,
      toolExecutionNotifications: others.map((problem) => ({
        descriptor: { id: problem.code, index: codes.indexOf(problem.code) },
        level: levelOf(problem),
        message: { text: problemWords(problem) },
      })),
    },
  ];
  const log = new SarifBuilder();
  log.addRun(builder);
  return `${printableJson(JSON.stringify(log.buildSarifOutput(), null, 2))}\n`;
}

function resultOf(problem: Problem, { file, line, column }: Place): SarifResultBuilder {
  const result = new SarifResultBuilder({
    level: levelOf(problem),
    ruleId: problem.code,
    message: { text: problemWords(problem) },
  });
  result.setLocationArtifactUri(locationOf(file));
  result.setLocationRegion({ startLine: line, startColumn: column });
  return result;
}

function levelOf(problem: Problem): "error" | "warning" {
  return isError(problem) ? "error" : "warning";
}

/** A path as an address: what a path may hold and an address may not is encoded. Outside of the repository it has no base. */
function locationOf(file: string): { readonly uri: string; readonly uriBaseId?: string } {
  const encoded = file.split("/").map(encodeURIComponent).join("/");
  if (file.startsWith("/")) return { uri: `file://${encoded}` };
  return file.startsWith("../") ? { uri: encoded } : { uri: encoded, uriBaseId: "SRCROOT" };
}
