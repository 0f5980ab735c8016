import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { join } from "node:path";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { describe, expect, it, onTestFinished } from "vitest";
import { authority } from "./support/authority.js";
import { folderWith, writeInto } from "./support/folder.js";
import { documentOf, run, targetOf } from "./support/program.js";
import { proxy } from "./support/proxy.js";
import { API_KEY, accessTo, definitionOfPushing, pushing, secureService, send, service } from "./support/service.js";

/*
 * The way to the service, through the built program: authorities, proxies, addresses without TLS, answers that are compressed, and
 * time that runs out.
 */

const files = { "connections/s.yaml": definitionOfPushing(false) };

/** A server that speaks no HTTP: what it does with a connection. */
async function listening(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

describe("a service with an authority of its own", () => {
  const own = authority();

  it("is reached with --ca-file, and with NODE_EXTRA_CA_CERTS, for plan and apply", async () => {
    const live = await secureService([pushing], own.issue());
    const cwd = folderWith({ ...files, "ca.pem": `the authority of our test\n${own.certificate}` });
    const env = accessTo(live);
    expect((await run(["plan", "--ca-file", "ca.pem"], { cwd, env })).code).toBe(0);
    const extra = { ...env, NODE_EXTRA_CA_CERTS: join(cwd, "ca.pem") };
    expect((await run(["plan"], { cwd, env: extra })).code).toBe(0);
    expect((await run(["apply", "--yes", "--ca-file", "ca.pem"], { cwd, env })).code).toBe(0);
    expect(live.writes()).toHaveLength(1);
  });

  it("of two files both are trusted, beside those of the platform", async () => {
    const other = authority();
    const [one, two] = [await secureService([pushing], own.issue()), await secureService([pushing], other.issue())];
    const cwd = folderWith({ ...files, "one.pem": own.certificate, "two.pem": other.certificate });
    for (const live of [one, two]) {
      const env = accessTo(live, { NODE_EXTRA_CA_CERTS: join(cwd, "one.pem") });
      expect((await run(["plan", "--ca-file", "two.pem"], { cwd, env })).code).toBe(0);
    }
  });

  it.each([
    ["an authority that nobody trusts", own.issue(), /unable to verify[\s\S]*--ca-file FILE/],
    [
      "another host's name",
      own.issue({ hosts: ["billing.example.com"] }),
      /altnames[\s\S]*hint: the certificate is for another host: is the base URL right\?/,
    ],
    [
      "a time that has passed",
      own.issue({ notAfter: new Date(Date.now() - 86_400_000) }),
      /expired[\s\S]*hint: whoever runs the service has to renew the certificate/,
    ],
  ])(
    "with a certificate of %s is sent nothing, is asked once, and the way out is named",
    async (what, identity, words) => {
      const live = await secureService([pushing], identity);
      const cwd = folderWith({ ...files, "ca.pem": own.certificate });
      const trusted = what.startsWith("an authority") ? [] : ["--ca-file", "ca.pem"];
      const ended = await run(["apply", "--yes", ...trusted], { cwd, env: accessTo(live) });
      expect(ended.code).toBe(1);
      expect(ended.stderr).toContain("error[SERVICE.UNTRUSTED]");
      expect(ended.stderr).toMatch(words);
      expect(ended.stderr).not.toContain("trying again");
      expect(live.received).toEqual([]);
    },
  );

  it("is not trusted because the environment turns the check off: the key goes to nobody unknown", async () => {
    const live = await secureService([pushing], own.issue());
    const env = accessTo(live, { NODE_TLS_REJECT_UNAUTHORIZED: "0" });
    const ended = await run(["plan"], { cwd: folderWith(files), env });
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain("error[SERVICE.UNTRUSTED]");
    expect(live.received).toEqual([]);
  });

  it.each([
    ["missing.pem", "cannot be read"],
    ["key.pem", "holds no certificate in PEM form"],
    ["broken.pem", "holds a certificate that cannot be read"],
    ["empty.pem", "holds no certificate in PEM form"],
  ])("is not looked for with %s, which %s", async (file, words) => {
    const live = await secureService([pushing], own.issue());
    const broken = own.certificate.replace(/\n.{20}/, "\nAAAA");
    const cwd = folderWith({ ...files, "key.pem": own.issue().key, "broken.pem": broken, "empty.pem": "" });
    const ended = await run(["plan", "--ca-file", file], { cwd, env: accessTo(live) });
    expect(ended.code).toBe(3);
    expect(ended.stderr).toContain(`error[SETTINGS.BAD_CA_FILE] Unusable authority: ${file} ${words}`);
    expect(ended.stderr).not.toContain("PRIVATE KEY");
  });
});

describe("a proxy", () => {
  const own = authority();

  it.each(["HTTPS_PROXY", "https_proxy"])(
    "of %s opens a tunnel to a service with TLS and sees nothing of what goes through",
    async (name) => {
      const live = await secureService([pushing], own.issue({ hosts: ["flexprice.test"] }));
      const port = Number(new URL(live.baseUrl).port);
      const between = await proxy({ hosts: { "flexprice.test": port }, credentials: "ci:p%40ss word" });
      const cwd = folderWith({ ...files, "ca.pem": own.certificate });
      const url = between.url.replace("://", "://ci:p%2540ss%20word@");
      const env = { ...accessTo(live), FLEXPRICE_BASE_URL: "https://flexprice.test/v1", [name]: url };
      const ended = await run(["apply", "--yes", "--ca-file", "ca.pem"], { cwd, env });
      expect(ended.code).toBe(0);
      expect(live.writes()).toHaveLength(1);
      expect(new Set(between.seen.map(({ method }) => method))).toEqual(new Set(["CONNECT"]));
      expect(between.seen[0]?.target).toBe("flexprice.test:443");
      expect(JSON.stringify(between.seen)).not.toContain(API_KEY);
    },
  );

  it.each(["HTTP_PROXY", "http_proxy"])(
    "of %s passes on requests to a service without TLS, on as few connections as are allowed",
    async (name) => {
      const live = await service([pushing]);
      const between = await proxy({ hosts: { "flexprice.test": Number(new URL(live.baseUrl).port) } });
      const env = { ...accessTo(live), FLEXPRICE_BASE_URL: "http://flexprice.test/v1", [name]: between.url };
      const ended = await run(["apply", "--yes", "--insecure-http"], { cwd: folderWith(files), env });
      expect(ended.code).toBe(0);
      expect(between.seen.map(({ method, target }) => `${method} ${target}`)).toEqual([
        "GET http://flexprice.test/v1/connections",
        "PUT http://flexprice.test/v1/connections/conn_s",
      ]);
      expect(live.writes()).toHaveLength(1);
    },
  );

  it.each([
    ["*", 0],
    ["localhost", 0],
    ["other.test, localhost", 0],
    ["127.0.0.1", 1],
    ["host", 1],
    ["localhost:1", 1],
  ])("is not used for what NO_PROXY=%s leaves out (%i requests)", async (exceptions, requests) => {
    const live = await service([pushing]);
    const between = await proxy();
    const env = {
      ...accessTo(live),
      FLEXPRICE_BASE_URL: live.baseUrl.replace("127.0.0.1", "localhost"),
      HTTP_PROXY: between.url,
      NO_PROXY: exceptions,
    };
    expect((await run(["plan"], { cwd: folderWith(files), env })).code).toBe(0);
    expect(between.seen).toHaveLength(requests);
  });

  it("elsewhere is never asked for this machine, which is another one for it", async () => {
    const live = await service([pushing]);
    const env = {
      ...accessTo(live),
      HTTP_PROXY: "http://proxy.invalid:3128",
      HTTPS_PROXY: "http://proxy.invalid:3128",
    };
    expect((await run(["plan"], { cwd: folderWith(files), env })).code).toBe(0);
  });

  it.each([
    ["403", { refuse: 403 }, /through the proxy \S+: it answered 403/, 1],
    ["407", { credentials: "a:b" }, /through the proxy \S+: it answered 407/, 1],
    ["502", { refuse: 502 }, /after 4 tries: through the proxy \S+: it answered 502/, 4],
  ])("that answers %s says so, and nothing was sent", async (_status, options, words, tries) => {
    const between = await proxy(options);
    const env = {
      FLEXPRICE_API_KEY: API_KEY,
      FLEXPRICE_BASE_URL: "https://flexprice.test/v1",
      HTTPS_PROXY: between.url,
    };
    const ended = await run(["plan"], { cwd: folderWith(files), env });
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain("error[SERVICE.PROXY_REFUSED]");
    expect(ended.stderr).toMatch(words);
    expect(between.seen).toHaveLength(tries);
  });

  it("that wants credentials of a request without TLS is told from the service", async () => {
    const live = await service([pushing]);
    const between = await proxy({ credentials: "a:b" });
    const ended = await run(["plan"], { cwd: folderWith(files), env: { ...accessTo(live), HTTP_PROXY: between.url } });
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/error\[SERVICE\.PROXY_REFUSED\].*answered 407/);
    expect(ended.stderr).toContain("HTTP_PROXY=http://USER:PASSWORD@HOST:PORT");
  });

  it.each([
    [
      "closes every connection",
      () => createServer((socket) => socket.on("error", () => {}).destroy()),
      /SERVICE\.UNREACHABLE/,
    ],
    [
      "says nothing",
      () => createServer((socket) => socket.on("error", () => {})),
      /SERVICE\.TIMEOUT.*there was no connection within 1 s/,
    ],
    [
      "speaks something else",
      () => createServer((socket) => socket.on("error", () => {}).end("220 mail\r\n")),
      /SERVICE\.UNREACHABLE/,
    ],
  ])("that %s is asked a few times and named", async (_what, made, words) => {
    let connections = 0;
    const server = made().on("connection", () => {
      connections += 1;
    });
    const port = await listening(server);
    const env = {
      FLEXPRICE_API_KEY: API_KEY,
      FLEXPRICE_BASE_URL: "https://flexprice.test/v1",
      HTTPS_PROXY: `http://127.0.0.1:${port}`,
    };
    const ended = await run(["plan", "--timeout", "1"], { cwd: folderWith(files), env });
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(words);
    expect(ended.stderr).toContain(`through the proxy http://127.0.0.1:${port}`);
    expect(connections).toBeLessThanOrEqual(4);
  });

  it("that is none is an error without its password", async () => {
    for (const value of ["socks5://u:canary-pw@h:1", "http://u:canary-pw@", "http://u:canary-pw%ZZ@h", "canary-pw h"]) {
      const env = { FLEXPRICE_API_KEY: API_KEY, FLEXPRICE_BASE_URL: "https://flexprice.test/v1", HTTPS_PROXY: value };
      const ended = await run(["plan", "--json"], { cwd: folderWith(files), env });
      expect(ended.code, value).toBe(3);
      expect(documentOf(ended).problems.map(({ code }) => code)).toEqual(["SETTINGS.BAD_PROXY"]);
      expect(ended.stdout + ended.stderr).not.toContain("canary-pw");
    }
  });

  it("has its password held back wherever a service repeats it", async () => {
    const live = await service([], (_r, response) => send(response, 400, { message: "no proxy-pw-canary here" }));
    const between = await proxy({ credentials: "u:proxy-pw-canary" });
    const env = { ...accessTo(live), HTTP_PROXY: between.url.replace("://", "://u:proxy-pw-canary@") };
    const ended = await run(["plan", "--debug"], { cwd: folderWith(files), env });
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain("(withheld: this text repeats a secret)");
    expect(ended.stderr).not.toContain("canary");
  });
});

