import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, symlinkSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { catalogue } from "../src/generated/catalogue.js";
import { startSandbox } from "../src/sandbox/server.js";
import { folderWith } from "./support/folder.js";
import { documentOf, ended, program, run, start, targetOf } from "./support/program.js";
import { API_KEY, accessTo, row, send, service } from "./support/service.js";

/*
 * Input that nobody means well with, or that broke something once: always an answer with a next step, never a stack trace,
 * a hang, a leak, or a write that should not be.
 */

const stripe = "name: S\nprovider_type: stripe\nmetadata: { team: billing }\n";
const files = { "connections/s.yaml": stripe };
const [known] = [row({ id: "conn_s", provider_type: "stripe", name: "S", metadata: { team: "old" } })];

describe("rows that are not what they should be", () => {
  it.each([
    ["an id with half a surrogate pair", { id: "conn_\ud800" }],
    ["an id that leads elsewhere", { id: ".." }],
    ["an id with a slash", { id: "conn/../x" }],
    ["an id with a line break", { id: "conn_1\nx" }],
    ["an id of ten thousand characters", { id: "c".repeat(10_000) }],
    ["an id that repeats the key", { id: API_KEY }],
    ["an environment that repeats the key", { environment_id: `x.${API_KEY}` }],
    ["metadata that is a list", { metadata: [] }],
  ])("stop the run: %s", async (_what, facts) => {
    const live = await service([
      known,
      { ...row({ id: "conn_h", provider_type: "hubspot" }), ...(facts as object) } as never,
    ]);
    const result = await run(["apply", "--yes"], { cwd: folderWith(files), env: accessTo(live) });
    expect(result.code).toBe(1);
    expect(result.stderr).toContain("error[SERVICE.WRONG_SHAPE]");
    expect(result.stderr).not.toContain("    at ");
    expect(result.stderr).not.toContain(API_KEY);
    expect(live.writes()).toEqual([]);
  });

  it("stop the run when a number would change on its way through", async () => {
    for (const number of ["12345678901234567891", "1e400"]) {
      const text = JSON.stringify({ connections: [known], total: 1 }).replace(
        '"team":"old"',
        `"team":"old","order":${number},"text":"12345678901234567891"`,
      );
      const live = await service([known], ({ method }, response) =>
        method === "GET" ? send(response, 200, text) : false,
      );
      const result = await run(["apply", "--yes"], { cwd: folderWith(files), env: accessTo(live) });
      expect(result.code).toBe(1);
      expect(result.stderr).toContain("a number that would change on its way through JSON");
      expect(live.writes()).toEqual([]);
    }
    const asText = JSON.stringify({
      connections: [
        { ...known, metadata: { team: "old", a: "12345678901234567891", b: 1e21, c: 12345678901234567000, d: 0.1 } },
      ],
      total: 1,
    });
    const live = await service([known], ({ method }, response) =>
      method === "GET" ? send(response, 200, asText) : false,
    );
    expect((await run(["plan"], { cwd: folderWith(files), env: accessTo(live) })).code).toBe(0);
  });

  it("are no rows when they are not live", async () => {
    const live = await service([{ ...known, status: "archived" }]);
    const result = await run(["plan", "--json"], {
      cwd: folderWith({ "connections/f.yaml": "name: S\nprovider_type: flexprice\n" }),
      env: accessTo(live),
    });
    expect(targetOf(result).summary).toMatchObject({ create: 1, unclaimed: 0 });
  });

  it("are many: keys, rows and pages without end", async () => {
    const wide = {
      team: "old",
      ...Object.fromEntries(Array.from({ length: 150_000 }, (_, index) => [`k${index}`, 1])),
    };
    const live = await service([known], ({ method }, response) =>
      method === "PUT" ? send(response, 200, { ...known, metadata: wide }) : false,
    );
    const result = await run(["apply", "--yes", "-q"], { cwd: folderWith(files), env: accessTo(live) });
    expect(result.code).toBe(7);

    const marked = Array.from({ length: 30_000 }, (_, index) =>
      row({ id: `conn_${index}`, provider_type: "s3", metadata: { flexprice_sync: "{}" } }),
    );
    const many = await service([known, ...marked]);
    expect((await run(["plan", "-q"], { cwd: folderWith(files), env: accessTo(many) })).code).toBe(0);

    let page = 0;
    const endless = await service([known], (_received, response) => {
      page += 1;
      return send(response, 200, { connections: [row({ id: `conn_${page}`, provider_type: "s3" })], total: 1_000_000 });
    });
    const broken = await run(["plan"], { cwd: folderWith(files), env: accessTo(endless) });
    expect(broken.code).toBe(1);
    expect(broken.stderr).toContain("error[FETCH.INCOMPLETE_LIST]");
  });

  it("show something else than a block where the file has one: it is replaced, not lost", async () => {
    const live = await service([
      row({
        id: "conn_s",
        provider_type: "stripe",
        name: "S",
        sync_config: { invoice: "x", customer: { inbound: true } },
      }),
    ]);
    const cwd = folderWith({
      "connections/s.yaml":
        "name: S\nprovider_type: stripe\nsync_config: { invoice: { outbound: true } }\nexact: [sync_config]\n",
    });
    expect((await run(["apply", "--yes"], { cwd, env: accessTo(live) })).code).toBe(0);
    expect(live.writes()[0]?.body.sync_config).toEqual({ invoice: { outbound: true }, customer: {} });
  });

  it("steer no terminal and no reader of the document", async () => {
    const name = "a\u001b[2J\u009b31m\u202e\u200b\ufeff\u{e0041}b";
    const stamp = '{"v":1,"provider":"s3","salt":"a-salt-of-16-or-more","owns":{},"secrets":{}}';
    const live = await service([
      known,
      row({ id: "conn_x", provider_type: "s3", name, metadata: { flexprice_sync: stamp } }),
    ]);
    for (const json of [[], ["--json"]]) {
      const result = await run(["plan", ...json], { cwd: folderWith(files), env: accessTo(live) });
      expect(result.stdout).toContain("\\u001b[2J");
      expect(result.stdout).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u);
      if (json.length > 0) expect(targetOf(result).unclaimed[0]?.name).toBe(name);
    }
  });
});

