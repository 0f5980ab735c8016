import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { connect } from "../../../src/api/http.js";
import { type Edit, edited, edits } from "../edits.js";
import { WORDS } from "../hurtful.js";
import { type JsonEdit, jsonEdits, jsonWith } from "../json-edits.js";
import { MemoryService, memoryFiles } from "../memory.js";
import { type RawRequest, RawServer } from "../raw-server.js";
import { matchingRows, recordedAnswers } from "../samples.js";
import { API_KEY, CANARY, idsIn, joined, type Seen } from "../seen.js";
import { invocationOf, ran } from "../story.js";
import type { Target } from "../target.js";

/** What is wrong with an answer; all else in it is right. */
interface Wrong {
  /** Which requests it is given to. */
  readonly to: "list" | "get" | "post" | "put" | "delete" | "all";
  /** From which of them on, and for how many. */
  readonly from: number;
  readonly times: number;
  readonly status?: number;
  readonly headers?: readonly (readonly [string, string])[];
  readonly encoding?: "gzip" | "deflate" | "br" | "gzip, gzip";
  /** Characters of it that are sent, in ten-thousandths. */
  readonly cut?: number;
  readonly body?: Body;
  /** In place of the whole answer, as bytes. */
  readonly raw?: string;
}

type Body =
  | { readonly kind: "edited"; readonly edits: readonly Edit[] }
  | { readonly kind: "json"; readonly edits: readonly JsonEdit[] }
  | { readonly kind: "recorded"; readonly number: number; readonly edits: readonly JsonEdit[] }
  | { readonly kind: "repeated"; readonly unit: string; readonly times: number }
  | { readonly kind: "text"; readonly text: string };

const files = new Map<string, Uint8Array>([
  [
    "connections/a.yaml",
    Buffer.from(`name: Stripe production
provider_type: stripe
encrypted_secret_data: { secret_key: "\${SK}", webhook_secret: "\${SK}" }
metadata: { team: billing }
sync_config: { invoice: { outbound: true } }
---
name: Relay
provider_type: flexprice
encrypted_secret_data: { token: "\${SK}" }
metadata: { team: new }
---
name: Books
provider_type: quickbooks
encrypted_secret_data: { client_id: "\${SK}", client_secret: "\${SK}", realm_id: "1", environment: sandbox, refresh_token: "\${SK}", webhook_verifier_token: "\${SK}" }
`),
  ],
]);

const rows = matchingRows.filter(({ provider_type: provider }) =>
  ["stripe", "s3", "hubspot", "flexprice"].includes(String(provider)),
);

const secrets = [
  CANARY,
  API_KEY,
  `x ${API_KEY} y`,
  Buffer.from(API_KEY).toString("base64"),
  encodeURIComponent(CANARY),
];

const body: fc.Arbitrary<Body> = fc.oneof(
  { arbitrary: fc.record({ kind: fc.constant("json" as const), edits: jsonEdits(secrets) }), weight: 6 },
  { arbitrary: fc.record({ kind: fc.constant("edited" as const), edits }), weight: 4 },
  {
    arbitrary: fc.record({ kind: fc.constant("recorded" as const), number: fc.nat(199), edits: jsonEdits(secrets) }),
    weight: 2,
  },
  {
    arbitrary: fc.record({
      kind: fc.constant("repeated" as const),
      unit: fc.constantFrom("a", "[", '{"a":', "\0", "\ufeff", '{"connections":[]}', "<html>", `${CANARY} `),
      times: fc.constantFrom(1, 10, 300, 5_000, 300_000),
    }),
    weight: 1,
  },
  {
    arbitrary: fc.record({
      kind: fc.constant("text" as const),
      text: fc.constantFrom(
        "",
        "null",
        "{}",
        "[]",
        "404 page not found",
        '{"error":"Unauthorized"}',
        '{"success":false,"error":{"message":"x","internal_error":"y"}}',
        ...secrets,
        ...WORDS,
      ),
    }),
    weight: 2,
  },
);

const headerName = fc.constantFrom(
  "content-type",
  "content-encoding",
  "retry-after",
  "location",
  "date",
  "content-length",
  "transfer-encoding",
  "connection",
  "set-cookie",
  "x-request-id",
  "Trailer",
  "",
  "a b",
  "x\u00e9",
);