describe("an address without TLS", () => {
  it("beyond this machine is refused before anything is sent, for variables, options and settings alike", async () => {
    const settings =
      'environments:\n  a: { base_url: http://billing.flexprice.io/v1, api_key: "${FLEXPRICE_API_KEY}" }\n';
    const cwd = folderWith({ ...files, "with.yaml": settings });
    const env = { FLEXPRICE_API_KEY: API_KEY };
    for (const args of [
      ["--base-url", "http://billing.flexprice.io/v1"],
      ["-c", "with.yaml"],
    ]) {
      const ended = await run(["plan", ...args], { cwd, env });
      expect(ended.code).toBe(3);
      expect(ended.stderr).toContain("error[SETTINGS.INSECURE_BASE_URL]");
      expect(ended.stderr).toContain("--insecure-http");
    }
  });

  it("is taken with --insecure-http, which every run says aloud; on this machine nothing has to be said", async () => {
    const live = await service([pushing]);
    const between = await proxy({ hosts: { "flexprice.test": Number(new URL(live.baseUrl).port) } });
    const env = { ...accessTo(live), HTTP_PROXY: between.url };
    const cwd = folderWith(files);
    const far = await run(["plan", "--insecure-http", "--base-url", "http://flexprice.test/v1"], { cwd, env });
    expect(far.code).toBe(0);
    expect(far.stderr).toContain("warning[SETTINGS.INSECURE_BASE_URL]");
    const looked = await run(["doctor", "--insecure-http", "--base-url", "http://flexprice.test/v1"], { cwd, env });
    expect(looked.stdout).toMatch(/warn +target +Insecure base URL: /);
    expect(looked.stdout).not.toMatch(/FAIL +target/i);
    const near = await run(["plan", "--insecure-http"], { cwd, env });
    expect(near.stderr).not.toContain("INSECURE_BASE_URL");
  });
});

