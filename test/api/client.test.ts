import type { AddressInfo } from "node:net";
import { createConnection, createServer } from "node:net";
import { gzipSync } from "node:zlib";
import { describe, expect, it, onTestFinished } from "vitest";
import { type ConnectionsApi, connectionsApi } from "../../src/api/connections.js";
import { connect, LARGEST_ANSWER } from "../../src/api/http.js";
import { HttpFault } from "../../src/api/http-fault.js";
import type { WireEvent } from "../../src/api/wire-event.js";
import { KnownSecrets, Secret } from "../../src/model/secret.js";
import { ServiceError } from "../../src/model/service-error.js";
import { neverInterrupted } from "../../src/setup/interruption.js";
import { authority } from "../support/authority.js";
import { API_KEY, ENVIRONMENT, type Intercept, row, secureService, send, service } from "../support/service.js";

interface Opened {
  readonly api: ConnectionsApi;
  readonly events: WireEvent[];
  readonly waits: number[];
  readonly known: KnownSecrets;
}

function open(
  baseUrl: string,
  {
    timeoutMs = 2_000,
    path = "",
    deadlineMs = Number.POSITIVE_INFINITY,
    interrupt = neverInterrupted(),
    apiKey = API_KEY,
  } = {},
): Opened {
  const url = new URL(baseUrl + path);
  const { send: sender, close } = connect({ origin: url.origin }, 4, timeoutMs);
  onTestFinished(close);
  const events: WireEvent[] = [];
  const waits: number[] = [];
  const known = new KnownSecrets();
  let requests = 0;
  let waitedMs = 0;
  const api = connectionsApi({
    baseUrl: url,
    apiKey: new Secret(apiKey),
    environmentId: ENVIRONMENT,
    deadlineAtMs: Date.now() + deadlineMs,
    interrupt,
    send: sender,
    knownSecrets: known,
    clock: {
      nowMs: () => Date.now() + waitedMs,
      pause: async (ms) => {
        waits.push(ms);
        waitedMs += ms;
      },
    },
    random: () => 0,
    newRequestId: () => `request-${++requests}`,
    onEvent: (event) => events.push(event),
  });
  return { api, events, waits, known };
}

async function failure(promise: Promise<unknown>): Promise<ServiceError> {
  const cause = await promise.then(
    () => undefined,
    (fault: unknown) => fault,
  );
  if (!(cause instanceof ServiceError)) throw new Error(`expected a ServiceError, got ${String(cause)}`);
  return cause;
}

const stripe = row({ id: "conn_1", provider_type: "stripe" });

describe("requests", () => {
  it("carry the key, the environment, a request id, and credentials flat on create and nested on update", async () => {
    const live = await service([stripe]);
    const { api } = open(live.baseUrl);
    await api.create(async () => ({
      name: "n",
      providerType: "chargebee",
      credentials: [
        { field: "site", value: "s" },
        { field: "api_key", value: new Secret("k") },
      ],
    }));
    await api.update("conn_1", async () => ({
      credentials: { providerType: "stripe", fields: [{ field: "x", value: new Secret("y") }] },
    }));
    const [post, put] = live.received;
    expect(post?.headers).toMatchObject({
      "x-api-key": API_KEY,
      "x-environment-id": ENVIRONMENT,
      "x-request-id": "request-1",
      accept: "application/json",
    });
    expect(post?.body).toEqual({
      name: "n",
      provider_type: "chargebee",
      encrypted_secret_data: { site: "s", api_key: "k" },
    });
    expect(put?.body).toEqual({ encrypted_secret_data: { stripe: { x: "y" } } });
  });

  it.each(["", "/"])("keep a base URL's path, with %j at its end", async (end) => {
    const live = await service([], ({ path }, response) =>
      send(response, 200, { connections: null, total: 0, seen: path }),
    );
    const { api } = open(live.baseUrl.replace("/v1", "/gateway/flexprice/v1"), { path: end });
    await api.list(0);
    await api.list(50);
    expect(live.received.map(({ path }) => path)).toEqual([
      "/gateway/flexprice/v1/connections",
      "/gateway/flexprice/v1/connections?offset=50",
    ]);
  });

  it("escape an id", async () => {
    const live = await service([]);
    await failure(open(live.baseUrl).api.get("../x?y#z"));
    expect(live.received[0]?.path).toBe("/v1/connections/..%2Fx%3Fy%23z");
  });
});

