import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, readFileSync } from "node:fs";
import { type IncomingHttpHeaders, request } from "node:http";
import { brotliDecompressSync, gunzipSync, inflateSync } from "node:zlib";
import { describe, expect, it, onTestFinished } from "vitest";
import { catalogue } from "../../src/generated/catalogue.js";
import { FaultSchedule, seededRandom } from "../../src/sandbox/fault-schedule.js";
import { faultKinds, faultsIn } from "../../src/sandbox/faults.js";
import type { SeedConnection } from "../../src/sandbox/seed.js";
import { type Sandbox, type SandboxSettings, startSandbox } from "../../src/sandbox/server.js";
import { folderWith } from "../support/folder.js";
import { ended, program, run, start } from "../support/program.js";

const KEY = "sk_sandbox";
const AT = "2026-01-02T03:04:05Z";
const providers = Object.keys(catalogue.providers);

const rows: readonly SeedConnection[] = [
  { id: "conn_a", name: "a", provider_type: "stripe", created_at: AT, encrypted_secret_data: { secret_key: "s" } },
  {
    id: "conn_q",
    name: "q",
    provider_type: "quickbooks",
    created_at: AT,
    encrypted_secret_data: { client_id: "c", access_token: "old", realm_id: "1" },
  },
];

interface Opened extends Sandbox {
  /** What was told of each request, as `-v` prints it. */
  readonly told: readonly string[];
}

async function open(spec: string, more: Partial<SandboxSettings> = {}): Promise<Opened> {
  const told: string[] = [];
  const sandbox = await startSandbox({
    catalogue,
    port: 0,
    apiKey: KEY,
    environmentId: "env_bound",
    seed: { connections: rows },
    faults: faultsIn(spec, providers),
    onAnswer: (method, path, { status, fault }) =>
      told.push([method, path, status, fault].filter((word) => word !== undefined).join(" ")),
    ...more,
  });
  onTestFinished(() => sandbox.close().catch(() => {}));
  return { ...sandbox, told };
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly text: string;
  /** How the connection failed, before the answer or in the middle of it. */
  readonly failed?: string;
}

/** One request on a connection of its own, with nothing decoded or repeated. */
async function ask(sandbox: Sandbox, method: string, path: string, body?: unknown): Promise<Answer> {
  const asked = request(sandbox.baseUrl + path, { method, agent: false, headers: { "x-api-key": KEY } });
  asked.end(body === undefined ? undefined : JSON.stringify(body));
  let failed: string | undefined;
  const chunks: Buffer[] = [];
  try {
    const [response] = await once(asked, "response");
    try {
      for await (const chunk of response) chunks.push(chunk);
    } catch (cause) {
      failed = (cause as NodeJS.ErrnoException).code ?? String(cause);
    }
    const bytes = Buffer.concat(chunks);
    const { statusCode: status, headers } = response;
    return { status, headers, bytes, text: bytes.toString(), ...(failed === undefined ? {} : { failed }) };
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    return { status: 0, headers: {}, bytes: Buffer.alloc(0), text: "", failed: code };
  }
}

const rename = (sandbox: Sandbox, name: string, id = "conn_a") => ask(sandbox, "PUT", `/connections/${id}`, { name });
const create = (sandbox: Sandbox, name = "n") => ask(sandbox, "POST", "/connections", { name, provider_type: "s3" });
const nameOf = (sandbox: Sandbox, id = "conn_a") => sandbox.store.find(id).name;
const statuses = async (count: number, one: () => Promise<Answer>) => {
  const found: number[] = [];
  for (let round = 0; round < count; round += 1) found.push((await one()).status);
  return found;
};
const until = async (isSo: () => boolean) => {
  for (let round = 0; round < 1_000 && !isSo(); round += 1) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(isSo()).toBe(true);
};