describe("an answer that is compressed", () => {
  const list = JSON.stringify({ connections: [pushing], total: 1, limit: 50, offset: 0 });

  it.each([
    ["gzip", gzipSync(list)],
    ["x-gzip", gzipSync(list)],
    ["deflate", deflateSync(list)],
    ["br", brotliCompressSync(list)],
    ["gzip, br", brotliCompressSync(gzipSync(list))],
  ])("with %s is read; cut it is none, whatever its length says", async (encoding, bytes) => {
    for (const [body, code] of [
      [bytes, 0],
      [bytes.subarray(0, bytes.length - 4), 1],
    ] as const) {
      const live = await service([pushing], (_r, response) => {
        response.writeHead(200, { "content-type": "application/json", "content-encoding": encoding });
        response.end(body);
        return true;
      });
      const ended = await run(["plan", "--json"], { cwd: folderWith(files), env: accessTo(live) });
      expect(ended.code).toBe(code);
      if (code === 0) expect(targetOf(ended).changes).toHaveLength(1);
      else expect(documentOf(ended).problems.map((problem) => problem.code)).toEqual(["SERVICE.NOT_JSON"]);
    }
  });

  it("to far more than any list has is refused before it fills the memory", async () => {
    const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024));
    const live = await service([], (_r, response) => {
      response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" });
      response.end(bomb);
      return true;
    });
    const ended = await run(["plan"], { cwd: folderWith(files), env: accessTo(live) });
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/error\[SERVICE\.TOO_LARGE\].*more than 33554432 bytes/);
    expect(live.received).toHaveLength(1);
  });

  it("is asked for only in a form that is read", async () => {
    const live = await service([pushing]);
    await run(["plan"], { cwd: folderWith(files), env: accessTo(live) });
    expect(live.received[0]?.headers["accept-encoding"]).toBe("gzip");
  });
});

