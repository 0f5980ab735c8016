import type { Problem } from "../model/problem.js";
import { broken, brokenUnlessCopied, type Look } from "./look.js";
import { printable, someOf } from "./text.js";

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

/** What a problem says, for who shows its code and place otherwise; as it is, the hint on a line of its own. */
export function problemWords({ message, hint, environments }: Problem): string {
  const whose = environments === undefined ? "" : `[${someOf(environments)}] `;
  return `${whose}${message}${hint === undefined ? "" : `\nhint: ${hint}`}`;
}
