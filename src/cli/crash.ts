import { bugProblem } from "../model/problem.js";
import { KnownSecrets, Secret } from "../model/secret.js";
import { plainLook } from "../report/look.js";
import { problemsText } from "../report/problems.js";
import { printable } from "../report/text.js";
import { variablesOf } from "../secrets/variables.js";
import { nodeFiles } from "../setup/node-files.js";
import type { Terminal } from "./terminal.js";

/** Variables that machines set and that hold no secret: in the words of a mistake their values are what one looks for. */
const ORDINARY =
  /^(?:PATH|HOME|PWD|OLDPWD|USER|LOGNAME|SHELL|SHLVL|LANG|LC_\w+|TERM|COLUMNS|LINES|TMPDIR|TZ|HOSTNAME|CI|NO_COLOR|FORCE_COLOR|NODE_(?:ENV|OPTIONS|PATH)|RUNNER_(?:OS|ARCH|NAME|TEMP|WORKSPACE)|GITHUB_(?:WORKSPACE|REPOSITORY|REF|SHA|JOB|ACTION|EVENT_NAME|ACTIONS)|_)$/;

/**
 * Holds back the words of a mistake of ours that repeat a value of the environment, or of a file that it names: nobody has
 * foreseen what is in them, so nobody has kept secrets out.
 */
export function withholding({
  environment,
  workingFolder = "/",
}: Pick<Terminal, "environment" | "workingFolder">): (text: string) => string {
  const { lookUp } = variablesOf(environment, nodeFiles(workingFolder).read);
  const names = Object.keys(environment).filter((name) => !ORDINARY.test(name));
  const known = new KnownSecrets();
  for (const name of new Set(names.flatMap((one) => [one, one.replace(/_FILE$/, "")]))) {
    const found = lookUp(name);
    if (found.state !== "set") continue;
    const inAddress = URL.canParse(found.value) ? passwordOf(new URL(found.value)) : "";
    known.add([found.value, inAddress].map((value) => new Secret(value)));
  }
  return (text) => known.withhold(text);
}

/** A proxy's, for instance; of what is no password in an address, nothing. */
function passwordOf({ password }: URL): string {
  try {
    return decodeURIComponent(password);
  } catch {
    return password;
  }
}

/** Where in the code a mistake of ours shows, for whoever reports it. */
export function stackOf(bug: unknown, withhold: (text: string) => string): string {
  if (!(bug instanceof Error)) return printable(withhold(String(bug)));
  // Words of several lines can look like the lines of code behind them.
  const frames = (bug.stack ?? "").split("\n").filter((line) => /^ {4}at /.test(line));
  return [`${bug.name}: ${bug.message}`, ...frames].map((line) => printable(withhold(line))).join("\n");
}

/** What is said of a mistake that ends the process wherever it was, after which nothing else is said. */
export function uncaught(cause: unknown, terminal: Terminal): string {
  const withhold = withholding(terminal);
  const problem = bugProblem(cause, withhold);
  const hint = `${problem.hint ?? ""} The run broke off: after apply or prune run plan, to see what was written.`;
  return `${stackOf(cause, withhold)}\n${problemsText([{ ...problem, hint }], plainLook).join("")}`;
}
