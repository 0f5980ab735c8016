import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";
import { problemCodes } from "../../src/model/problem.js";
import { folderWith } from "../support/folder.js";
import { documentOf, ended, run, start } from "../support/program.js";
import { accessTo, row, service } from "../support/service.js";

const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  version: string;
};

describe("the built program", () => {
  it("prints its version and its help on stdout", async () => {
    const cwd = folderWith();
    expect(await run(["--version"], { cwd })).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
    const help = await run(["--help"], { cwd });
    expect(help).toMatchObject({ code: 0, stderr: "" });
    expect(help.stdout).toContain("Exit codes:");
  });

  it("exits with 64 on a wrong command line, with a document when asked for one", async () => {
    const cwd = folderWith();
    const plain = await run(["plan", "--nope"], { cwd });
    expect(plain).toMatchObject({ code: 64, stdout: "" });
    expect(plain.stderr).toBe(
      "error[USAGE.UNKNOWN_OPTION] Unknown option: plan has no option --nope.\nhint: flexprice-sync plan --help lists what there is.\n",
    );
    const document = documentOf(await run(["plan", "--json", "--nope"], { cwd }));
    expect(document).toMatchObject({ command: "plan", exit_code: 64, problems: [{ code: "USAGE.UNKNOWN_OPTION" }] });
    expect((await run([], { cwd })).code).toBe(64);
  });

  it("says to somebody in the wrong folder where the right one is", async () => {
    const definition = "name: S\nprovider_type: stripe\n";
    const settings =
      'environments:\n  eu: { base_url: https://us.api.flexprice.io/v1, api_key: "${K}", connections: [connections] }\n';
    const cwd = folderWith({ "repo/flexprice-sync.yaml": settings, "repo/connections/s.yaml": definition });
    const above = await run(["validate", "."], { cwd });
    expect([above.code, above.stderr.match(/^error/gm)?.length]).toEqual([3, 1]);
    expect(above.stderr).toContain(
      "error[VALIDATE.NOT_A_DEFINITION] repo/flexprice-sync.yaml:1:1: Not a definition: this is a settings file",
    );
    const below = await run(["validate"], { cwd: `${cwd}/repo/connections` });
    expect([below.code, below.stderr]).toEqual([
      3,
      expect.stringContaining("hint: flexprice-sync.yaml is in the folder above: run it there."),
    ]);
  });

  it("names what was probably meant, and no help for what is no command", async () => {
    const cwd = folderWith({ "connections/s.yaml": "nmae: S\nprovider_type: Stripe\n" });
    const { stderr } = await run(["validate"], { cwd });
    expect(stderr).toContain("hint: did you mean name? known here: name,");
    expect(stderr).toContain("hint: did you mean stripe? write it exactly");
    expect(await run(["status", "--help"], { cwd })).toMatchObject({ code: 64, stdout: "" });
  });

  it("shows blanks that are no blank by their codes", async () => {
    const live = await service([row({ id: "conn_s", provider_type: "stripe", name: "S", metadata: { a: "x y" } })]);
    const cwd = folderWith({ "connections/s.yaml": 'name: S\nprovider_type: stripe\nmetadata: { a: "x\u00a0y" }\n' });
    expect((await run(["plan"], { cwd, env: accessTo(live) })).stdout).toContain('"x y" → "x\\u00a0y"');
  });

  it("prints no escape byte without a terminal, whatever a job asks for, and asks nobody", async () => {
    const live = await service([
      row({ id: "conn_s", provider_type: "stripe", name: "S", metadata: { note: "old ".repeat(60) } }),
    ]);
    const text = `name: S\nprovider_type: stripe\nmetadata: { note: "${"new ".repeat(60)}" }\n`;
    const forced = { ...accessTo(live), FORCE_COLOR: "3", CLICOLOR_FORCE: "1", COLUMNS: "60", TERM: "xterm-256color" };
    const commands =
      "validate|plan|apply|apply --yes|pull|prune|doctor|init|keygen|schema|completion zsh|--help|plan --help|nope";
    for (const more of [{}, { CI: "1", GITHUB_ACTIONS: "true" }]) {
      for (const command of commands.split("|")) {
        const cwd = folderWith({ "connections/s.yaml": text });
        const { stdout, stderr } = await run(command.split(" "), { cwd, env: { ...forced, ...more } });
        expect([command, `${stdout}${stderr}`.includes("\u001b")]).toEqual([command, false]);
        expect([command, stderr.includes("Only yes is taken")]).toEqual([command, false]);
      }
    }
  });

  it("prints a schema that is one self-contained 2020-12 document", async () => {
    const cwd = folderWith();
    for (const name of ["connection", "result", "seed"]) {
      const printed = await run(["schema", name], { cwd });
      expect(printed).toMatchObject({ code: 0, stderr: "" });
      const schema = JSON.parse(printed.stdout) as Record<string, unknown>;
      expect(schema["$schema"]).toBe("https://json-schema.org/draft/2020-12/schema");
      expect(printed.stdout).not.toMatch(/"\$ref": "(?!#)/);
      expect(() => new Ajv2020({ strict: false }).compile(schema)).not.toThrow();
    }
  });

  it("writes exactly one document to stdout with --json, whatever happens, and no escape byte anywhere", async () => {
    const live = await service([row({ id: "conn_1", provider_type: "stripe" })]);
    const good = folderWith({
      "connections/a.yaml": "name: S\nprovider_type: stripe\n",
      "connections/b.yaml": "# empty\n",
    });
    const bad = folderWith({ "connections/a.yaml": "nope: [" });
    const cases: readonly [string, string, Readonly<Record<string, string>>, number][] = [
      ["plan", good, accessTo(live), 0],
      ["plan", good, {}, 3],
      ["apply", good, accessTo(live), 6],
      ["validate", bad, {}, 3],
      ["plan", good, accessTo(live, { FLEXPRICE_API_KEY: "wrong" }), 1],
    ];
    for (const [command, cwd, env, code] of cases) {
      for (const more of [[], ["--debug", "-v"]]) {
        const result = await run([command, "--json", ...more], { cwd, env });
        expect(documentOf(result)).toMatchObject({ command, exit_code: code });
        expect(result.stdout + result.stderr).not.toContain("\u001b");
      }
    }
  });

  it("colours only when told to, outside of a terminal", async () => {
    const cwd = folderWith({ "connections/a.yaml": "nope: 1\n" });
    expect((await run(["validate"], { cwd })).stderr).not.toContain("\u001b");
    expect(
      (await run(["validate", "--color", "never"], { cwd, env: { FORCE_COLOR: "1", CI: "1" } })).stderr,
    ).not.toContain("\u001b");
    expect((await run(["validate", "--color", "always"], { cwd })).stderr).toContain("\u001b[31merror[VALIDATE");
  });

  it("says little with -q, one line a request with -v, and every step with --debug", async () => {
    const live = await service([row({ id: "conn_1", provider_type: "stripe", name: "T" })]);
    const cwd = folderWith({ "connections/a.yaml": "name: S\nprovider_type: stripe\n", "connections/b.yaml": "" });
    const env = accessTo(live);
    const quiet = await run(["plan", "-q"], { cwd, env });
    expect(quiet).toEqual({
      code: 0,
      stderr: "",
      stdout: "Plan: 0 to create, 1 to update, 0 to replace, 0 to archive, 0 unchanged, 0 blocked, 0 unknown.\n",
    });
    const verbose = await run(["plan", "-q", "-v"], { cwd, env });
    expect(verbose.stderr).toMatch(/^GET http:\/\/127\.0\.0\.1:\d+\/v1\/connections 200 in \d+ ms\n$/);
    const debug = await run(["apply", "--yes", "-q", "--debug"], { cwd, env });
    expect(debug.stderr).toContain("PUT");
    expect(debug.stderr).toContain("x-api-key (secret), body with name");
  });

  it("takes a secret from the file that NAME_FILE names", async () => {
    const live = await service([]);
    const cwd = folderWith({
      "connections/a.yaml": "name: F\nprovider_type: flexprice\nencrypted_secret_data: { token: '${RELAY}' }\n",
      "secrets/relay": "from a file\n",
    });
    const result = await run(["apply", "--yes"], { cwd, env: accessTo(live, { RELAY_FILE: "secrets/relay" }) });
    expect(result.code).toBe(0);
    expect(live.writes()[0]?.body.encrypted_secret_data).toEqual({ token: "from a file" });
    for (const [file, why] of [
      ["secrets/gone", "there is no such file"],
      ["secrets", "not a regular file"],
      ["/dev/zero", "not a regular file"],
    ] as const) {
      const refused = await run(["validate", "--require-env"], { cwd, env: { RELAY_FILE: file } });
      expect(refused.code).toBe(3);
      expect(refused.stderr).toMatch(/error\[SECRETS\.UNREADABLE\] connections\/a\.yaml:3:\d+:/);
      expect(refused.stderr).toContain(why);
    }
  });

  it("lists every missing variable with --require-env before any request", async () => {
    const live = await service([]);
    const cwd = folderWith({
      "connections/a.yaml":
        "name: F\nprovider_type: flexprice\nencrypted_secret_data: { a: '${A}', b: '${B}' }\nmetadata: { c: '${C}' }\n",
    });
    for (const command of ["plan", "apply", "validate"]) {
      const result = await run([command, "--require-env", "--json"], {
        cwd,
        env: command === "validate" ? {} : accessTo(live),
      });
      expect(result.code).toBe(3);
      expect(
        documentOf(result)
          .problems.filter(({ severity }) => severity === "error")
          .map(({ message }) => message),
      ).toEqual([
        "Missing variable: A is not set.",
        "Missing variable: B is not set.",
        "Missing variable: C is not set.",
      ]);
    }
    expect(live.received).toEqual([]);
  });

  it("goes on in plan without the variables, and stops in apply before the first write where they are needed", async () => {
    const live = await service([row({ id: "conn_1", provider_type: "stripe", name: "S", metadata: { b: 1 } })]);
    const cwd = folderWith({
      "connections/a.yaml":
        "name: S\nprovider_type: stripe\nencrypted_secret_data: { secret_key: '${KEY}' }\nmetadata: { b: 2 }\n",
      "connections/b.yaml": "name: F\nprovider_type: flexprice\nmetadata: { c: '${C}' }\n",
    });
    const plan = await run(["plan"], { cwd, env: accessTo(live) });
    expect(plan.code).toBe(0);
    expect(plan.stdout).toContain("? metadata.c  unresolved: C is not set");
    expect(plan.stdout).toContain("? encrypted_secret_data.stripe.secret_key  unresolved: KEY is not set");
    const apply = await run(["apply", "--yes"], { cwd, env: accessTo(live) });
    expect(apply.code).toBe(3);
    expect(apply.stderr).toContain("error[SECRETS.UNSET] connections/b.yaml:3:16:");
    expect(apply.stderr).toContain("warning[SECRETS.UNSET] connections/a.yaml:3:38:");
    expect(live.writes()).toEqual([]);
    const only = await run(["apply", "--yes", "--only", "S"], { cwd, env: accessTo(live) });
    expect(only.code).toBe(0);
    expect(live.writes()).toHaveLength(1);
  });

  it("gives every error a code of the table, a next step, and its place where it has one", async () => {
    const cwd = folderWith({
      "connections/a.yaml": "name: 1\nprovider_type: x\nmetadata:\nextra: y\n",
      "connections/b.yaml": "a: [",
    });
    const { problems } = documentOf(await run(["plan", "--json"], { cwd }));
    expect(problems.length).toBeGreaterThan(5);
    for (const { code, hint, message } of problems) {
      expect(Object.keys(problemCodes)).toContain(code);
      expect(hint).toMatch(/\S/);
      expect(message).toMatch(/^[A-Z].*[.)]$/);
    }
  });
});