const headerValue = fc.oneof(
  fc.constantFrom(
    "",
    "gzip",
    "br",
    "deflate, gzip",
    "identity",
    "compress",
    "gzip, gzip, gzip, gzip, gzip",
    "chunked",
    "close",
    "text/html",
    "application/json; charset=utf-16",
    "0",
    "1",
    "-1",
    "60",
    "61",
    "1e9",
    "99999999999999999999",
    "1.5",
    "Wed, 21 Oct 2015 07:28:00 GMT",
    "Thu, 01 Jan 2099 00:00:00 GMT",
    "Mon, 99 Foo 9999",
    "/v1/connections",
    "https://elsewhere.example/",
    "//elsewhere.example",
    "http://[",
    "javascript:x",
    "file:///etc/passwd",
    "x".repeat(9_000),
    `https://${API_KEY.replaceAll("_", "-")}.example/?k=${CANARY}`,
    `text/${API_KEY}`,
    ...secrets,
  ),
  fc.constantFrom(...WORDS),
);

const status = fc.oneof(
  {
    arbitrary: fc.constantFrom(
      200,
      201,
      202,
      204,
      205,
      206,
      300,
      301,
      302,
      304,
      307,
      308,
      400,
      401,
      402,
      403,
      404,
      405,
      407,
      408,
      409,
      410,
      413,
      418,
      421,
      422,
      425,
      429,
      431,
      451,
      500,
      501,
      502,
      503,
      504,
      508,
      511,
      520,
      599,
    ),
    weight: 8,
  },
  { arbitrary: fc.constantFrom(0, 99, 100, 101, 103, 199, 299, 600, 999, 1_000, -1), weight: 1 },
);

const which = {
  to: fc.constantFrom("list", "list", "list", "post", "put", "put", "get", "delete", "all"),
  from: fc.constantFrom(0, 0, 0, 1, 2),
  times: fc.constantFrom(1, 1, 3, 9, 1_000),
} as const;

const headers = fc.array(fc.tuple(headerName, headerValue), { minLength: 1, maxLength: 3 });
const encoding = fc.constantFrom("gzip", "deflate", "br", "gzip, gzip");

const wrong: fc.Arbitrary<Wrong> = fc.oneof(
  { arbitrary: fc.record({ ...which, body }), weight: 8 },
  { arbitrary: fc.record({ ...which, status, body }), weight: 3 },
  { arbitrary: fc.record({ ...which, status }), weight: 2 },
  { arbitrary: fc.record({ ...which, headers }), weight: 2 },
  { arbitrary: fc.record({ ...which, cut: fc.nat(10_000) }), weight: 1 },
  { arbitrary: fc.record({ ...which, encoding, body }), weight: 1 },
  {
    arbitrary: fc.record(
      { ...which, status, headers, encoding, cut: fc.nat(10_000), body },
      { requiredKeys: ["to", "from", "times"] },
    ),
    weight: 2,
  },
  {
    arbitrary: fc.record({
      ...which,
      raw: fc.oneof(
        {
          arbitrary: fc.constantFrom(
            "",
            "HTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.1 200\r\n\r\n{}",
            "HTTP/9.9 200 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffff\r\n",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}",
            "\0\0\0",
            "SSH-2.0-x\r\n",
          ),
          weight: 4,
        },
        { arbitrary: fc.constantFrom(...WORDS), weight: 1 },
      ),
    }),
    weight: 1,
  },
);

const script = fc.array(wrong, { minLength: 1, maxLength: 3 });

/** What a service answers, byte by byte, to every request of a run, over a real connection. */
class AnswersTarget implements Target {
  readonly name = "answers";
  readonly extension = "json";
  readonly share = 12;
  readonly inputs = script.map((all) => Buffer.from(JSON.stringify(all)));
  #server: Promise<RawServer> | undefined;

  async run(input: Uint8Array): Promise<Seen> {
    const all = scriptIn(input);
    this.#server ??= RawServer.start();
    const server = await this.#server;
    const seen: Seen[] = [];
    for (const asked of [
      invocationOf("apply", { adopt: input.length % 2 === 0 }),
      invocationOf("apply", { replaces: ["Stripe production"], failFast: true }),
    ]) {
      const service = new MemoryService(rows);
      const answering = new Answering(service, all);
      server.answer = (request) => answering.bytesFor(request);
      const { send, close } = connect({ origin: server.origin }, 4, 5_000);
      try {
        const { seen: one } = await ran(asked, { files: memoryFiles(files), send }, { files, writes: service.writes });
        seen.push({
          ...one,
          ids: answering.ids,
          complaints: answering.count > MOST_REQUESTS ? [`requests: ${answering.count} of them`] : [],
        });
      } finally {
        await close();
      }
    }
    return joined(seen);
  }