describe("a status in place of the answer", () => {
  it("is 429 in the handlers' shape, in three forms, on the sixth to eighth PUT", async () => {
    const now = Date.parse("2026-03-01T00:00:00.250Z");
    const sandbox = await open("429=seconds:2@PUT#6, 429=date:2@PUT#7, 429@PUT#8", { nowMs: () => now });
    const answers: Answer[] = [];
    for (let round = 1; round <= 9; round += 1) answers.push(await rename(sandbox, `n${round}`));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 429, 429, 429, 200]);
    expect(answers.slice(5, 8).map(({ headers }) => headers["retry-after"])).toEqual([
      "2",
      "Sun, 01 Mar 2026 00:00:03 GMT",
      undefined,
    ]);
    expect(JSON.parse(answers[5]?.text ?? "")).toEqual({
      code: "too_many_requests",
      message: expect.stringMatching(/\S/),
      http_status_code: 429,
    });
    expect(answers[5]?.headers["x-request-id"]).toMatch(/\S/);
    expect(nameOf(sandbox)).toBe("n9");
  });

  it("is an empty 500, and a gateway's page for 502 to 504", async () => {
    for (const status of [500, 502, 503, 504]) {
      const sandbox = await open(`${status}=seconds:0`);
      const answer = await rename(sandbox, "new");
      expect([answer.status, answer.headers["retry-after"]]).toEqual([status, "0"]);
      if (status === 500) expect(answer.text).toBe("");
      else expect(answer.text).toContain(`<h1>${status} `);
      if (status !== 500) expect(answer.headers["content-type"]).toContain("text/html");
      expect(nameOf(sandbox)).toBe("a");
      expect(sandbox.told).toEqual([`PUT /v1/connections/conn_a ${status} by a fault, not done`]);
    }
  });

  it("comes after the request was done, too", async () => {
    for (const status of [500, 502, 503, 504]) {
      const sandbox = await open(`${status}-after@PUT`);
      expect((await rename(sandbox, "new")).status).toBe(status);
      expect(nameOf(sandbox)).toBe("new");
    }
  });

  it("is 200 with a login page for html, and nothing is done", async () => {
    const sandbox = await open("html");
    const answer = await rename(sandbox, "new");
    expect([answer.status, answer.headers["content-type"]]).toEqual([200, "text/html; charset=utf-8"]);
    expect(answer.text).toContain("<form");
    expect(nameOf(sandbox)).toBe("a");
  });
});

