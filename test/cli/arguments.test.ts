import { describe, expect, it } from "vitest";
import { helpOf, parseArguments } from "../../src/cli/arguments.js";
import type { CommandOptions } from "../../src/cli/options.js";
import { exitCodes } from "../../src/report/exit-code.js";

function options(...argv: readonly string[]): CommandOptions {
  const parsed = parseArguments(argv, "1.2.3");
  if (parsed.kind !== "command") throw new Error(JSON.stringify(parsed));
  return parsed.options;
}

function usage(...argv: readonly string[]): string {
  const parsed = parseArguments(argv, "1.2.3");
  if (parsed.kind !== "wrong") throw new Error(`accepted: ${argv.join(" ")}`);
  return parsed.problem.code;
}

describe("a command line", () => {
  it("without options means the defaults", () => {
    expect(options("apply")).toEqual({
      command: "apply",
      env: [],
      paths: [],
      only: [],
      requireEnv: false,
      detailedExitcode: false,
      yes: false,
      failFast: false,
      insecureHttp: false,
      into: {},
      allowDangerous: false,
      writeSecrets: "none",
      adopt: false,
      assumeSecrets: false,
      replaces: [],
      json: false,
      color: "auto",
      progress: true,
      quiet: false,
      verbose: false,
      debug: false,
    });
  });

  it.each([
    [["plan", "-d", "a", "--dir", "b"], { paths: ["a", "b"] }],
    [["validate", "a", "b.yaml", "-d", "c"], { paths: ["a", "b.yaml"] }],
    [["plan", "--only", "x", "--only", "y*"], { only: ["x", "y*"] }],
    [
      ["plan", "--base-url", "https://x/v1", "--environment-id", "env_1"],
      { baseUrl: "https://x/v1", environmentId: "env_1" },
    ],
    [["plan", "--environment-id="], { environmentId: "" }],
    [["plan", "-c", "f.yaml", "-e", "a", "--env", "eu-*"], { config: "f.yaml", env: ["a", "eu-*"] }],
    [["validate", "--config=f.yaml", "--env=a"], { config: "f.yaml", env: ["a"] }],
    [["apply", "--shard", "2/3"], { shard: { index: 2, count: 3 } }],
    [["plan", "--shard=1/1", "--env", "*"], { shard: { index: 1, count: 1 }, env: ["*"] }],
    [
      ["prune", "-e", "a", "--yes", "--allow-dangerous", "--max-changes", "3", "--fail-fast"],
      { command: "prune", env: ["a"], yes: true, allowDangerous: true, failFast: true },
    ],
    [["plan", "--parallelism", "256", "--timeout", "0.5"], { parallelism: 256, timeoutMs: 500 }],
    [["pull", "--deadline", "90", "--insecure-http"], { deadlineMs: 90_000, insecureHttp: true }],
    [["doctor", "--ca-file", "ca.pem"], { caFile: "ca.pem", insecureHttp: false }],
    [["plan", "--max-changes", "3"], { maxChanges: { kind: "count", count: 3 } }],
    [["apply", "--max-changes", "12.5%"], { maxChanges: { kind: "percent", percent: 12.5 } }],
    [["apply", "--max-changes=0"], { maxChanges: { kind: "count", count: 0 } }],
    [["plan", "--detailed-exitcode", "--require-env"], { detailedExitcode: true, requireEnv: true }],
    [["plan", "--out", "p.json"], { out: "p.json" }],
    [["plan", "--out", "p.json", "--expires", "90m"], { out: "p.json", expiresInMs: 5_400_000 }],
    [["plan", "--out=p", "--expires=1h30m"], { expiresInMs: 5_400_000 }],
    [["plan", "--out=p", "--expires=7d"], { expiresInMs: 604_800_000 }],
    [["apply", "p.json", "-d", "x"], { planFile: "p.json", paths: ["x"] }],
    [["apply", "--replace", "A", "--replace=b.yaml"], { replaces: ["A", "b.yaml"] }],
    [["apply", "--recover", "f.json", "--only", "A"], { recoveryFile: "f.json", only: ["A"] }],
    [["apply", "--yes", "--fail-fast", "--allow-dangerous"], { yes: true, failFast: true, allowDangerous: true }],
    [
      ["plan", "--json", "--color", "never", "--no-progress", "-q", "-v", "--debug"],
      { json: true, color: "never", progress: false, quiet: true, verbose: true, debug: true },
    ],
    [["plan", "-qv"], { quiet: true, verbose: true }],
    [["plan", "--write-secrets"], { writeSecrets: "all" }],
    [["apply", "--write-secrets=Stripe", "--write-secrets=a.yaml"], { writeSecrets: ["Stripe", "a.yaml"] }],
    [["apply", "--write-secrets=Stripe", "--write-secrets"], { writeSecrets: "all" }],
    [["apply", "--write-secrets", "--write-secrets=Stripe"], { writeSecrets: "all" }],
    [["apply", "--write-secrets", "--yes"], { writeSecrets: "all", yes: true }],
    [["apply", "--adopt", "--assume-secrets"], { adopt: true, assumeSecrets: true }],
    [["keygen"], { command: "keygen", json: false }],
    [["sandbox"], { command: "sandbox", port: 8080 }],
    [
      ["sandbox", "--port", "0", "--key", "k", "--environment-id", "env_1", "--seed", "f.json"],
      { port: 0, key: "k", environmentId: "env_1", seed: "f.json" },
    ],
    [
      ["sandbox", "--faults", "429=seconds:2@PUT#6-8, twins=stripe, seed=7"],
      {
        faults: {
          rules: [
            {
              fault: {
                kind: "answer",
                answer: { kind: "status", status: 429, isDone: false, retryAfter: { form: "seconds", seconds: 2 } },
              },
              where: ["PUT"],
              which: { kind: "counted", from: 6, to: 8 },
            },
          ],
          start: { twins: ["stripe"], pending: [], isReadOnly: false, hasOldErrors: false },
          seed: 7,
        },
      },
    ],
    [["schema"], { command: "schema", name: "connection" }],
    [["schema", "result"], { name: "result" }],
  ])("%j", (argv, expected) => {
    expect(options(...argv)).toMatchObject(expected);
  });

  it.each([
    [["plan", "--frobnicate"], "USAGE.UNKNOWN_OPTION"],
    [["plan", "--yes"], "USAGE.UNKNOWN_OPTION"],
    [["validate", "--base-url", "x"], "USAGE.UNKNOWN_OPTION"],
    [["validate", "--only", "x"], "USAGE.UNKNOWN_OPTION"],
    [["apply", "--detailed-exitcode"], "USAGE.UNKNOWN_OPTION"],
    [["schema", "-d", "x"], "USAGE.UNKNOWN_OPTION"],
    [["apply", "--yes=true"], "USAGE.BAD_VALUE"],
    [["plan", "--json=1"], "USAGE.BAD_VALUE"],
    [["apply", "--ye"], "USAGE.UNKNOWN_OPTION"],
    [["-x"], "USAGE.UNKNOWN_OPTION"],
    [["plna"], "USAGE.UNKNOWN_COMMAND"],
    [["plan", "extra"], "USAGE.STRAY_ARGUMENT"],
    [["apply", "a", "b"], "USAGE.STRAY_ARGUMENT"],
    [["apply", "--write-secrets", "Stripe"], "USAGE.CONFLICT"],
    [["apply", "--write-secrets="], "USAGE.BAD_VALUE"],
    [["apply", "--adopt=x"], "USAGE.BAD_VALUE"],
    [["apply", "--assume-secrets"], "USAGE.CONFLICT"],
    [["apply", "--adopt", "--assume-secrets", "--write-secrets"], "USAGE.CONFLICT"],
    [["keygen", "x"], "USAGE.STRAY_ARGUMENT"],
    [["keygen", "--yes"], "USAGE.UNKNOWN_OPTION"],
    [["validate", "--adopt"], "USAGE.UNKNOWN_OPTION"],
    [["validate", "--write-secrets"], "USAGE.UNKNOWN_OPTION"],
    [["schema", "connection", "x"], "USAGE.STRAY_ARGUMENT"],
    [["plan", "--timeout"], "USAGE.MISSING_VALUE"],
    [["plan", "-d"], "USAGE.MISSING_VALUE"],
    ...["0", "257", "-1", "1.5", "x", "", "1e1", "0x8"].map((value) => [
      ["plan", `--parallelism=${value}`],
      "USAGE.BAD_VALUE",
    ]),
    ...["0", "-1", "x", "", "1e9", "Infinity"].map((value) => [["plan", `--timeout=${value}`], "USAGE.BAD_VALUE"]),
    ...["-1", "x", "101%", "%", "1.5", ""].map((value) => [["apply", `--max-changes=${value}`], "USAGE.BAD_VALUE"]),
    ...["65536", "-1", "x"].map((value) => [["sandbox", `--port=${value}`], "USAGE.BAD_VALUE"]),
    ...["0s", "-1h", "1", "h", "1h 30m", "1w", "", "367d", "x", "1e3s"].map((value) => [
      ["plan", "--out=p", `--expires=${value}`],
      "USAGE.BAD_VALUE",
    ]),
    [["plan", "--expires", "1h"], "USAGE.CONFLICT"],
    [["plan", "--out", ""], "USAGE.BAD_VALUE"],
    [["plan", "--out", "--json"], "USAGE.BAD_VALUE"],
    [["apply", "--recover", "--only"], "USAGE.BAD_VALUE"],
    [["plan", "p.json"], "USAGE.STRAY_ARGUMENT"],
    [["plan", "--recover", "f"], "USAGE.UNKNOWN_OPTION"],
    [["apply", "--out", "p"], "USAGE.UNKNOWN_OPTION"],
    [["apply", "p.json", "q.json"], "USAGE.STRAY_ARGUMENT"],
    [["apply", ""], "USAGE.BAD_VALUE"],
    ...[["--only", "x"], ["--adopt"], ["--write-secrets=x"], ["--replace", "x"], ["--recover", "f"]].map((more) => [
      ["apply", "p.json", ...more],
      "USAGE.CONFLICT",
    ]),
    ...[["--adopt"], ["--write-secrets"], ["--replace", "x"]].map((more) => [
      ["apply", "--recover", "f", ...more],
      "USAGE.CONFLICT",
    ]),
    [["plan", "--color", "red"], "USAGE.BAD_VALUE"],
    [["plan", "--only", ""], "USAGE.BAD_VALUE"],
    [["plan", "--only", "!x"], "USAGE.BAD_VALUE"],
    [["plan", "--only", "*a*b*c*d*e"], "USAGE.BAD_VALUE"],
    [["plan", "--only", "x".repeat(1_025)], "USAGE.BAD_VALUE"],
    [["--yes", "apply"], "USAGE.UNKNOWN_OPTION"],
    [["plan", "-d", ""], "USAGE.BAD_VALUE"],
    [["validate", ""], "USAGE.BAD_VALUE"],
    [["sandbox", "--key", ""], "USAGE.BAD_VALUE"],
    [["sandbox", "--key", "a b"], "USAGE.BAD_VALUE"],
    [["sandbox", "--environment-id", ""], "USAGE.BAD_VALUE"],
    ...["", "nope", "429@PATCH", "slow", "429#0", "twins=nope", "429\n@PATCH"].map((value) => [
      ["sandbox", `--faults=${value}`],
      "USAGE.BAD_VALUE",
    ]),
    [["plan", "--faults", "429"], "USAGE.UNKNOWN_OPTION"],
    [["help", "nope"], "USAGE.UNKNOWN_COMMAND"],
    [["plan", "--shard", "0/2"], "USAGE.BAD_VALUE"],
    [["plan", "--shard", "3/2"], "USAGE.BAD_VALUE"],
    [["plan", "--shard", "1"], "USAGE.BAD_VALUE"],
    [["plan", "--shard", "1/0"], "USAGE.BAD_VALUE"],
    [["plan", "--shard", "1/2/3"], "USAGE.BAD_VALUE"],
    [["plan", "--shard", "-1/2"], "USAGE.BAD_VALUE"],
    [["plan", "--env", ""], "USAGE.BAD_VALUE"],
    [["plan", "--json-into"], "USAGE.MISSING_VALUE"],
    [["plan", "--html-into", ""], "USAGE.BAD_VALUE"],
    [["plan", "--sarif-into", "--yes"], "USAGE.BAD_VALUE"],
    [["prune", "--markdown-into", "x"], "USAGE.UNKNOWN_OPTION"],
    [["pull", "--json-into", "x"], "USAGE.UNKNOWN_OPTION"],
    [["plan", "--env", "!prod"], "USAGE.BAD_VALUE"],
    [["plan", "--config", ""], "USAGE.BAD_VALUE"],
    [["prune", "--only", "x"], "USAGE.UNKNOWN_OPTION"],
    [["prune", "-d", "x"], "USAGE.UNKNOWN_OPTION"],
    [["prune", "--shard", "1/2"], "USAGE.UNKNOWN_OPTION"],
    [["validate", "--shard", "1/2"], "USAGE.UNKNOWN_OPTION"],
    [["apply", "p.json", "--env", "a"], "USAGE.CONFLICT"],
    [["apply", "p.json", "--shard", "1/2"], "USAGE.CONFLICT"],
    [["apply", "--recover", "f.json", "--shard", "1/2"], "USAGE.CONFLICT"],
    [["schema", "nope"], "USAGE.BAD_VALUE"],
    [[], "USAGE.NO_COMMAND"],
  ] as [string[], string][])("%j is wrong: %s", (argv, code) => {
    expect(usage(...argv)).toBe(code);
  });

  it.each([
    [["plan", "--deadline", "0"]],
    [["plan", "--deadline", "soon"]],
    [["apply", "--insecure-http=yes"]],
    [["doctor", "--ca-file", "--json"]],
  ])("takes no %j", (argv) => {
    expect(usage(...argv)).toBe("USAGE.BAD_VALUE");
  });

  it.each(["--deadline", "--insecure-http", "--ca-file"])("has no %s where no network is asked", (option) => {
    for (const command of ["validate", "keygen", "schema", "sandbox"])
      expect(usage(command, option)).toBe("USAGE.UNKNOWN_OPTION");
  });

  it.each([
    [["plan", "--api-key=canary"], "plan has no option --api-key."],
    [["sandbox", "--key", "canary with blanks"], "--key: it takes letters, digits and signs without blanks."],
    [["plan", "--timeout", "canary"], "--timeout: it takes a number of seconds above 0, at most 2147483."],
    [["plan", "canary"], "plan does not take so many arguments."],
    [
      ["schema", "canary"],
      "the argument of schema: it takes one of connection, settings, result, plan, recovery, seed.",
    ],
    [["plan", "--color", "canary"], "--color: allowed choices are auto, always, never."],
  ])("says what is wrong with %j without repeating a value", (argv, words) => {
    const parsed = parseArguments(argv, "1.2.3");
    expect(parsed.kind === "wrong" && parsed.problem.message.split(": ").slice(1).join(": ")).toBe(words);
    expect(JSON.stringify(parsed)).not.toContain("canary");
  });

  it.each([
    [
      "429@PUT, 429@PATCH",
      'in the rule "429@PATCH" @ takes one or several of GET, POST, PUT, DELETE, list, joined by +.',
    ],
    ["reset\u001b[2J\n@GET", /^in the rule "reset\[2J@GET" the kind is none of 429, .*, seed\.$/],
    [`${"x".repeat(39)}yz`, new RegExp(`^in the rule "${"x".repeat(39)}y…" the kind is`)],
  ])("says which rule of faults is wrong: %j", (spec, words) => {
    const parsed = parseArguments(["sandbox", "--faults", spec], "1.2.3");
    const told = parsed.kind === "wrong" ? parsed.problem.message.split("--faults: ").at(1) : undefined;
    if (typeof words === "string") expect(told).toBe(words);
    else expect(told).toMatch(words);
  });

  it("that takes no value says so", () => {
    expect(JSON.stringify(parseArguments(["plan", "--json=1"], "1.2.3"))).toContain("--json takes no value.");
  });

  it("is named by its long form", () => {
    for (const argv of [
      ["plan", "-d", ""],
      ["plan", "--dir="],
    ]) {
      const parsed = parseArguments(argv, "1.2.3");
      expect(JSON.stringify(parsed)).toContain("--dir: it takes a text that is not empty.");
    }
  });

  it("suggests what was probably meant", () => {
    const parsed = parseArguments(["plan", "--detailed-exitcod"], "1.2.3");
    expect(parsed.kind === "wrong" && parsed.problem.hint).toContain("did you mean --detailed-exitcode?");
  });
});

describe("help", () => {
  it.each([["--help"], ["-h"], ["help"], ["plan", "--help"], ["help", "apply"], ["apply", "-h"]])(
    "is printed for %s",
    (...argv) => {
      const parsed = parseArguments(argv, "1.2.3");
      expect(parsed).toMatchObject({ kind: "text" });
      expect(parsed.kind === "text" && parsed.text).toContain("Usage: flexprice-sync");
    },
  );

  it("tells the meaning of every exit code", () => {
    const parsed = parseArguments(["apply", "--help"], "1.2.3");
    for (const { code, meaning } of exitCodes) {
      expect(parsed.kind === "text" && parsed.text).toMatch(new RegExp(`\\s${code}  ${meaning.slice(0, 20)}`));
    }
  });

  it("holds every option of its command", () => {
    expect(helpOf("plan", "1.2.3")).toContain("--max-changes <n|n%>");
  });

  it.each([["--version"], ["plan", "--version"]])("gives the version for %s", (...argv) => {
    expect(parseArguments(argv, "1.2.3")).toEqual({ kind: "text", text: "1.2.3\n" });
  });
});