  async close(): Promise<void> {
    await (await this.#server)?.close();
    this.#server = undefined;
  }
}

/** Pages of the list, each with its repeats, and the writes. */
const MOST_REQUESTS = 1_200;

function scriptIn(input: Uint8Array): readonly Wrong[] {
  const all: unknown = JSON.parse(Buffer.from(input).toString("utf8"));
  return Array.isArray(all) ? (all as readonly Wrong[]) : [];
}

class Answering {
  count = 0;
  /** Ids that it has given. */
  readonly ids: string[] = [];
  readonly #service: MemoryService;
  readonly #script: readonly Wrong[];
  readonly #counts: number[];

  constructor(service: MemoryService, script: readonly Wrong[]) {
    this.#service = service;
    this.#script = script;
    this.#counts = script.map(() => 0);
  }

  bytesFor(request: RawRequest): Uint8Array {
    this.count += 1;
    const [status, good] = this.#service.answer(request);
    const fitting = this.#script.filter((one, index) => {
      if (one.to !== "all" && one.to !== kindOf(request)) return false;
      const count = this.#counts[index] ?? 0;
      this.#counts[index] = count + 1;
      return count >= one.from && count < one.from + one.times;
    });
    const wrong: Partial<Wrong> = Object.assign({}, ...fitting);
    if (wrong.raw !== undefined) return Buffer.from(wrong.raw, "utf8");
    const right = Buffer.from(good === undefined ? "" : JSON.stringify(good));
    const plain = wrong.body === undefined ? right : bodyOf(wrong.body, good);
    this.ids.push(...idsIn(plain.toString("utf8")));
    return bytesOf(wrong, wrong.status ?? status, plain);
  }
}

function kindOf({ method, path }: RawRequest): Wrong["to"] {
  if (method === "GET") return /\/connections(?:\?|$)/.test(path) ? "list" : "get";
  return method.toLowerCase() as Wrong["to"];
}

function bytesOf(wrong: Partial<Wrong>, status: number, plain: Buffer): Uint8Array {
  const encoded = encodedBy(wrong.encoding, plain);
  const headers = wrong.headers ?? [];
  const has = (name: string) => headers.some(([key]) => key === name);
  const all = [
    ...headers,
    ...(has("content-type") ? [] : [["content-type", "application/json"] as const]),
    ...(has("content-length") || has("transfer-encoding") || encoded.length === 0
      ? []
      : [["content-length", String(encoded.length)] as const]),
    ...(wrong.encoding === undefined || has("content-encoding") ? [] : [["content-encoding", wrong.encoding] as const]),
    ["connection", "close"] as const,
  ];
  const head = `HTTP/1.1 ${status} X\r\n${all.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
  const whole = Buffer.concat([Buffer.from(head, "utf8"), encoded]);
  return wrong.cut === undefined ? whole : whole.subarray(0, Math.ceil((whole.length * wrong.cut) / 10_000));
}

function bodyOf(body: Body, good: unknown): Buffer {
  switch (body.kind) {
    case "edited":
      return Buffer.from(edited([JSON.stringify(good ?? {})], 0, body.edits));
    case "json":
      return Buffer.from(jsonWith(good ?? {}, body.edits));
    case "recorded":
      return Buffer.from(jsonWith(recordedAnswers[body.number % recordedAnswers.length], body.edits));
    case "repeated":
      return Buffer.from(body.unit.repeat(body.times));
    case "text":
      return Buffer.from(body.text);
  }
}

function encodedBy(encoding: Wrong["encoding"], bytes: Buffer): Buffer {
  switch (encoding) {
    case undefined:
      return bytes;
    case "gzip":
      return gzipSync(bytes);
    case "gzip, gzip":
      return gzipSync(gzipSync(bytes));
    case "deflate":
      return deflateSync(bytes);
    case "br":
      return brotliCompressSync(bytes);
  }
}

export const answers: Target = new AnswersTarget();