describe("the sandbox", () => {
  async function listening(args: readonly string[], cwd: string) {
    const child = start(["sandbox", "--port", "0", ...args], { cwd });
    const output = ended(child);
    const text = await new Promise<string>((resolve) => child.stdout?.once("data", (chunk) => resolve(String(chunk))));
    return { child, output, text };
  }

  it("prints the variables that lead to it, serves a plan and an apply, and ends on a signal", async () => {
    const cwd = folderWith({ "connections/a.yaml": "name: F\nprovider_type: flexprice\nmetadata: { a: 1 }\n" });
    const { child, output, text } = await listening([], cwd);
    const env = Object.fromEntries(
      [...text.matchAll(/^export (\w+)=(.+)$/gm)].map(([, name = "", value = ""]) => [name, value]),
    );
    expect(Object.keys(env)).toEqual(["FLEXPRICE_BASE_URL", "FLEXPRICE_API_KEY", "FLEXPRICE_ENVIRONMENT_ID"]);
    expect((await run(["apply", "--yes"], { cwd, env })).code).toBe(0);
    const plan = await run(["plan", "--detailed-exitcode"], { cwd, env });
    expect(plan.code).toBe(0);
    expect(plan.stdout).toContain(`Environment: ${env["FLEXPRICE_ENVIRONMENT_ID"]}`);
    child.kill("SIGTERM");
    expect((await output).code).toBe(143);
  });

  it("does not repeat a key that was given to it", async () => {
    const { child, output } = await listening(["--key", "sk_canary", "--json"], folderWith());
    child.kill("SIGINT");
    const result = await output;
    expect(result.code).toBe(130);
    expect(result.stdout + result.stderr).not.toContain("canary");
  });

  it.each([
    ["that is missing", undefined, /there is no file seed\.json/],
    ["that is no seed", "[]", /seed\.json:1:1: .*the document must be a map/],
    [
      "with a provider nobody knows",
      '{"connections": [{"name": "x", "provider_type": "nope"}]}',
      /seed\.json:1:49: .*not one of aws_marketplace, .*, zoho_books/,
    ],
    ["that is no JSON", '{"connections": [', /Not valid YAML/],
  ])("refuses a seed %s", async (_what, content, message) => {
    const cwd = folderWith(content === undefined ? {} : { "seed.json": content });
    const result = await run(["sandbox", "--port", "0", "--seed", "seed.json"], { cwd });
    expect(result.code).toBe(3);
    expect(result.stderr).toMatch(message);
  });

  it("says so when its port is taken", async () => {
    const live = await service([]);
    const { port } = new URL(live.baseUrl);
    const result = await run(["sandbox", "--port", port], { cwd: folderWith() });
    expect(result.code).toBe(1);
    expect(result.stderr).toContain("error[SANDBOX.NO_PORT]");
  });
});