describe("time that runs out", () => {
  const slow = (ms: number) => () => new Promise<false>((resolve) => setTimeout(() => resolve(false), ms).unref());

  it("is named: the connection, the beginning of an answer, or its end", async () => {
    const silent = await service([], slow(60_000));
    const endless = await service([], (_r, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.write('{"connections":');
      return true;
    });
    const cwd = folderWith(files);
    for (const [live, words] of [
      [silent, "no answer began within 0.3 s"],
      [endless, "it answered 200 (application/json), and was not whole within 0.3 s"],
    ] as const) {
      const ended = await run(["plan", "--timeout", "0.3"], { cwd, env: accessTo(live) });
      expect(ended.code).toBe(1);
      expect(ended.stderr).toMatch(/error\[SERVICE\.TIMEOUT\]/);
      expect(ended.stderr).toContain(words);
    }
  });

  it("of --deadline ends a plan in the middle of its read, and beats the settings", async () => {
    const live = await service([pushing], slow(60_000));
    const cwd = folderWith({ ...files, "flexprice-sync.yaml": "defaults: { deadline: 600 }\n" });
    const startMs = Date.now();
    const ended = await run(["plan", "--json", "--deadline", "1"], { cwd, env: accessTo(live) });
    expect(Date.now() - startMs).toBeLessThan(10_000);
    expect(ended.code).toBe(1);
    expect(documentOf(ended).problems.map(({ code }) => code)).toEqual(["RUN.DEADLINE"]);
  });

  it("in apply keeps the rest from being begun, lets what is under way end, and says who is left", async () => {
    const rows = [1, 2, 3].map((at) => ({ ...pushing, id: `conn_${at}`, provider_type: "s3", name: `s3 ${at}` }));
    const live = await service(rows);
    live.intercept = async ({ method }) => (method === "PUT" ? slow(1_500)() : false);
    const cwd = folderWith();
    const text = rows.map(({ name }) => `name: ${name}\nprovider_type: s3\nmetadata: { a: b }\n`).join("---\n");
    writeInto(cwd, { "connections/all.yaml": text });
    const args = ["apply", "--yes", "--json", "--deadline", "1", "--parallelism", "1"];
    const ended = await run(args, { cwd, env: accessTo(live) });
    expect(targetOf(ended).changes.map(({ outcome }) => outcome?.status)).toEqual([
      "updated",
      "not-started",
      "not-started",
    ]);
    expect(ended.code).toBe(4);
    const [problem] = documentOf(ended).problems;
    expect(problem?.code).toBe("RUN.DEADLINE");
    expect(problem?.message).toContain("2 changes were not begun: the deadline of the run has passed");
    expect(live.writes()).toHaveLength(1);
  });

  it("of --deadline is not waited for: a rest beyond it ends the run at once", async () => {
    const live = await service([pushing], (_r, response) => send(response, 429, {}, { "retry-after": "30" }));
    const startMs = Date.now();
    const ended = await run(["plan", "--deadline", "20"], { cwd: folderWith(files), env: accessTo(live) });
    expect(Date.now() - startMs).toBeLessThan(10_000);
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain("error[SERVICE.RATE_LIMITED]");
    expect(live.received).toHaveLength(1);
  });
});

