import type { Check } from "../model/check.js";
import { broken, brokenUnlessCopied, type Look } from "./look.js";
import type { Tone } from "./paint.js";
import { counted, printable } from "./text.js";

const tones: Readonly<Record<Check["status"], Tone>> = { ok: "good", warn: "warn", fail: "bad" };

/** Columns of the names of checks. */
const NAME_WIDTH = 13;

/** Where messages begin. */
const MESSAGE_COLUMN = 7 + NAME_WIDTH;

/** A line for each check, by environment, what to do about those that are not well, and one fixed last line. */
export function doctorText(checks: readonly Check[], look: Look): string {
  const { paint } = look;
  const lines: string[] = [];
  let environment: string | undefined;
  for (const check of checks) {
    if (check.environment !== undefined && check.environment !== environment)
      lines.push("", paint("strong", `${printable(check.environment)}:`));
    environment = check.environment;
    const { status, name, message, hint, problem } = check;
    const code = problem === undefined ? "" : `[${problem.code}] `;
    const head = `${paint(tones[status], status.padEnd(4))}  ${name.padEnd(NAME_WIDTH)}`;
    const [first = "", ...more] = broken(`${" ".repeat(MESSAGE_COLUMN)}${code}${printable(message)}`, look, 0);
    lines.push(`${head} ${first.trimStart()}`, ...more);
    if (hint !== undefined)
      lines.push(...brokenUnlessCopied(`${" ".repeat(MESSAGE_COLUMN)}next: ${printable(hint)}`, look, 0));
  }
  return `${[...lines, "", doctorLine(checks)].join("\n")}\n`;
}

export function doctorLine(checks: readonly Check[]): string {
  const count = (status: Check["status"]) => checks.filter((check) => check.status === status).length;
  return `Doctor: ${count("ok")} ok, ${counted(count("warn"), "warning")}, ${count("fail")} failed.`;
}

/** The same as a part of the JSON document. */
export function doctorDocument(checks: readonly Check[]): object {
  return {
    checks: checks.map(({ environment, name, status, message, hint, problem }) => ({
      ...(environment === undefined ? {} : { environment }),
      name,
      status,
      message,
      ...(hint === undefined ? {} : { hint }),
      ...(problem === undefined ? {} : { code: problem.code }),
    })),
  };
}