describe("answers that are no connection", () => {
  it.each<[string, Intercept, string, RegExp]>([
    [
      "a login page",
      (_r, response) => send(response, 200, "<html>log in</html>", { "content-type": "text/html" }),
      "SERVICE.NOT_JSON",
      /^GET http.*\/v1\/connections answered 200 \(text\/html\), but not with JSON that can be read: it is an HTML page, perhaps a login or a proxy's\.$/,
    ],
    [
      "text that only claims to be JSON",
      (_r, response) => send(response, 200, "{oops"),
      "SERVICE.NOT_JSON",
      /but not with JSON that can be read: it is no JSON, or not all of it\.$/,
    ],
    [
      "a compressed answer that is cut, although its length is what was announced",
      (_r, response) => {
        response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" });
        response.end(gzipSync('{"connections":null,"total":0}').subarray(0, 30));
        return true;
      },
      "SERVICE.NOT_JSON",
      /answered 200 \(application\/json, gzip\), .*: it is encoded, in a way that is not known or not all of it\.$/,
    ],
    [
      "an encoding that nobody knows",
      (_r, response) => send(response, 200, { connections: null, total: 0 }, { "content-encoding": "gzip, secret" }),
      "SERVICE.NOT_JSON",
      /it is encoded, in a way that is not known/,
    ],
    [
      "JSON that is said to be encoded",
      (_r, response) => send(response, 200, { connections: null, total: 0 }, { "content-encoding": "gzip" }),
      "SERVICE.NOT_JSON",
      /it is encoded/,
    ],
    [
      "JSON that is said to be text",
      (_r, response) => send(response, 200, '{"connections":null,"total":0}', { "content-type": "text/plain" }),
      "SERVICE.NOT_JSON",
      /answered 200 \(text\/plain\), but not with JSON that can be read: that is no content type of JSON\.$/,
    ],
    [
      "a page in capitals",
      (_r, response) => send(response, 200, "<html>", { "content-type": "Text/HTML" }),
      "SERVICE.NOT_JSON",
      /it is an HTML page/,
    ],
    [
      "bytes that are no text",
      (_r, response) => {
        response.writeHead(200, { "content-type": "application/json" });
        response.end(Buffer.from([0x22, 0xff, 0x22]));
        return true;
      },
      "SERVICE.NOT_JSON",
      /answered 200 \(application\/json\), .*: it is not UTF-8\.$/,
    ],
    [
      "a success without a body",
      (_r, response) => send(response, 200, ""),
      "SERVICE.NOT_JSON",
      /can be read: it is empty\.$/,
    ],
    ["a bare list", (_r, response) => send(response, 200, []), "SERVICE.WRONG_SHAPE", /not in the shape/],
    [
      "an object without connections",
      (_r, response) => send(response, 200, { items: [] }),
      "SERVICE.WRONG_SHAPE",
      /not in the shape/,
    ],
    [
      "a count that is no number",
      (_r, response) => send(response, 200, { connections: [], total: "0" }),
      "SERVICE.WRONG_SHAPE",
      /not in the shape/,
    ],
    [
      "connections that are no list",
      (_r, response) => send(response, 200, { connections: {}, total: 0 }),
      "SERVICE.WRONG_SHAPE",
      /not in the shape/,
    ],
    [
      "a row without id",
      (_r, response) => send(response, 200, { connections: [{ name: "x", provider_type: "s3" }], total: 1 }),
      "SERVICE.WRONG_SHAPE",
      /not in the shape/,
    ],
    [
      "a row nested too deep",
      (_r, response) =>
        send(
          response,
          200,
          `{"connections":[{"id":"a","name":"b","provider_type":"s3","metadata":{"a":${"[".repeat(5000)}${"]".repeat(5000)}}}],"total":1}`,
        ),
      "SERVICE.WRONG_SHAPE",
      /not in the shape/,
    ],
    [
      "the plain 404 of a wrong path",
      (_r, response) => send(response, 404, "404 page not found", { "content-type": "text/plain" }),
      "SERVICE.NOT_FOUND",
      /answered 404 \(text\/plain\)\.$/,
    ],
    [
      "a redirect",
      (_r, response) => send(response, 302, "", { location: "https://elsewhere.example/login" }),
      "SERVICE.REDIRECTED",
      /leads to https:\/\/elsewhere\.example;/,
    ],
    [
      "a redirect after a write",
      (_r, response) => send(response, 303, "", { location: "https://elsewhere.example/" }),
      "SERVICE.REDIRECTED",
      /answered 303/,
    ],
    [
      "a redirect to another port",
      (_r, response) => send(response, 307, "", { location: "http://127.0.0.1:1/x" }),
      "SERVICE.REDIRECTED",
      /leads to 127\.0\.0\.1:1;/,
    ],
    [
      "a redirect to a login page of its own",
      (_r, response) => send(response, 302, "", { location: "/login?next=secret" }),
      "SERVICE.REDIRECTED",
      /leads to \/login of the same host;/,
    ],
    [
      "a 3xx that is no redirect",
      (_r, response) => send(response, 304, ""),
      "SERVICE.REJECTED",
      /answered 304 \(application\/json; charset=utf-8\)\.$/,
    ],
    [
      "the empty 500 of a panic",
      (_r, response) => {
        response.writeHead(500);
        response.end();
        return true;
      },
      "SERVICE.FAILED",
      /answered 500 \(no content type\)\.$/,
    ],
  ])("such as %s are errors with method, URL, status and content type", async (_what, intercept, code, message) => {
    const live = await service([], intercept);
    const fault = await failure(open(live.baseUrl).api.list(0));
    expect(fault.code).toBe(code);
    expect(fault.message).toMatch(message);
    expect(fault.hint).toContain("Request id: request-1");
    expect(live.received).toHaveLength(1);
  });

  it.each([
    [{ code: "validation_error", message: "of handlers", http_status_code: 400 }, "of handlers"],
    [{ error: "Access denied", message: "of middleware" }, "of middleware"],
    [{ error: "Unauthorized" }, "Unauthorized"],
    [{ success: false, error: { message: "of old servers", internal_error: "x" } }, "of old servers"],
  ])("show the service's own words in %j", async (body, words) => {
    const live = await service([], (_r, response) => send(response, 400, body));
    const fault = await failure(open(live.baseUrl).api.list(0));
    expect(fault.message).toContain(`answered 400 (application/json; charset=utf-8): ${words}.`);
  });

  it("are those whose ids repeat a secret, unless that is a word as ids have them", async () => {
    const long = "sk_01K0KEYOFTHETEST0123456789";
    const live = await service([], (_received, response) =>
      send(response, 200, { connections: [row({ id: `conn_${long}_demo`, provider_type: "stripe" })], total: 1 }),
    );
    const fault = await failure(open(live.baseUrl, { apiKey: long }).api.list(0));
    expect(fault.code).toBe("SERVICE.WRONG_SHAPE");
    expect(fault.message).not.toContain(long);
    expect((await open(live.baseUrl, { apiKey: "demo" }).api.list(0)).value.rows).toHaveLength(1);
    const other = open(live.baseUrl);
    other.known.add([new Secret(long.slice(3))]);
    expect((await failure(other.api.list(0))).code).toBe("SERVICE.WRONG_SHAPE");
  });

  it("name the connection that a conflict is about", async () => {
    const live = await service([], (_r, response) =>
      send(response, 409, { code: "already_exists", message: "exists", details: { existing_connection_id: "conn_9" } }),
    );
    const fault = await failure(
      open(live.baseUrl).api.create(async () => ({ name: "n", providerType: "stripe", credentials: [] })),
    );
    expect(fault).toMatchObject({ code: "SERVICE.CONFLICT", delivery: "answered" });
    expect(fault.hint).toContain("conn_9");
  });

  it("are read when they are said not to be encoded", async () => {
    const live = await service([], (_r, response) =>
      send(response, 200, { connections: null, total: 0 }, { "content-encoding": "Identity" }),
    );
    expect((await open(live.baseUrl).api.list(0)).value.total).toBe(0);
  });

  it("tell what to do about an encoded answer, and only there", async () => {
    const encoded = await service([], (_r, response) => send(response, 200, {}, { "content-encoding": "br" }));
    expect((await failure(open(encoded.baseUrl).api.list(0))).hint).toMatch(
      /something between here and the service encodes/,
    );
    const page = await service([], (_r, response) => send(response, 200, "<p>", { "content-type": "text/html" }));
    expect((await failure(open(page.baseUrl).api.list(0))).hint).toMatch(/^is the base URL right\?/);
  });

  it("keep their status when they are errors that unpack to more than is read", async () => {
    const page = gzipSync(`"${"x".repeat(300 * 1024)}"`);
    const live = await service([], (_r, response) => {
      if (live.received.length > 1) return false;
      response.writeHead(429, { "content-type": "text/html", "content-encoding": "gzip", "retry-after": "1" });
      response.end(page);
      return true;
    });
    await open(live.baseUrl).api.list(0);
    expect(live.received).toHaveLength(2);
  });

  it("show the words of an error that is not wholly UTF-8, and of a very long one", async () => {
    const latin = await service([], (_r, response) => {
      response.writeHead(400, { "content-type": "application/json" });
      response.end(Buffer.from('{"code":"validation_error","message":"caf\u00e9 not taken"}', "latin1"));
      return true;
    });
    expect((await failure(open(latin.baseUrl).api.list(0))).message).toContain("caf\ufffd not taken");
    const long = await service([], (_r, response) => send(response, 400, `"${"x".repeat(40 * 1024 * 1024)}"`));
    expect(await failure(open(long.baseUrl).api.list(0))).toMatchObject({ code: "SERVICE.REJECTED", httpStatus: 400 });
  });

  it("tell a way to https of the same host, and never a part of a secret on the way", async () => {
    const live = await service([], ({ headers }, response) =>
      send(response, 301, "", { location: `https://${headers.host}/v1/connections` }),
    );
    expect((await failure(open(live.baseUrl).api.list(0))).message).toMatch(/leads to https:\/\/127\.0\.0\.1:\d+;/);
    const told = await service([], (_r, response) => send(response, 302, "", { location: "/login/sk_pw?second-half" }));
    const client = open(told.baseUrl);
    client.known.add([new Secret("sk_pw?second-half")]);
    expect((await failure(client.api.list(0))).message).not.toContain("sk_pw");
  });

  it("never repeat a secret, and steer no terminal", async () => {
    const live = await service([], (_r, response) =>
      send(response, 400, { message: "bad \u001b[31mkey\nsk_live_canary" }),
    );
    const { api, known } = open(live.baseUrl);
    const plain = await failure(api.list(0));
    expect(plain.message).toContain("bad  [31mkey sk_live_canary");
    known.add([new Secret("sk_live_canary")]);
    const fault = await failure(api.list(0));
    expect(fault.message).toContain("(withheld: this text repeats a secret)");
    expect(fault.message).not.toContain("canary");
  });
});