describe("an outage in the middle of an apply", () => {
  it("leaves what was not begun as not begun, with one error for the reads that failed", async () => {
    const rows = [1, 2, 3, 4].map((at) => ({ ...pushing, id: `conn_${at}`, provider_type: "s3", name: `s3 ${at}` }));
    const live = await service(rows);
    let isDown = false;
    live.intercept = async ({ method }, response) => {
      if (isDown) return send(response, 500, { message: "down" });
      if (method !== "PUT") return false;
      // So long that the others must read their rows anew, and then the service is gone.
      await new Promise((resolve) => setTimeout(resolve, 5_500));
      isDown = true;
      return false;
    };
    const text = rows.map(({ name }) => `name: ${name}\nprovider_type: s3\nmetadata: { a: b }\n`).join("---\n");
    const args = ["apply", "--yes", "--json", "--parallelism", "1"];
    const ended = await run(args, { cwd: folderWith({ "connections/all.yaml": text }), env: accessTo(live) });
    const outcomes = targetOf(ended).changes.map(({ outcome }) => outcome?.status);
    expect(outcomes).toEqual(["updated", "not-started", "not-started", "not-started"]);
    expect(ended.code).toBe(4);
    expect(documentOf(ended).problems).toHaveLength(1);
    expect(documentOf(ended).problems[0]?.message).toMatch(
      /^Service failed: 3 changes were not begun: GET \S+ answered 500/,
    );
  });
});