describe("an environment that no row shows", () => {
  const silent = row({
    id: "conn_s",
    provider_type: "stripe",
    name: "S",
    metadata: { team: "old" },
    environment_id: "",
  });
  const other = row({ id: "conn_h", provider_type: "hubspot", name: "old", environment_id: "" });
  const two = { ...files, "connections/h.yaml": "name: H\nprovider_type: hubspot\n" };

  it("is proven by the first write alone, an update too", async () => {
    const live = await service([silent, other], ({ method, path, body }, response) =>
      method === "PUT"
        ? send(response, 200, { ...(path.endsWith("conn_s") ? silent : other), ...body, environment_id: "env_prod" })
        : false,
    );
    const result = await run(["apply", "--yes"], { cwd: folderWith(two), env: accessTo(live) });
    expect(result.code).toBe(4);
    expect(live.writes()).toHaveLength(1);
    expect(result.stderr).toContain("env_prod");
  });

  it("sends no second secret to a connection that came into being elsewhere", async () => {
    const live = await service([], ({ method, body }, response) =>
      method === "POST"
        ? send(
            response,
            201,
            row({ id: "conn_q", provider_type: "quickbooks", name: body.name, environment_id: "env_prod" }),
          )
        : false,
    );
    const cwd = folderWith({
      "connections/q.yaml": `name: Q
provider_type: quickbooks
encrypted_secret_data: { client_id: "\${K}", client_secret: "\${K}", realm_id: "1", environment: sandbox, refresh_token: "\${K}", webhook_verifier_token: "\${K}" }
`,
    });
    const result = await run(["apply", "--yes"], { cwd, env: accessTo(live, { K: "k" }) });
    expect(result.code).toBe(4);
    expect(live.writes().map(({ method }) => method)).toEqual(["POST"]);
    expect(result.stderr).toContain("conn_q");
  });
});

