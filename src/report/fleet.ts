import { isError } from "../model/problem.js";
import type { Run, RunToSave, TargetRun } from "../model/run.js";
import { applyLine, applyText, planLine, planText, validateText } from "./human.js";
import type { Look } from "./look.js";
import type { Paint } from "./paint.js";
import { counted, printable } from "./text.js";

/*
 * The same for any number of environments: each as if it were the only one, and then all of them in one last line.
 */

/** What the environments of a run are called, the ones without a target too. */
interface Told {
  readonly environments: readonly string[];
  readonly targets: readonly TargetRun[];
  readonly saved?: RunToSave;
}

/** The plans of all environments. */
export function plansText({ environments, targets, saved }: Told, look: Look): string {
  const { paint } = look;
  const [only] = targets;
  if (environments.length === 1) return only === undefined ? "" : planText(only, look, saved);
  const parts = environments.map((name) => {
    const target = targets.find(({ environment }) => environment === name);
    return (target && planText(target, look, saved, true)) || withoutPlan(name, target, paint);
  });
  const summaries = targets.flatMap(({ plan }) => plan?.summary ?? []);
  // Without a plan there is nothing to count: zeros would look like a plan of nothing.
  if (summaries.length === 0 && environments.length > 0) return parts.join("\n");
  return `${[...parts, heading(environments, paint)].join("\n")}${planLine(summaries)}\n`;
}

/** What became of the plans of all environments. */
export function appliesText({ environments, targets }: Told, look: Look): string {
  const { paint } = look;
  const [only] = targets;
  if (environments.length === 1) return only === undefined ? "" : applyText(only, look);
  const parts = targets
    .filter(({ outcomes }) => outcomes !== undefined)
    .map((target) => `${paint("strong", `${printable(target.environment)}:`)}\n${applyText(target, look)}`);
  return `${[...parts, heading(environments, paint)].join("\n")}${applyLine(targets)}\n`;
}

/** The fixed last lines of a run: of what was checked, of the plans, of what became of them. None where there was nothing to count. */
export function fixedLines(run: Run): readonly string[] {
  const { command, targets, environments, problems, isUnread = false } = run;
  if (isUnread) return [];
  if (command === "validate") return [validateText(run).trimEnd()];
  const summaries = targets.flatMap(({ plan }) => plan?.summary ?? []);
  const isEmptyShare = environments.length === 0 && !problems.some(isError);
  if (summaries.length === 0 && !isEmptyShare) return [];
  const isWritten = targets.some(({ outcomes }) => outcomes !== undefined);
  return [planLine(summaries), ...(isWritten ? [applyLine(targets)] : [])];
}

function heading(environments: readonly string[], paint: Paint): string {
  if (environments.length === 0) return `${paint("strong", "No environment is in this share.")}\n`;
  return `${paint("strong", `All ${counted(environments.length, "environment")}:`)}\n`;
}

function withoutPlan(name: string, target: TargetRun | undefined, paint: Paint): string {
  const where = target === undefined ? "" : ` ${printable(target.baseUrl)}`;
  return `${paint("strong", `Target ${printable(name)}:`)}${where}\n${paint("bad", "!")} no plan: see the errors of ${printable(name)}.\n`;
}