describe("what a transport says", () => {
  it("is withheld when it repeats a secret, in the error and in the trace", async () => {
    const events: WireEvent[] = [];
    const known = new KnownSecrets();
    known.add([new Secret("sk_live_canary")]);
    const api = connectionsApi({
      baseUrl: new URL("http://127.0.0.1:1/v1"),
      apiKey: new Secret(API_KEY),
      send: async () => {
        throw new HttpFault("unreachable", "unknown", "bad header: sk_live_canary");
      },
      knownSecrets: known,
      interrupt: neverInterrupted(),
      clock: { nowMs: Date.now, pause: async () => {} },
      random: () => 0,
      newRequestId: () => "r",
      onEvent: (event) => events.push(event),
    });
    expect((await failure(api.list(0))).message).not.toContain("canary");
    expect(JSON.stringify(events)).not.toContain("canary");
    expect(events.filter(({ kind }) => kind === "failed" || kind === "waiting")).toHaveLength(7);
  });
});

describe("repeating", () => {
  it.each([
    [429, 4],
    [502, 1],
    [503, 1],
    [504, 1],
  ])("GET and PUT on %i, up to a bound; POST only where it was certainly not done", async (status, posts) => {
    const live = await service([stripe], (_r, response) => send(response, status, {}));
    const { api } = open(live.baseUrl);
    expect((await failure(api.list(0))).attempts).toBe(4);
    expect((await failure(api.update("conn_1", async () => ({ name: "n" })))).attempts).toBe(4);
    expect(
      (await failure(api.create(async () => ({ name: "n", providerType: "stripe", credentials: [] })))).attempts,
    ).toBe(posts);
    expect(live.received).toHaveLength(8 + posts);
  });

  it.each([400, 401, 403, 404, 409, 413, 500, 501])("nothing on %i", async (status) => {
    const live = await service([], (_r, response) => send(response, status, {}));
    await failure(open(live.baseUrl).api.list(0));
    expect(live.received).toHaveLength(1);
  });

  it("waits as long as the service asks, and not a day", async () => {
    let asked = "2";
    const live = await service([stripe], (_r, response) =>
      live.received.length === 1 || asked !== "2" ? send(response, 429, {}, { "retry-after": asked }) : false,
    );
    const patient = open(live.baseUrl);
    await patient.api.list(0);
    expect(patient.waits.map((ms) => Math.ceil(ms / 10) * 10)).toEqual([2_000]);
    asked = "86400";
    const impatient = open(live.baseUrl);
    const fault = await failure(impatient.api.list(0));
    expect(impatient.waits).toEqual([]);
    expect(fault.message).toContain("it asks to wait 86400 s; at most 60 s are waited");
  });

  it("waits for a minute, and for no second more", async () => {
    for (const [asked, answer] of [
      ["60", "waits"],
      ["61", "gives up"],
    ]) {
      const live = await service([stripe], (_r, response) =>
        live.received.length === 1 ? send(response, 429, {}, { "retry-after": String(asked) }) : false,
      );
      const { api } = open(live.baseUrl);
      const result = await api.list(0).then(
        () => "waits",
        () => "gives up",
      );
      expect(result, asked).toBe(answer);
    }
  });

  it("of a limited write ends, however often the list that it starts from is answered", async () => {
    const live = await service([stripe], ({ method }, response) =>
      method === "PUT" ? send(response, 429, {}, { "retry-after": "6" }) : false,
    );
    const { api } = open(live.baseUrl);
    const asked = async () => {
      await api.list(0, { isNested: true });
      return { name: "n" };
    };
    expect(await failure(api.update("conn_1", asked))).toMatchObject({ code: "SERVICE.RATE_LIMITED", attempts: 4 });
  });

  it("of one request that is limited while others are not ends as well", async () => {
    const live = await service([stripe], ({ method }, response) =>
      method === "PUT" ? send(response, 429, {}, { "retry-after": "1" }) : false,
    );
    const { api } = open(live.baseUrl);
    const asked = async () => {
      await api.list(0);
      return { name: "n" };
    };
    expect((await failure(api.update("conn_1", asked))).attempts).toBeLessThanOrEqual(20);
  });

  it("of the second half of something waits no longer than a little behind the deadline", async () => {
    const live = await service([stripe], (_r, response) => send(response, 429, {}, { "retry-after": "25" }));
    const { api, waits } = open(live.baseUrl, { deadlineMs: 3_000 });
    await failure(api.list(0));
    expect(await failure(api.get("conn_1", { isSequel: true }))).toMatchObject({ code: "RUN.DEADLINE", attempts: 0 });
    expect(waits.reduce((sum, ms) => sum + ms, 0)).toBeLessThan(3_000);
  });

  it("begins nothing when the run is told to end while a body is made, or the host asks for a rest then", async () => {
    const live = await service([stripe], ({ method }, response) =>
      method === "GET" && live.received.length === 1 ? send(response, 429, {}, { "retry-after": "90" }) : false,
    );
    const stop = new AbortController();
    const ended = open(live.baseUrl, { interrupt: { ...neverInterrupted(), stop: stop.signal } });
    const asked = async () => {
      stop.abort("terminated");
      return { name: "n" };
    };
    expect(await failure(ended.api.update("conn_1", asked))).toMatchObject({ code: "RUN.TERMINATED", attempts: 0 });
    const limited = open(live.baseUrl);
    const asking = async () => {
      await limited.api.list(0, { isNested: true }).catch(() => {});
      return { name: "n" };
    };
    expect(await failure(limited.api.update("conn_1", asking))).toMatchObject({
      code: "SERVICE.RATE_LIMITED",
      delivery: "not-sent",
      attempts: 0,
    });
    expect(live.writes()).toEqual([]);
  });

  it("uses one request id for all tries of a request", async () => {
    const live = await service([], (_r, response) => send(response, 503, {}));
    await failure(open(live.baseUrl).api.list(0));
    expect(new Set(live.received.map(({ headers }) => headers["x-request-id"]))).toEqual(new Set(["request-1"]));
  });
});