describe("files that are made to cost much", () => {
  it.each([
    ["very many documents", "a\n---\n".repeat(60_000), "LOAD.TOO_LARGE"],
    ["a list of very many items", `a: [${"b,".repeat(200_000)}]\n`, "LOAD.TOO_LARGE"],
    ["very many comment lines", "# x\n".repeat(400_000), "LOAD.EMPTY_FILE"],
    [
      "a long text behind many aliases",
      `x: &x "${"y".repeat(60_000)}"\nz: [${"*x,".repeat(5_000)}]\n`,
      "LOAD.TOO_MANY_ALIASES",
    ],
    [
      "many aliases beside a long list",
      `x: &x 1\nl: [${"1,".repeat(10_000)}]\nz: [${"*x,".repeat(4_000)}]\nname: n\nprovider_type: stripe\n`,
      "VALIDATE.UNKNOWN_FIELD",
    ],
    [
      "very many wrong fields",
      `name: n\nprovider_type: stripe\n${Array.from({ length: 9_000 }, (_, index) => `f${index}: 1\n`).join("")}`,
      "VALIDATE.UNKNOWN_FIELD",
    ],
    [
      "a number of very many digits",
      `name: n\nprovider_type: stripe\nmetadata: { a: ${"9".repeat(1_000_000)} }\n`,
      "LOAD.INEXACT_NUMBER",
    ],
  ])("are answered soon: %s", async (_what, text, code) => {
    const result = await run(["validate", "--json"], { cwd: folderWith({ "connections/a.yaml": text }) });
    expect(result.code).toBe(3);
    expect(documentOf(result).problems.map((problem) => problem.code)).toContain(code);
    expect(result.stderr).not.toContain("    at ");
  });

  it("hold numbers of many digits, and are refused soon", async () => {
    const numbers = [
      `1.${"0".repeat(900_000)}1`,
      "9".repeat(900_000),
      `0.${"1".repeat(900_000)}e5`,
      `1${"0".repeat(900_000)}.0`,
    ];
    for (const number of numbers) {
      const cwd = folderWith({
        "connections/n.yaml": `name: N\nprovider_type: flexprice\nmetadata: { a: ${number} }\n`,
      });
      const result = await run(["validate"], { cwd });
      expect(result.code).toBe(3);
      expect(result.stderr).toContain("error[LOAD.INEXACT_NUMBER] connections/n.yaml:3:16: ");
      expect(result.stderr.length).toBeLessThan(1_000);
    }
  });

  it("are read once however many links lead to them", async () => {
    const folder = folderWith({ "c/d0/a.yaml": stripe });
    for (let level = 1; level < 24; level += 1) {
      mkdirSync(join(folder, `c/d${level}`));
      for (const name of ["x", "y"]) symlinkSync(`../d${level - 1}`, join(folder, `c/d${level}/${name}`));
    }
    expect(await run(["validate", "c"], { cwd: folder })).toMatchObject({
      code: 0,
      stdout: "Validate: 1 definition in 1 file, 0 errors, 0 warnings.\n",
    });
  });

  it("are named when they are no regular files", async () => {
    const folder = folderWith({ "c/a.yaml": stripe });
    execFileSync("mkfifo", [join(folder, "c/pipe.yaml")]);
    const result = await run(["validate", "c"], { cwd: folder });
    expect(result.code).toBe(3);
    expect(result.stderr).toContain("c/pipe.yaml cannot be read: it is not a regular file");
    expect((await run(["validate", "c/pipe.yaml"], { cwd: folder })).stderr).toContain("neither a folder nor a file");
  });
});

