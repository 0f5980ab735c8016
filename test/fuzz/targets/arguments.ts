import fc from "fast-check";
import { parseArguments } from "../../../src/cli/arguments.js";
import { answerShell } from "../../../src/cli/completion-command.js";
import { Output } from "../../../src/cli/output.js";
import type { Problem } from "../../../src/model/problem.js";
import { VALUES, WORDS } from "../hurtful.js";
import { API_KEY, CANARY, type Seen } from "../seen.js";
import type { Target } from "../target.js";
import { TOOL, terminalWith } from "../told.js";

const COMMANDS = [
  "validate",
  "plan",
  "apply",
  "prune",
  "pull",
  "doctor",
  "init",
  "sandbox",
  "keygen",
  "schema",
  "completion",
  "help",
];

const OPTIONS = [
  "--json",
  "--json=x",
  "--color",
  "--no-progress",
  "-q",
  "-v",
  "-qv",
  "--debug",
  "-h",
  "--help",
  "--version",
  "-d",
  "--dir",
  "-c",
  "--config",
  "-e",
  "--env",
  "--only",
  "--shard",
  "--base-url",
  "--environment-id",
  "--parallelism",
  "--timeout",
  "--deadline",
  "--insecure-http",
  "--ca-file",
  "--require-env",
  "--out",
  "--expires",
  "--detailed-exitcode",
  "--write-secrets",
  "--write-secrets=",
  "--adopt",
  "--assume-secrets",
  "--replace",
  "--yes",
  "--fail-fast",
  "--allow-dangerous",
  "--max-changes",
  "--recover",
  "--json-into",
  "--markdown-into",
  "--html-into",
  "--sarif-into",
  "--port",
  "--key",
  "--seed",
  "--faults",
  "--pull",
  "--force",
  "--",
  "-",
  "--nope",
  "--__proto__",
  "--constructor",
  "--toString",
];

const GOOD_VALUES = [
  "connections",
  "1/4",
  "0/4",
  "4/3",
  "10%",
  "101%",
  "3",
  "0",
  "256",
  "257",
  "1e3",
  "0x10",
  "30",
  "24h",
  "1h30m",
  "999d",
  "always",
  "bash",
  "settings",
  "*",
  "a*b*c*d*e*f",
  "!x",
  "429#1-3,reset@PUT",
  "http://127.0.0.1:1/v1",
  "plan.json",
  "8080",
  "65536",
  "Infinity",
  "NaN",
  "-1",
  "١",
];

/** Where a secret may be by mistake: as the value of an option. A rule of --faults is named in its refusal, for it is made of words alone. */
const SECRETS = [CANARY, API_KEY, `https://u:${CANARY}@host/`];

const value = fc.oneof(
  { arbitrary: fc.constantFrom(...GOOD_VALUES), weight: 6 },
  {
    arbitrary: fc.constantFrom(
      ...WORDS,
      ...VALUES.slice(0, 60),
      "",
      "x".repeat(2_000),
      "*".repeat(900),
      "a/".repeat(600),
    ),
    weight: 3,
  },
);

const part: fc.Arbitrary<readonly string[]> = fc.oneof(
  { arbitrary: fc.constantFrom(...OPTIONS).map((option) => [option]), weight: 4 },
  { arbitrary: fc.tuple(fc.constantFrom(...OPTIONS), value).map(([option, text]) => [option, text]), weight: 6 },
  { arbitrary: fc.tuple(fc.constantFrom(...OPTIONS), value).map(([option, text]) => [`${option}=${text}`]), weight: 3 },
  {
    arbitrary: fc
      .tuple(
        fc.constantFrom(...OPTIONS.filter((option) => /^--\w[^=]*$/.test(option) && option !== "--faults")),
        fc.constantFrom(...SECRETS),
        fc.boolean(),
      )
      .map(([option, text, isOne]) => (isOne ? [`${option}=${text}`] : [option, text])),
    weight: 2,
  },
  { arbitrary: value.map((text) => [text]), weight: 1 },
);

const argv = fc
  .record({
    before: fc.array(part, { maxLength: 1 }),
    command: fc.oneof({ arbitrary: fc.constantFrom(...COMMANDS), weight: 12 }, { arbitrary: value, weight: 1 }),
    parts: fc.array(part, { maxLength: 6 }),
    isFirst: fc.nat(9),
  })
  .map(({ before, command, parts, isFirst }) => [...(isFirst === 0 ? before.flat() : []), command, ...parts.flat()]);

/** Command lines: what is asked for, help, or one problem with a next step; and what a shell is answered that asks how they go on. */
export const argumentsOfCommands: Target = {
  name: "arguments",
  extension: "json",
  share: 10,
  inputs: argv.map((words) => Buffer.from(JSON.stringify(words))),
  async run(input): Promise<Seen> {
    const words = (JSON.parse(Buffer.from(input).toString("utf8")) as readonly unknown[]).map(String);
    const parsed = parseArguments(words, "1.2.3");
    const problems: readonly Problem[] = parsed.kind === "wrong" ? [parsed.problem] : [];
    const told = ["human", "json"].map((kind) => {
      const { terminal, shown } = terminalWith({ NO_COLOR: "1" });
      const options = {
        json: kind === "json",
        color: "auto",
        progress: false,
        quiet: false,
        verbose: false,
        debug: false,
      } as const;
      if (parsed.kind === "wrong") new Output(terminal, options, TOOL).failure(parsed.command, problems, 64);
      return shown;
    });
    const [human = [], json = []] = told;
    const texts = [
      { kind: "human" as const, text: parsed.kind === "text" ? parsed.text : human.join("") },
      ...(parsed.kind === "wrong" ? [{ kind: "json" as const, text: json.at(-1) ?? "" }] : []),
    ];
    const complaints = problems
      .filter(({ code }) => !code.startsWith("USAGE."))
      .map(({ code }) => `usage: ${code} is none of a command line's`);
    for (const shell of ["bash", "zsh", "fish"]) {
      const said = shell === "bash" ? [words.join(" "), " =:"] : words;
      answerShell(shell, said.map((word) => `${word}\0`).join(""), undefined);
    }
    return { problems, texts, files: new Map(), writes: [], complaints };
  },
};