describe("faults on the way", () => {
  it("tell a connection that never came to be from one that ended when the request was on it", async () => {
    const shut = createServer((socket) => socket.once("data", () => socket.resetAndDestroy()));
    await new Promise<void>((resolve) => shut.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      shut.close();
    });
    const { port } = shut.address() as AddressInfo;
    const ways = [
      [`https://127.0.0.1:${port}`, "not-sent"],
      [`http://127.0.0.1:${port}`, "unknown"],
      ["http://127.0.0.1:9", "not-sent"],
    ] as const;
    for (const [origin, delivery] of ways) {
      const { send: sender, close } = connect({ origin }, 1, 2_000);
      onTestFinished(close);
      const request = { method: "PUT", path: "/", headers: {}, body: "{}" } as const;
      await expect(sender(request), origin).rejects.toMatchObject({ delivery });
    }
  });

  it("tell a request that was never sent from one whose answer was lost", async () => {
    const refused = await failure(
      open("http://127.0.0.1:9/v1").api.create(async () => ({ name: "n", providerType: "s3", credentials: [] })),
    );
    expect(refused).toMatchObject({ code: "SERVICE.UNREACHABLE", delivery: "not-sent", attempts: 4 });
    const live = await service([], (_r, response) => {
      response.socket?.destroy();
      return true;
    });
    const lost = await failure(
      open(live.baseUrl).api.create(async () => ({ name: "n", providerType: "s3", credentials: [] })),
    );
    expect(lost).toMatchObject({ code: "SERVICE.UNREACHABLE", delivery: "unknown", attempts: 1 });
  });

  it("keep what was given up before there was a connection from being sent on it afterwards", async () => {
    const own = authority();
    const live = await secureService([stripe], own.issue());
    // Between the two a while passes before the handshake: the request is given up meanwhile.
    const between = createServer((socket) => {
      setTimeout(() => {
        const onward = createConnection(Number(new URL(live.baseUrl).port), "127.0.0.1");
        for (const side of [socket, onward]) side.on("error", () => {});
        socket.pipe(onward).pipe(socket);
      }, 400);
    });
    await new Promise<void>((resolve) => between.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      between.close();
    });
    const origin = `https://localhost:${(between.address() as AddressInfo).port}`;
    const { send: sender, close } = connect({ origin, authorities: [own.certificate] }, 1, 5_000);
    onTestFinished(close);
    const request = { method: "PUT", path: "/v1/connections/conn_1", headers: { "x-api-key": API_KEY } } as const;
    const given = sender({ ...request, body: '{"name":"given up"}', timeoutMs: 100 });
    await expect(given).rejects.toMatchObject({ kind: "timeout", delivery: "not-sent" });
    await sender({ ...request, body: '{"name":"sent"}' });
    expect(live.received.map(({ body }) => body)).toEqual([{ name: "sent" }]);
  });

  it("keep what has grown old on the way to a connection from being sent", async () => {
    const live = await service([stripe]);
    const { send: sender, close } = connect({ origin: new URL(live.baseUrl).origin }, 1, 2_000);
    onTestFinished(close);
    const request = { method: "PUT", path: "/v1/connections/conn_1", headers: { "x-api-key": API_KEY } } as const;
    const old = sender({ ...request, body: '{"name":"old"}', isStale: () => true });
    await expect(old).rejects.toMatchObject({ kind: "stale", delivery: "not-sent" });
    await sender({ ...request, body: '{"name":"young"}', isStale: () => false });
    expect(live.received.map(({ body }) => body)).toEqual([{ name: "young" }]);
  });

  it("tell a host name that does not exist", async () => {
    const fault = await failure(
      open("http://no-such-host.invalid/v1").api.create(async () => ({
        name: "n",
        providerType: "s3",
        credentials: [],
      })),
    );
    expect(fault).toMatchObject({ code: "SERVICE.UNREACHABLE", delivery: "not-sent" });
  });

  it("tell an answer that ends in the middle", async () => {
    const server = createServer((socket) => {
      socket.once("data", () => {
        socket.end('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{"connections":[');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    const fault = await failure(open(`http://127.0.0.1:${port}/v1`).api.list(0));
    expect(fault).toMatchObject({ code: "SERVICE.CUT_OFF", attempts: 4 });
    expect(fault.message).toMatch(
      /^GET http.*\/v1\/connections failed after 4 tries: it answered 200 \(application\/json\), and then broke off: /,
    );
  });

  it("tell an answer without end, and do not ask for it again", async () => {
    const chunk = "x".repeat(1024 * 1024);
    const live = await service([], (_r, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      for (let sent = 0; sent <= LARGEST_ANSWER; sent += chunk.length) response.write(chunk);
      return true;
    });
    const fault = await failure(open(live.baseUrl, { timeoutMs: 20_000 }).api.list(0));
    expect(fault).toMatchObject({ code: "SERVICE.TOO_LARGE", attempts: 1 });
    expect(live.received).toHaveLength(1);
  });

  it("remember over all tries of a write what one of them may have done", async () => {
    let tries = 0;
    const live = await service([stripe], ({ method }, response) => {
      tries += 1;
      if (method === "POST") return send(response, 504, {});
      if (tries % 2 === 0) return send(response, 403, {});
      response.socket?.destroy();
      return true;
    });
    const { api } = open(live.baseUrl);
    expect(await failure(api.update("conn_1", async () => ({ name: "n" })))).toMatchObject({
      delivery: "unknown",
      httpStatus: 403,
    });
    expect(await failure(api.list(0))).toMatchObject({ delivery: "answered" });
    const gateway = await failure(api.create(async () => ({ name: "n", providerType: "stripe", credentials: [] })));
    expect(gateway).toMatchObject({ delivery: "doubtful", attempts: 1 });
  });

  it("tell a service that takes too long, by the time that was allowed", async () => {
    const live = await service([], () => new Promise(() => {}));
    const fault = await failure(
      open(live.baseUrl, { timeoutMs: 100 }).api.create(async () => ({
        name: "n",
        providerType: "s3",
        credentials: [],
      })),
    );
    expect(fault).toMatchObject({ code: "SERVICE.TIMEOUT", delivery: "unknown" });
    expect(fault.message).toContain("no answer began within 0.1 s");
  });

  it("take an unreadable answer to a write for no sign that it was not done", async () => {
    const live = await service([stripe], (_r, response) =>
      send(response, 200, "<html>", { "content-type": "text/html" }),
    );
    const { api } = open(live.baseUrl);
    expect((await failure(api.update("conn_1", async () => ({ name: "n" })))).delivery).toBe("unknown");
    expect((await failure(api.list(0))).delivery).toBe("answered");
  });
});

describe("the trace", () => {
  it("names what is sent and never its value", async () => {
    const live = await service([stripe]);
    const { api, events } = open(live.baseUrl);
    await api.update("conn_1", async () => ({
      name: "canary-name",
      metadata: { a: "canary" },
      credentials: { providerType: "stripe", fields: [{ field: "f", value: new Secret("canary") }] },
    }));
    expect(events.map(({ kind }) => kind)).toEqual(["sent", "answered"]);
    expect(events[0]).toMatchObject({ bodyKeys: ["name", "encrypted_secret_data", "metadata"] });
    expect(JSON.stringify(events)).not.toContain("canary");
    expect(JSON.stringify(events)).not.toContain(API_KEY);
  });
});