describe("values that are made to cost much", () => {
  it("are refused before they are put together", async () => {
    const cwd = folderWith({
      "connections/s.yaml": `name: S\nprovider_type: stripe\nmetadata: { a: "${"${X}".repeat(5_000)}" }\n`,
    });
    const result = await run(["validate"], { cwd, env: { X: "x".repeat(100_000) } });
    expect(result.code).toBe(3);
    expect(result.stderr).toContain("metadata.a would have more than 1048576 characters");
  });

  it("are refused with a NUL, from a file, in metadata too", async () => {
    const cwd = folderWith({
      "connections/s.yaml": 'name: S\nprovider_type: stripe\nmetadata: { a: "${X}" }\n',
      x: "a\0b",
    });
    const result = await run(["validate"], { cwd, env: { X_FILE: "x" } });
    expect(result.code).toBe(3);
    expect(result.stderr).toContain("error[VALIDATE.BAD_CHARACTER] connections/s.yaml:3:16:");
  });
});

describe("secrets where they do not belong", () => {
  const canary = "sk_live_canary0123456789";

  it.each<[string, string, Readonly<Record<string, string>>]>([
    ["in the name of a file", "validate", { SK_FILE: canary }],
    [
      "in the name of the key's file",
      "plan",
      { FLEXPRICE_API_KEY_FILE: canary, FLEXPRICE_BASE_URL: "http://127.0.0.1:9/v1" },
    ],
    [
      "as the environment id",
      "plan",
      { FLEXPRICE_API_KEY: canary, FLEXPRICE_ENVIRONMENT_ID: canary, FLEXPRICE_BASE_URL: "http://127.0.0.1:9/v1" },
    ],
  ])("are not shown: %s", async (_what, command, env) => {
    const cwd = folderWith({
      "connections/s.yaml": 'name: S\nprovider_type: stripe\nencrypted_secret_data: { secret_key: "${SK}" }\n',
    });
    const result = await run([command, "--debug"], { cwd, env });
    expect(result.stderr).toMatch(/error|warning/);
    expect(result.stdout + result.stderr).not.toContain("canary");
  });

  it.each([
    ["a key without its value", `encrypted_secret_data:\n  stripe:\n    secret_key:${canary}: x\n`],
    ["a key in braces", `encrypted_secret_data: { stripe: { ${canary} } }\n`],
    ["a key twice", `encrypted_secret_data:\n  ${canary}: 1\n  ${canary}: 2\n`],
    ["a malformed reference", `metadata: { a: "\${${canary.replaceAll("_", "-")}}" }\n`],
    ["the provider", `provider_type: ${canary}\n`],
    ["a map that it stands for", `sync_config: { invoice: ${canary} }\n`],
    ["an exact map", `exact: [${canary}]\n`],
  ])("are not shown: %s", async (what, text) => {
    const head = what === "the provider" ? "name: S\n" : "name: S\nprovider_type: stripe\n";
    const result = await run(["validate"], { cwd: folderWith({ "connections/s.yaml": head + text }) });
    expect(result.code).toBe(3);
    expect(result.stderr).not.toMatch(/canary/);
  });

  it("are warned of in metadata", async () => {
    const result = await run(["validate"], {
      cwd: folderWith({
        "connections/s.yaml": `name: S\nprovider_type: stripe\nmetadata: { notes: [{ key: ${canary} }] }\n`,
      }),
    });
    expect(result.code).toBe(0);
    expect(result.stderr).toContain(
      "warning[VALIDATE.SECRET_IN_METADATA] connections/s.yaml:3:28: Secret in the metadata: metadata.notes[0].key looks like a credential",
    );
    expect(result.stderr).not.toContain("canary");
  });

  it.each([
    ["a content type", { "content-type": `text/${API_KEY}` }, 200],
    ["an encoding", { "content-encoding": API_KEY }, 200],
    ["a redirect's host", { location: `https://${API_KEY.replaceAll("_", "-")}.example/` }, 302],
  ])("are withheld in what the service says: %s", async (_what, headers, status) => {
    const live = await service([], (_received, response) => send(response, status, "{}", headers));
    const result = await run(["plan", "--debug"], { cwd: folderWith(files), env: accessTo(live) });
    expect(result.code).toBe(1);
    expect(result.stderr).not.toContain(API_KEY);
  });

  it("are withheld where a value is only a part of a setting", async () => {
    const live = await service([known], ({ method }, response) =>
      method === "PUT" ? send(response, 400, { message: "cannot take canary-7" }) : false,
    );
    const cwd = folderWith({
      "connections/s.yaml": 'name: S\nprovider_type: stripe\nmetadata: { team: "see ${NOTE}" }\n',
    });
    const result = await run(["apply", "--yes"], { cwd, env: accessTo(live, { NOTE: "canary-7\r" }) });
    expect(result.code).toBe(1);
    expect(result.stdout + result.stderr).not.toContain("canary");
  });
});

