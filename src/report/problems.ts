import { detailOf, type Problem } from "../model/problem.js";
import { broken, brokenUnlessCopied, type Look } from "./look.js";
import { counted, printable, someOf } from "./text.js";

/**
 * A problem as a person reads it: `error[CODE] file:line:col: message`, then the next step. Ends in a line feed. Before the
 * message stand the environments that it is about, in brackets, where it is not about all of the run.
 */
export function problemText({ code, severity, message, hint, place, environments }: Problem, look: Look): string {
  const head = look.paint(severity === "error" ? "bad" : "warn", `${severity}[${code}]`);
  const where = place === undefined ? "" : ` ${printable(place.file)}:${place.line}:${place.column}:`;
  const next = hint === undefined ? [] : brokenUnlessCopied(`hint: ${printable(hint)}`, look);
  const whose = environments === undefined ? "" : ` [${environments.map(printable).join(", ")}]`;
  const lines = [...broken(`${head}${where}${whose} ${printable(message)}`, look), ...next];
  return lines.map((line) => `${line}\n`).join("");
}

/** Problems that differ in nothing but a name are told one by one up to here. */
const MOST_ALIKE = 3;

/** The same for several, a text each: of many that one cause has brought the first ones, and then the names of the others. */
export function problemsText(problems: readonly Problem[], look: Look): readonly string[] {
  const alike = new Map<string, Problem[]>();
  const places = problems.map((problem) => {
    const key = sameness(problem);
    const all = alike.get(key) ?? [];
    alike.set(key, all);
    return { problem, all, at: all.push(problem) - 1 };
  });
  return places.flatMap(({ problem, all, at }) => {
    // One more line for one more problem would save nothing.
    if (all.length <= MOST_ALIKE + 1 || at < MOST_ALIKE - 1) return [problemText(problem, look)];
    return at === MOST_ALIKE - 1 ? [problemText(problem, look), othersText(all.slice(MOST_ALIKE), look)] : [];
  });
}

function othersText(others: readonly Problem[], look: Look): string {
  const names = others.flatMap((one) => nameIn(one)?.name ?? []).map(printable);
  const line = `The same of ${counted(others.length, "other")}: ${someOf(names)}; --json has them all.`;
  return broken(line, look)
    .map((part) => `${part}\n`)
    .join("");
}

/** Equal for problems that differ in the name that they begin with, and in its place. */
function sameness(problem: Problem): string {
  const { code, severity, hint, environments, place } = problem;
  const named = nameIn(problem);
  return JSON.stringify([code, severity, hint, environments, named?.rest ?? [detailOf(problem), place]]);
}

function nameIn(problem: Problem): { readonly name: string; readonly rest: string } | undefined {
  const [, name, rest] = /^"(.*?)": ([\s\S]*)$/.exec(detailOf(problem)) ?? [];
  return name === undefined || rest === undefined ? undefined : { name, rest };
}

/** What a problem says, for who shows its code and place otherwise; as it is, the hint on a line of its own. */
export function problemWords({ message, hint, environments }: Problem): string {
  const whose = environments === undefined ? "" : `[${someOf(environments)}] `;
  return `${whose}${message}${hint === undefined ? "" : `\nhint: ${hint}`}`;
}
