import type { Problem } from "../model/problem.js";
import type { Paint } from "./paint.js";
import { printable, someOf } from "./text.js";

/**
 * A problem as a person reads it: `error[CODE] file:line:col: message`, then the next step. Ends in a line feed. Before the
 * message stand the environments that it is about, in brackets, where it is not about all of the run.
 */
export function problemText({ code, severity, message, hint, place, environments }: Problem, paint: Paint): string {
  const head = paint(severity === "error" ? "bad" : "warn", `${severity}[${code}]`);
  const where = place === undefined ? "" : ` ${printable(place.file)}:${place.line}:${place.column}:`;
  const next = hint === undefined ? "" : `hint: ${printable(hint)}\n`;
  const whose = environments === undefined ? "" : ` [${environments.map(printable).join(", ")}]`;
  return `${head}${where}${whose} ${printable(message)}\n${next}`;
}

/** What a problem says, for who shows its code and place otherwise; as it is, the hint on a line of its own. */
export function problemWords({ message, hint, environments }: Problem): string {
  const whose = environments === undefined ? "" : `[${someOf(environments)}] `;
  return `${whose}${message}${hint === undefined ? "" : `\nhint: ${hint}`}`;
}