describe("a run in odd surroundings", () => {
  it("says so when its folder is gone", async () => {
    const folder = folderWith({ "gone/x": "" });
    const script = `cd gone && rm -r ../gone && "${process.execPath}" "${program}" validate; echo "code $?"; "${process.execPath}" "${program}" --version`;
    const child = spawn("sh", ["-c", script], { cwd: folder, env: { PATH: process.env["PATH"] ?? "" } });
    const result = await ended(child);
    expect(result.stderr).toContain(
      "error[LOAD.NO_FOLDER] No such folder: the working folder does not exist any more.",
    );
    expect(result.stdout).toMatch(/^code 3\n\d+\.\d+\.\d+\n$/);
  });

  it("takes a time of any number of digits", async () => {
    const live = await service([known]);
    for (const seconds of ["1.0005", "0.0001"]) {
      const result = await run(["plan", "--timeout", seconds], { cwd: folderWith(files), env: accessTo(live) });
      expect([0, 1]).toContain(result.code);
      expect(result.stderr).not.toContain("    at ");
    }
  });

  it("is not silent while it waits for a service", async () => {
    let tries = 0;
    const live = await service([known], (_received, response) => {
      tries += 1;
      return tries === 1 ? send(response, 429, {}, { "retry-after": "1" }) : false;
    });
    const result = await run(["plan"], { cwd: folderWith(files), env: accessTo(live) });
    expect(result.code).toBe(0);
    expect(result.stderr).toMatch(/^GET http.*: answered 429; trying again in 1\.\d s \(1 of 4 tries made\)\n$/);
  });
});

describe("the sandbox", () => {
  it("is not shaken by somebody who goes away in the middle of a request", async () => {
    const faults: Error[] = [];
    const sandbox = await startSandbox({
      catalogue,
      port: 0,
      apiKey: "k",
      environmentId: "env_1",
      seed: {},
      onFault: (fault) => faults.push(fault),
    });
    const { port } = new URL(sandbox.baseUrl);
    await new Promise<void>((resolve) => {
      const socket = connect(Number(port), "127.0.0.1", () => {
        socket.write("POST /v1/connections HTTP/1.1\r\nhost: x\r\nx-api-key: k\r\ncontent-length: 10\r\n\r\n{");
        setTimeout(() => socket.destroy(), 50);
      });
      socket.once("close", () => setTimeout(resolve, 100));
    });
    const response = await fetch(`${sandbox.baseUrl}/connections`, { headers: { "x-api-key": "k" } });
    expect(response.status).toBe(200);
    expect(
      (await fetch(`${sandbox.baseUrl}/connections`, { method: "HEAD", headers: { "x-api-key": "k" } })).status,
    ).toBe(404);
    await sandbox.close();
    expect(faults).toEqual([]);
  });

  it("gives the key that it made up in its document, and shows requests when asked to", async () => {
    const child = start(["sandbox", "--port", "0", "--json", "-v"], { cwd: folderWith() });
    const output = ended(child);
    const text = await new Promise<string>((resolve) => child.stdout?.once("data", (chunk) => resolve(String(chunk))));
    const document = JSON.parse(text) as { sandbox: { api_key: string }; targets: { base_url: string }[] };
    const response = await fetch(`${document.targets[0]?.base_url}/connections`, {
      headers: { "x-api-key": document.sandbox.api_key },
    });
    expect(response.status).toBe(200);
    child.kill("SIGTERM");
    expect((await output).stderr).toContain("GET /v1/connections 200\n");
  });
});