describe("a connection", () => {
  it("is reset before the request is done, or after it", async () => {
    const sandbox = await open("reset@PUT#1, reset-after@PUT#2");
    expect(await rename(sandbox, "one")).toMatchObject({ status: 0, failed: "ECONNRESET" });
    expect(nameOf(sandbox)).toBe("a");
    expect(await rename(sandbox, "two")).toMatchObject({ status: 0, failed: "ECONNRESET" });
    expect(nameOf(sandbox)).toBe("two");
    expect(await rename(sandbox, "three")).toMatchObject({ status: 200 });
    expect(sandbox.told).toEqual([
      "PUT /v1/connections/conn_a reset before it was done",
      "PUT /v1/connections/conn_a reset after it was done",
      "PUT /v1/connections/conn_a 200",
    ]);
  });

  it("ends in the middle of a body that is announced as longer; an answer without one comes whole", async () => {
    const sandbox = await open("cut@PUT+DELETE");
    const answer = await rename(sandbox, "new");
    expect(answer).toMatchObject({ status: 200, failed: "ECONNRESET" });
    const whole = Number(answer.headers["content-length"]);
    expect(answer.bytes.length).toBe(Math.floor(whole / 2));
    expect(answer.text).toMatch(/^\{"id":"conn_a"/);
    expect(nameOf(sandbox)).toBe("new");
    expect(await ask(sandbox, "DELETE", "/connections/conn_a")).toMatchObject({ status: 204 });
    expect(sandbox.told.at(-1)).toBe("DELETE /v1/connections/conn_a 204");
  });
});

describe("a body", () => {
  it.each([
    ["gzip", gunzipSync],
    ["deflate", inflateSync],
    ["br", brotliDecompressSync],
  ])("is compressed with %s", async (encoding, decompress) => {
    const sandbox = await open(`${encoding}@GET`);
    const answer = await ask(sandbox, "GET", "/connections/conn_a");
    expect(answer.headers["content-encoding"]).toBe(encoding);
    expect(answer.headers["content-type"]).toContain("application/json");
    expect(JSON.parse(decompress(answer.bytes).toString())).toMatchObject({ id: "conn_a" });
    expect(sandbox.told).toEqual([`GET /v1/connections/conn_a 200 ${encoding}`]);
  });

  it("is compressed and cut so that only the decompression can tell", async () => {
    const answer = await ask(await open("gzip-cut"), "GET", "/connections/conn_a");
    expect(answer).toMatchObject({ status: 200, headers: { "content-encoding": "gzip" } });
    expect(answer.failed).toBeUndefined();
    expect(answer.bytes.length).toBe(Number(answer.headers["content-length"]));
    expect(() => gunzipSync(answer.bytes)).toThrow(/unexpected end/);
  });

  it("in place of the answer is compressed as well, and none is left alone", async () => {
    const sandbox = await open("gzip, 502@GET, 500@DELETE");
    const page = await ask(sandbox, "GET", "/connections");
    expect([page.status, gunzipSync(page.bytes).toString()]).toEqual([502, expect.stringContaining("502 Bad Gateway")]);
    const empty = await ask(sandbox, "DELETE", "/connections/conn_a");
    expect([empty.status, empty.text, empty.headers["content-encoding"]]).toEqual([500, "", undefined]);
  });
});

describe("a request that waits", () => {
  it("is handled later with slow, and answered later with late", async () => {
    const sandbox = await open("slow=300@PUT#1, late=300@PUT#2");
    const slow = rename(sandbox, "one");
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(nameOf(sandbox)).toBe("a");
    expect((await slow).status).toBe(200);
    let isAnswered = false;
    const late = rename(sandbox, "two").finally(() => {
      isAnswered = true;
    });
    await until(() => nameOf(sandbox) === "two");
    expect(isAnswered).toBe(false);
    expect((await late).status).toBe(200);
    expect(sandbox.told).toEqual([
      "PUT /v1/connections/conn_a 200 begun 300 ms later",
      "PUT /v1/connections/conn_a 200 answered 300 ms later",
    ]);
  });

  it("is done although whoever asked has given up meanwhile", async () => {
    const sandbox = await open("slow=300");
    const signal = AbortSignal.timeout(50);
    const body = JSON.stringify({ name: "new" });
    const headers = { "x-api-key": KEY };
    const given = fetch(`${sandbox.baseUrl}/connections/conn_a`, { method: "PUT", body, headers, signal });
    await expect(given).rejects.toThrow();
    expect(nameOf(sandbox)).toBe("a");
    await until(() => nameOf(sandbox) === "new");
  });

  it.each(["slow=600000", "late=600000"])("does not keep the sandbox from closing: %s", async (spec) => {
    const sandbox = await open(`${spec}@PUT, rewrite=600000`);
    const waiting = rename(sandbox, "new");
    await new Promise((resolve) => setTimeout(resolve, 100));
    await sandbox.close();
    expect(await waiting).toMatchObject({ status: 0, failed: "ECONNRESET" });
    expect(nameOf(sandbox)).toBe(spec.startsWith("slow") ? "a" : "new");
    await until(() => sandbox.told.length > 0);
    expect(sandbox.told).toEqual(["PUT /v1/connections/conn_a dropped, for the sandbox ends"]);
  });
});

describe("rows", () => {
  it("are shown as they were, by list, search and id, and writes go by what they are", async () => {
    let now = Date.parse("2026-03-01T00:00:00Z");
    const sandbox = await open("lag=5000", { nowMs: () => now });
    const seen = async () => {
      const answers = [
        (await ask(sandbox, "GET", "/connections")).text,
        (await ask(sandbox, "POST", "/connections/search", {})).text,
        (await ask(sandbox, "GET", "/connections/conn_a")).text,
      ];
      return answers.map((text) => /"id":"conn_a","name":"(\w+)"/.exec(text)?.[1] ?? "");
    };
    expect(await seen()).toEqual(["a", "a", "a"]);
    await rename(sandbox, "b");
    const made = JSON.parse((await create(sandbox)).text);
    expect((await ask(sandbox, "GET", `/connections/${made.id}`)).status).toBe(404);
    now += 3_000;
    expect((await rename(sandbox, "c")).text).toContain('"name":"c"');
    expect(await seen()).toEqual(["a", "a", "a"]);
    now += 2_000;
    expect(await seen()).toEqual(["b", "b", "b"]);
    expect((await ask(sandbox, "GET", `/connections/${made.id}`)).status).toBe(200);
    await ask(sandbox, "DELETE", "/connections/conn_a");
    now += 3_000;
    expect(await seen()).toEqual(["c", "c", "c"]);
    now += 2_000;
    expect(await seen()).toEqual(["", "", ""]);
  });

  it("lag behind only where the rule says so", async () => {
    const sandbox = await open("lag=60000@list#2-");
    await rename(sandbox, "b");
    expect((await ask(sandbox, "GET", "/connections")).text).toContain('"name":"b"');
    expect((await ask(sandbox, "GET", "/connections")).text).toContain('"name":"a"');
    expect((await ask(sandbox, "GET", "/connections/conn_a")).text).toContain('"name":"b"');
  });

  it("are written back by a job after the PUT, but not after one that was refused", async () => {
    const sandbox = await open("rewrite=50@PUT#1-2");
    expect((await rename(sandbox, "x".repeat(256))).status).toBe(500);
    const answer = await rename(sandbox, "new");
    expect(JSON.parse(answer.text)).toMatchObject({ name: "new" });
    await until(() => nameOf(sandbox) === "a");
    expect(sandbox.store.find("conn_a")).toMatchObject({ updatedBy: "", secrets: { secret_key: { encrypted: "s" } } });
    expect(sandbox.store.find("conn_a").updatedAt).not.toBe(AT);
    await rename(sandbox, "newer");
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(nameOf(sandbox)).toBe("newer");
    expect(sandbox.told[1]).toBe("PUT /v1/connections/conn_a 200 and undone by a job 50 ms later");
  });

  it("have new tokens just before the PUT is handled", async () => {
    const sandbox = await open("refresh, 502@PUT#3");
    await rename(sandbox, "new", "conn_q");
    const { secrets } = sandbox.store.find("conn_q");
    expect(secrets).toMatchObject({ client_id: { encrypted: "c" }, realm_id: { encrypted: "1" } });
    expect(secrets["access_token"]).toEqual({ encrypted: expect.stringMatching(/^refreshed_/) });
    expect(secrets).not.toHaveProperty("refresh_token", expect.objectContaining({ encrypted: expect.anything() }));
    // A PUT that fails leaves what the job did.
    await rename(sandbox, "x".repeat(256), "conn_a");
    expect(sandbox.store.find("conn_a")).toMatchObject({ name: "a", updatedBy: "" });
    expect(sandbox.store.find("conn_a").updatedAt).not.toBe(AT);
    await rename(sandbox, "newer", "conn_q");
    expect(sandbox.store.find("conn_q").secrets["access_token"]).toEqual(secrets["access_token"]);
  });
});

describe("the account at the start", () => {
  const live = (sandbox: Sandbox, provider: string) =>
    sandbox.store.live().filter(({ providerType }) => providerType === provider);

  it("has twins: a copy of the seeded row, or two made-up ones", async () => {
    const sandbox = await open("twins=stripe, twins=paddle");
    const [first, second, ...none] = live(sandbox, "stripe");
    expect(none).toEqual([]);
    expect(second).toEqual({ ...first, id: expect.stringMatching(/^conn_/), name: "a (2)" });
    expect(second?.id).not.toBe(first?.id);
    expect(live(sandbox, "paddle").map(({ name }) => name)).toEqual(["Paddle", "Paddle (2)"]);
    expect(JSON.parse((await ask(sandbox, "GET", "/connections")).text).total).toBe(5);
    expect(sandbox.startedWith).toBe(5);
  });

  it("has what an abandoned consent leaves behind, which blocks another one", async () => {
    const sandbox = await open("pending=zoho_books");
    const [row, ...none] = live(sandbox, "zoho_books");
    const { tenant } = JSON.parse((await ask(sandbox, "GET", "/users/me")).text);
    expect(none).toEqual([]);
    expect(row).toMatchObject({ status: "published", secrets: {}, createdBy: tenant.id });
    const again = await ask(sandbox, "POST", "/connections", { name: "n", provider_type: "zoho_books" });
    expect([again.status, JSON.parse(again.text).details.existing_connection_id]).toEqual([409, row?.id]);
  });

  it("may only be read with read-only, whatever the seed says of its key", async () => {
    const keys = [{ key: KEY, role: "super_admin", environment_id: "env_bound" }] as const;
    const sandbox = await open("read-only", { seed: { connections: rows, keys } });
    expect((await ask(sandbox, "GET", "/connections")).status).toBe(200);
    const refused = await rename(sandbox, "new");
    expect([refused.status, JSON.parse(refused.text)]).toEqual([403, { message: "insufficient permissions" }]);
  });

  it("answers errors of its handlers in the old form, and those before the handlers as ever", async () => {
    const sandbox = await open("old-errors, 429@list");
    const missing = await ask(sandbox, "GET", "/connections/conn_nope");
    expect([missing.status, JSON.parse(missing.text)]).toEqual([
      404,
      {
        success: false,
        error: {
          message: "Connection with ID conn_nope was not found",
          internal_error: "not_found",
          details: { connection_id: "conn_nope" },
        },
      },
    ]);
    const bad = await ask(sandbox, "PUT", "/connections/conn_a", []);
    expect(JSON.parse(bad.text)).toEqual({
      success: false,
      error: { message: "Invalid request format", internal_error: "validation_error" },
    });
    const limited = await ask(sandbox, "GET", "/connections");
    expect(JSON.parse(limited.text)).toMatchObject({ success: false, error: { internal_error: "too_many_requests" } });
    const stranger = await fetch(`${sandbox.baseUrl}/connections/conn_a`, { headers: { "x-api-key": "sk_wrong" } });
    expect([stranger.status, await stranger.json()]).toEqual([401, { error: "Unauthorized" }]);
    const shown = await ask(sandbox, "GET", "/connections/conn_a");
    expect(JSON.parse(shown.text)).toMatchObject({ id: "conn_a" });
  });
});

describe("rules", () => {
  it("count on their own, whichever of them wins", async () => {
    const sandbox = await open("503@PUT#2, 502@PUT+GET#2-3, 504@list");
    expect((await rename(sandbox, "n")).status).toBe(200);
    // The second PUT fits two rules, of which the first wins; the other one has counted it.
    expect((await rename(sandbox, "n")).status).toBe(503);
    expect((await ask(sandbox, "GET", "/connections")).status).toBe(502);
    expect((await ask(sandbox, "GET", "/connections/conn_a")).status).toBe(200);
    expect((await ask(sandbox, "GET", "/connections?limit=1")).status).toBe(504);
  });

  it("that do not replace an answer combine with one that does", async () => {
    const sandbox = await open("502-after@PUT#1, rewrite=50@PUT#1, late=50, br");
    const answer = await rename(sandbox, "new");
    expect([answer.status, answer.headers["content-encoding"]]).toEqual([502, "br"]);
    await until(() => nameOf(sandbox) === "a");
    expect(sandbox.told).toEqual([
      "PUT /v1/connections/conn_a 502 by a fault, after it was done, br, answered 50 ms later, and undone by a job 50 ms later",
    ]);
  });

  it("without a place are about everything under /v1 and nothing else", async () => {
    const sandbox = await open("502");
    expect((await ask(sandbox, "GET", "/nope")).status).toBe(502);
    expect((await ask(sandbox, "GET", "/users/me")).status).toBe(502);
    for (const path of ["/health", "/sandbox/connections"])
      expect((await fetch(sandbox.baseUrl.replace("/v1", path), { headers: { "x-api-key": KEY } })).status).toBe(200);
  });

  it("with a share do the same again for the same seed", async () => {
    const spec = "429@GET#30%, reset@GET#20%, seed=";
    const runOf = async (seed: number) => {
      const sandbox = await open(`${spec}${seed}`);
      return statuses(60, () => ask(sandbox, "GET", "/connections"));
    };
    const [first, second, other] = [await runOf(7), await runOf(7), await runOf(8)];
    expect(second).toEqual(first);
    expect(other).not.toEqual(first);
    expect(new Set(first)).toEqual(new Set([0, 200, 429]));
  });

  it("with a share are about as many as it says", () => {
    const { rules } = faultsIn("429#10%", providers);
    const schedule = new FaultSchedule(rules, seededRandom(1));
    const chosen = Array.from({ length: 10_000 }, () => schedule.next("GET", "/v1/connections").length);
    const sum = chosen.reduce((total, one) => total + one, 0);
    expect(sum).toBeGreaterThan(850);
    expect(sum).toBeLessThan(1_150);
  });

  it("with the first of several of one kind", async () => {
    const sandbox = await open("429@list, 502@GET, gzip@list, br");
    const answer = await ask(sandbox, "GET", "/connections");
    expect([answer.status, answer.headers["content-encoding"]]).toEqual([429, "gzip"]);
  });
});

describe("a SPEC", () => {
  it.each([
    ["", /the kind is none of 429, .*reset-after.*, seed\.$/],
    ["429,", /In the rule "" the kind/],
    ["418", /In the rule "418" the kind/],
    ["429-after", /the kind/],
    ["@PUT", /In the rule "@PUT" the kind/],
    ["429=soon", /In the rule "429=soon" 429 takes =seconds:N or =date:N/],
    ["429=seconds:-1", /429 takes/],
    ["429=date:1.5", /429 takes/],
    ["429=seconds:86401", /429 takes/],
    ["429=", /429 takes/],
    ["reset=1", /reset takes no value/],
    ["slow", /slow takes =MS, a whole number up to 600000/],
    ["late=600001", /late takes =MS/],
    ["lag=1e3", /lag takes =MS/],
    ["rewrite=x", /rewrite takes =MS, .* or no value/],
    ["rewrite@GET", /rewrite is about PUT alone/],
    ["refresh@PUT+POST", /refresh is about PUT alone/],
    ["lag=1@PUT", /lag is about reads/],
    ["429@", /@ takes one or several of GET, POST, PUT, DELETE, list, joined by \+/],
    ["429@get", /@ takes/],
    ["429@PUT+", /@ takes/],
    ["429#", /# takes numbers from 1, as #3, #2-5 or #6-, or a share, as #10%/],
    ["429#0", /# takes/],
    ["429#5-2", /# takes/],
    ["429#-3", /# takes/],
    ["429#0%", /# takes/],
    ["429#101%", /# takes/],
    ["429#1#2", /# takes/],
    ["429#1@PUT", /# takes/],
    ["twins", /twins takes =PROVIDER, one of aws_marketplace, .*, zoho_books/],
    ["pending=Stripe", /pending takes =PROVIDER/],
    ["twins=toString", /twins takes =PROVIDER/],
    ["twins=stripe#1", /twins is about the start and takes no @ and no #/],
    ["read-only@PUT", /read-only is about the start/],
    ["old-errors=1", /old-errors takes no value/],
    ["seed=-1", /seed takes =N, a whole number up to 4294967295/],
    ["seed=1,seed=2", /one seed=N and not several/],
    ["429, \u001b]0;x\u0007é", /In the rule "\]0;x" the kind/],
    [`${"y".repeat(50)}`, new RegExp(`In the rule "${"y".repeat(40)}…" the kind`)],
  ])("%j is refused", (spec, words) => {
    expect(() => faultsIn(spec, providers)).toThrow(words);
  });

  it("may have blanks around its rules, and every kind there is", () => {
    const values: Readonly<Record<string, string>> = {
      slow: "=0",
      late: "=600000",
      lag: "=1",
      twins: "=s3",
      pending: "=tabs",
      seed: "=4294967295",
    };
    const spec = ` ${faultKinds.map((kind) => `${kind}${values[kind] ?? ""}`).join(" ,\n ")} `;
    const { rules, start: odd, seed } = faultsIn(spec, providers);
    expect(rules).toHaveLength(faultKinds.length - 5);
    expect(odd).toEqual({ twins: ["s3"], pending: ["tabs"], isReadOnly: true, hasOldErrors: true });
    expect(seed).toBe(4294967295);
  });
});

describe("the guide to the sandbox", () => {
  const guide = readFileSync(new URL("../../docs/sandbox.md", import.meta.url), "utf8");

  it("has every kind of fault and no other", () => {
    const told = [...guide.matchAll(/^\| ((?:`[^`]+`(?:, )?)+) \|/gm)].flatMap(([, cell = ""]) =>
      [...cell.matchAll(/`([\w-]+)/g)].map(([, kind]) => kind),
    );
    expect(told.sort()).toEqual([...faultKinds].sort());
  });

  it("shows what comes of its examples", async () => {
    const [, definitions = ""] = /^```sh\n(mkdir [\s\S]*?)^```/m.exec(guide) ?? [];
    const examples = [
      ...guide.matchAll(
        /^```sh\nflexprice-sync (sandbox [^\n]*)\n```\n\n```sh\n([\s\S]*?)^```\n[\s\S]*?^```\n([\s\S]*?)^```/gm,
      ),
    ];
    expect(examples).toHaveLength(3);
    const cwd = folderWith({ "bin/flexprice-sync": `#!/bin/sh\nexec "${process.execPath}" "${program}" "$@"\n` });
    chmodSync(`${cwd}/bin/flexprice-sync`, 0o755);
    for (const [, command = "", asked = "", shown = ""] of examples) {
      const argv = [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain = ""]) => quoted ?? plain);
      const { child, output, text } = await listening([...argv, "--port", "0"], cwd);
      const [, baseUrl = ""] = /FLEXPRICE_BASE_URL=(\S+)/.exec(text) ?? [];
      const script = `${definitions}${asked}`.replaceAll("http://127.0.0.1:8080/v1", baseUrl);
      await ended(spawn("sh", ["-c", script], { cwd, env: { PATH: `${cwd}/bin:${process.env["PATH"]}` } }));
      child.kill("SIGTERM");
      const told = (await output).stderr.replaceAll(/conn_\w+/g, "conn_…").split("\n");
      // Of what is told in between, a newer program may have more or less.
      const lines = shown.trimEnd().split("\n");
      for (const line of lines) expect(told, command).toContain(line);
      expect(told.filter((line) => lines.includes(line))).toEqual(lines);
    }
  }, 120_000);
});

/** The built program's sandbox, when it listens. */
async function listening(args: readonly string[], cwd: string) {
  const child = start(args, { cwd });
  const output = ended(child);
  const text = await new Promise<string>((resolve) => child.stdout?.once("data", (chunk) => resolve(String(chunk))));
  return { child, output, text };
}

describe("the program", () => {
  it("says that faults are on, tells them with -v, and ends while a request waits", async () => {
    const args = ["sandbox", "--port", "0", "--key", KEY, "--faults", "reset@GET#1, slow=600000@GET#2, 429#0.001%"];
    const { child, output, text } = await listening([...args, "-v"], folderWith());
    const [, baseUrl = ""] = /FLEXPRICE_BASE_URL=(\S+)/.exec(text) ?? [];
    const get = () => fetch(`${baseUrl}/connections`, { headers: { "x-api-key": KEY } });
    await expect(get()).rejects.toThrow();
    const waiting = get();
    await new Promise((resolve) => setTimeout(resolve, 200));
    child.kill("SIGTERM");
    await expect(waiting).rejects.toThrow();
    const { code, stderr } = await output;
    expect(code).toBe(143);
    expect(stderr).toMatch(
      /^Faults are on: reset@GET#1, slow=600000@GET#2, 429#0\.001%\. With seed=\d+ chance does the same again\.$/m,
    );
    expect(stderr).toContain("GET /v1/connections reset before it was done\n");
  });

  it("does not say so with -q, and refuses a SPEC that it cannot read", async () => {
    const { child, output } = await listening(["sandbox", "--port", "0", "-q", "--faults", "429"], folderWith());
    child.kill("SIGTERM");
    expect((await output).stderr).toBe("");
    const refused = await run(["sandbox", "--port", "0", "--faults", "429@PATCH"], { cwd: folderWith() });
    expect(refused.code).toBe(64);
    expect(refused.stderr).toContain('--faults: in the rule "429@PATCH" @ takes one or several of GET, POST, PUT');
  });
});
