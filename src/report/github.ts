import type { Place } from "../model/location.js";
import { type Change, hasWork, placeOf } from "../model/plan.js";
import { isError, type Problem, toldOnce } from "../model/problem.js";
import type { Run } from "../model/run.js";
import { fixedLines } from "./fleet.js";
import { problemWords } from "./problems.js";
import { generalDangers } from "./rows.js";
import { printable, someOf } from "./text.js";

/*
 * What GitHub's runner is told: annotations on lines of files, and outputs of a step.
 */

/** Turns a place of a file into one from the top of the repository. */
type InRepository = (place: Place) => Place;

/**
 * An annotation for every problem with a place, a line each; nothing where there is none.
 *
 * @see https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
 */
export function annotationText(problem: Problem, inRepository: InRepository): string {
  const { code, severity, place } = problem;
  return place === undefined ? "" : commandLine(severity, inRepository(place), `${code} ${problemWords(problem)}`);
}

/**
 * The dangers of plans as annotations: on the line that asks for one, else on the definition's first. What several environments
 * have in common is told once.
 */
export function dangerAnnotations(run: Run, inRepository: InRepository): string {
  if (run.command !== "plan") return "";
  const found = run.targets.map(({ environment, plan }) => ({
    environment,
    items: (plan?.changes ?? []).flatMap(placedDangers),
  }));
  return spread(toldOnce(found), ({ item }) => item.danger)
    .map(({ item: { place, words }, environments }) => {
      const whose = run.environments.length > 1 ? `[${someOf(environments)}] ` : "";
      return commandLine("warning", inRepository(place), `${whose}${words}`);
    })
    .join("");
}

/** The first of each kind, then the second of each, and so on: GitHub shows only so many. */
function spread<T>(items: readonly T[], kindOf: (item: T) => string): readonly T[] {
  const seen = new Map<string, number>();
  const ranked = items.map((item) => {
    const rank = seen.get(kindOf(item)) ?? 0;
    seen.set(kindOf(item), rank + 1);
    return { item, rank };
  });
  return ranked.sort((left, right) => left.rank - right.rank).map(({ item }) => item);
}

interface PlacedDanger {
  readonly danger: string;
  readonly place: Place;
  readonly words: string;
}

function placedDangers(change: Change): readonly PlacedDanger[] {
  const words = (danger: string) => `danger: ${change.name}: ${danger}`;
  const ofFields = change.consequences.filter(({ weight }) => weight === "danger");
  const { place: start } = placeOf(change);
  const ofAll =
    start === undefined ? [] : generalDangers(change).map((danger) => ({ danger, place: start, words: words(danger) }));
  return [...ofAll, ...ofFields.map(({ place, sentence }) => ({ danger: sentence, place, words: words(sentence) }))];
}

function commandLine(command: "error" | "warning", { file, line, column }: Place, message: string): string {
  return `::${command} file=${property(file)},line=${line},col=${column}::${data(message)}\n`;
}

/** Line feeds are the message's own; anything else that is not seen shows as its code. */
function data(text: string): string {
  return text.split("\n").map(printable).join("\n").replaceAll("%", "%25").replaceAll("\n", "%0A");
}

function property(text: string): string {
  return data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}

/** The outputs of a step, a line each: no value has a line feed. `has_changes` is empty where nobody knows. */
export function stepOutputs(run: Run, exitCode: number): string {
  const lines = {
    exitcode: String(exitCode),
    has_changes: hasChanges(run),
    summary: fixedLines(run).at(-1) ?? "",
  };
  return Object.entries(lines)
    .map(([name, value]) => `${name}=${value}\n`)
    .join("");
}

/** The same as the exit code 2 of `plan --detailed-exitcode`: whether there are changes or blocked items. */
function hasChanges({ targets, environments, problems }: Run): string {
  const plans = targets.flatMap(({ plan }) => plan ?? []);
  if (plans.some(hasWork)) return "true";
  const isKnown = plans.length > 0 || !problems.some(isError);
  return isKnown && plans.length === environments.length ? "false" : "";
}
