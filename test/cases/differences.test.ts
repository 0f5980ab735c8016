import { describe, expect, it } from "vitest";
import { catalogue } from "../../src/generated/catalogue.js";
import { folderWith } from "../support/folder.js";
import { documentOf, type Ended, lastLine, run, targetOf } from "../support/program.js";
import {
  accessTo,
  type Intercept,
  MARK,
  type Row,
  row,
  type Service,
  send,
  service,
  unmarked,
} from "../support/service.js";

// Faults of other tools with what counts as a difference, as the right result here. test/README.md says where they come from.

const FILE = "connections/stripe.yaml";

function stripeRow(facts: Partial<Row> = {}): Row {
  return row({ id: "conn_s", provider_type: "stripe", name: "stripe-main", ...facts });
}

function fieldsOf(ended: Ended): readonly object[] {
  return targetOf(ended).changes.flatMap(({ fields }) => fields);
}

describe("what the service fills in by itself", () => {
  const file = `name: stripe-main
provider_type: stripe
sync_config:
  invoice: {outbound: true}
`;
  const filled = stripeRow({
    sync_config: { invoice: { inbound: false, outbound: true }, customer: { inbound: true, outbound: true } },
    health: "ok",
    webhook: { url: "https://example.com/hook", retries: 3 },
  });

  /** Shows other times and another actor with every answer. */
  const restless = (live: Service): Intercept => {
    let second = 10;
    return () => {
      second += 1;
      for (const [at, known] of live.rows.entries())
        live.rows[at] = { ...known, updated_at: `2026-11-25T09:00:${second}Z`, updated_by: `user_${second}` };
      return false;
    };
  };

  it("is no difference: neither defaults, nor other entities, nor unheard-of fields, nor times", async () => {
    const live = await service([filled]);
    live.intercept = restless(live);
    const cwd = folderWith({ [FILE]: file });
    const env = accessTo(live);
    const plan = await run(["plan", "--detailed-exitcode", "--json"], { cwd, env });
    expect(plan.code).toBe(0);
    expect(targetOf(plan).summary).toMatchObject({ create: 0, update: 0, unchanged: 1, blocked: 0, kept_keys: 2 });
    expect(targetOf(plan).changes).toEqual([]);
    const applied = await run(["apply", "--yes"], { cwd, env });
    expect(applied.code).toBe(0);
    expect(applied.stdout).toContain("Nothing to do.");
    expect(live.writes()).toEqual([]);
  });

  it("hides no difference: one more direction in the file is one changed path, and one write", async () => {
    const live = await service([filled]);
    live.intercept = restless(live);
    const cwd = folderWith({ [FILE]: `${file}  plan: {inbound: true}\n` });
    const env = accessTo(live);
    const plan = await run(["plan", "--detailed-exitcode", "--json"], { cwd, env });
    expect(plan.code).toBe(2);
    expect(fieldsOf(plan)).toEqual([{ path: "sync_config.plan.inbound", kind: "edit", before: false, after: true }]);

    expect((await run(["apply", "--yes"], { cwd, env })).code).toBe(0);
    expect(live.writes().map(({ method, path, body }) => ({ method, path, body: unmarked(body) }))).toEqual([
      {
        method: "PUT",
        path: "/v1/connections/conn_s",
        body: { sync_config: { ...filled.sync_config, plan: { inbound: true } } },
      },
    ]);
    expect((await run(["plan", "--detailed-exitcode"], { cwd, env })).code).toBe(0);
  });

  it("does not stretch to letter case: another spelling of the provider is refused, and no request is sent", async () => {
    const live = await service([filled]);
    const cwd = folderWith({ [FILE]: file.replace("provider_type: stripe", "provider_type: Stripe") });
    for (const command of [["plan"], ["apply", "--yes"]]) {
      const ended = await run(command, { cwd, env: accessTo(live) });
      expect(ended).toMatchObject({ code: 3, stdout: "" });
      expect(ended.stderr).toContain(`error[VALIDATE.UNKNOWN_PROVIDER] ${FILE}:2:16: `);
      const [, listed = ""] = /one of ([^\n]*)/.exec(ended.stderr) ?? [];
      expect(listed.match(/\w+/g)).toEqual(expect.arrayContaining(Object.keys(catalogue.providers)));
    }
    expect(live.received).toEqual([]);
  });
});

describe("metadata that is empty, null or absent", () => {
  /** Leaves empty metadata out of its answers, as the real service does. */
  const terse =
    (live: Service): Intercept =>
    ({ method, body }, response) => {
      const [before] = live.rows;
      if (method !== "PUT" || before === undefined) return false;
      const { metadata: _old, ...rest } = before;
      const metadata = body.metadata ?? before.metadata ?? {};
      const after: Row = Object.keys(metadata).length === 0 ? rest : { ...rest, metadata };
      live.rows[0] = after;
      return send(response, 200, after);
    };

  const head = "name: stripe-main\nprovider_type: stripe\n";

  it.each<[string, string, Partial<Row>, number]>([
    ["a file without the line and a row with a key", "", { metadata: { a: "1" } }, 1],
    ["{} and a row without metadata", "metadata: {}\n", {}, 0],
    ["{} and a row with empty metadata", "metadata: {}\n", { metadata: {} }, 0],
    ["{} and a row with a key that somebody else set", "metadata: {}\n", { metadata: { a: "1" } }, 1],
    ["exact {} and a row without metadata", "metadata: {}\nexact: [metadata]\n", {}, 0],
  ])("is no difference: %s", async (_what, line, facts, keptKeys) => {
    const live = await service([stripeRow(facts)]);
    live.intercept = terse(live);
    const cwd = folderWith({ [FILE]: `${head}${line}` });
    const ended = await run(["apply", "--yes", "--json"], { cwd, env: accessTo(live) });
    expect(ended.code).toBe(0);
    expect(targetOf(ended).summary).toMatchObject({ update: 0, unchanged: 1, kept_keys: keptKeys });
    expect(fieldsOf(ended)).toEqual([]);
    const again = await run(["plan", "--detailed-exitcode", "--json"], { cwd, env: accessTo(live) });
    expect(again.code).toBe(0);
    expect(targetOf(again).summary).toMatchObject({ update: 0, unchanged: 1, kept_keys: keptKeys });
    expect(live.writes()).toEqual([]);
    expect(live.rows).toEqual([stripeRow(facts)]);
  });

  it("is said of keys that are kept, in words", async () => {
    const live = await service([stripeRow({ metadata: { a: "1" } })]);
    const ended = await run(["plan"], { cwd: folderWith({ [FILE]: `${head}metadata: {}\n` }), env: accessTo(live) });
    expect(ended.stdout).toContain("1 key that no file names is kept.");
    expect(ended.stdout).toContain("Nothing to change");
  });

  it("is one removal under exact, sent as a map without the key, and then nothing differs", async () => {
    const live = await service([stripeRow({ metadata: { a: "1" } })]);
    live.intercept = terse(live);
    const cwd = folderWith({ [FILE]: `${head}metadata: {}\nexact: [metadata]\n` });
    const env = accessTo(live);
    const plan = await run(["plan", "--json"], { cwd, env });
    expect(fieldsOf(plan)).toEqual([{ path: "metadata.a", kind: "remove", before: "1" }]);
    expect(targetOf(plan).summary).toMatchObject({ update: 1, kept_keys: 0 });
    expect((await run(["apply", "--yes"], { cwd, env })).code).toBe(0);
    const [put, ...more] = live.writes();
    expect(more).toEqual([]);
    expect(put?.method).toBe("PUT");
    expect(Object.keys(put?.body)).toEqual(["metadata"]);
    expect(Object.keys(put?.body.metadata)).toEqual([MARK]);
    const again = await run(["plan", "--detailed-exitcode"], { cwd, env });
    expect(again.code).toBe(0);
    expect(lastLine(again.stdout)).toContain("0 to update");
  });

  it("is sent as an empty map where nothing of ours is to stand in it either", async () => {
    const live = await service([stripeRow({ metadata: { a: "1" } })]);
    live.intercept = terse(live);
    const cwd = folderWith({ [FILE]: `${head}metadata: {}\nexact: [metadata]\n` });
    const env = accessTo(live, { FLEXPRICE_SYNC_STAMP: "off" });
    expect((await run(["apply", "--yes"], { cwd, env })).code).toBe(0);
    expect(live.writes().map(({ method, body }) => ({ method, body }))).toEqual([
      { method: "PUT", body: { metadata: {} } },
    ]);
    expect((await run(["plan", "--detailed-exitcode"], { cwd, env })).code).toBe(0);
  });

  it("is one removal of a key that an earlier apply of ours set, sent as a map without it", async () => {
    const live = await service([stripeRow()]);
    live.intercept = terse(live);
    const env = accessTo(live);
    const earlier = folderWith({ [FILE]: `${head}metadata: { a: "1" }\n` });
    expect((await run(["apply", "--yes"], { cwd: earlier, env })).code).toBe(0);
    const cwd = folderWith({ [FILE]: `${head}metadata: {}\n` });
    const plan = await run(["plan", "--json"], { cwd, env });
    expect(fieldsOf(plan)).toEqual([{ path: "metadata.a", kind: "remove", before: "1" }]);
    expect(targetOf(plan).summary).toMatchObject({ update: 1, kept_keys: 0 });
    expect((await run(["apply", "--yes"], { cwd, env })).code).toBe(0);
    expect(Object.keys(live.writes()[1]?.body.metadata)).toEqual([MARK]);
    expect((await run(["plan", "--detailed-exitcode"], { cwd, env })).code).toBe(0);
  });

  it.each([
    ["metadata:", "3:10"],
    ["metadata: null", "3:11"],
    ["metadata: ~", "3:11"],
    ["sync_config:", "3:13"],
  ])("is refused as null, whatever the row has: %s", async (line, place) => {
    const live = await service([stripeRow({ metadata: { a: "1" } })]);
    const cwd = folderWith({ [FILE]: `${head}${line}\n` });
    const ended = await run(["apply", "--yes", "--json"], { cwd, env: accessTo(live) });
    const [problem, ...more] = documentOf(ended).problems;
    expect(more).toEqual([]);
    expect(problem).toMatchObject({ code: "VALIDATE.NULL", severity: "error", file: FILE });
    expect(`${problem?.line}:${problem?.column}`).toBe(place);
    expect(problem?.message).toContain("is null, which is not a value here");
    expect(problem?.hint).toBe("use {} or drop the line.");
    expect({ code: ended.code, received: live.received }).toEqual({ code: 3, received: [] });
  });
});

describe("order, lists and types", () => {
  const file = 'name: stripe-main\nprovider_type: stripe\nmetadata: {regions: [ap, us, eu], retries: "3"}\n';
  const known = stripeRow({ metadata: { retries: 3, regions: ["us", "eu"] } });

  it("show two changes for a longer list and a number that became text, neither more nor less", async () => {
    const live = await service([known]);
    const cwd = folderWith({ [FILE]: file });
    const env = accessTo(live);
    expect(fieldsOf(await run(["plan", "--json"], { cwd, env }))).toEqual([
      { path: "metadata.regions", kind: "edit", before: ["us", "eu"], after: ["ap", "us", "eu"] },
      { path: "metadata.retries", kind: "edit", before: 3, after: "3" },
    ]);
    const shown = (await run(["plan"], { cwd, env })).stdout.split("\n").filter((line) => line.includes("metadata."));
    expect(shown.map((line) => line.trim().replace(/ +/g, " "))).toEqual([
      '~ metadata.regions ["us","eu"] → ["ap","us","eu"]',
      '~ metadata.retries 3 → "3"',
    ]);
    expect((await run(["apply", "--yes"], { cwd, env })).code).toBe(0);
    expect(unmarked(live.writes()[0]?.body)).toEqual({ metadata: { regions: ["ap", "us", "eu"], retries: "3" } });
    expect((await run(["plan", "--detailed-exitcode"], { cwd, env })).code).toBe(0);
  });

  it("show the types of what looks alike", async () => {
    const live = await service([stripeRow({ metadata: { a: true, b: null, c: "x", d: 0, e: "x" } })]);
    const text = 'metadata: {a: "true", b: "null", c: [x], d: "", e: "x "}\n';
    const cwd = folderWith({ [FILE]: `name: stripe-main\nprovider_type: stripe\n${text}` });
    const { stdout } = await run(["plan"], { cwd, env: accessTo(live) });
    expect([...stdout.matchAll(/metadata\.\w {2}(.*)$/gm)].map(([, shown]) => shown)).toEqual([
      'true → "true"',
      'null → "null"',
      '"x" → ["x"]',
      '0 → ""',
      '"x" → "x "',
    ]);
  });

  it("never show the order of keys, at any depth", async () => {
    const live = await service([
      stripeRow({
        metadata: { z: { b: [{ y: 1, x: 2 }], a: 1 }, a: 1 },
        sync_config: { invoice: { outbound: true, inbound: false }, customer: { outbound: true } },
      }),
    ]);
    const cwd = folderWith({
      [FILE]: `provider_type: stripe
sync_config: { customer: { inbound: false, outbound: true }, invoice: { inbound: false, outbound: true } }
metadata: { a: 1, z: { a: 1, b: [{ x: 2, y: 1 }] } }
name: stripe-main
`,
    });
    expect((await run(["plan", "--detailed-exitcode"], { cwd, env: accessTo(live) })).stdout).toContain(
      "Nothing to change",
    );
    expect((await run(["apply", "--yes"], { cwd, env: accessTo(live) })).code).toBe(0);
    expect(live.writes()).toEqual([]);
  });

  it("print the same bytes whatever order the service lists rows and keys in", async () => {
    const rows = [
      known,
      row({ id: "conn_2", provider_type: "s3", name: "exports", metadata: { b: 1, a: 2 } }),
      row({ id: "conn_1", provider_type: "s3", name: "archive", metadata: { a: 1 } }),
      row({ id: "conn_9", provider_type: "hubspot", name: "nobody's" }),
    ];
    const backwards = (value: unknown): unknown => {
      if (Array.isArray(value) || typeof value !== "object" || value === null) return value;
      return Object.fromEntries(
        Object.entries(value)
          .reverse()
          .map(([key, inner]) => [key, backwards(inner)]),
      );
    };
    const cwd = folderWith({
      [FILE]: file,
      "connections/exports.yaml": `name: exports
provider_type: s3
metadata: { a: 1, b: 2, c: 3 }
---
name: archive
provider_type: s3
metadata: { a: 3 }
`,
    });
    const live = await service(rows);
    const seen = new Set<string>();
    const [first, ...others] = rows;
    for (const order of [rows, rows.toReversed(), [...others, first].map(backwards)]) {
      live.intercept = (_received, response) => send(response, 200, { connections: order, total: order.length });
      const plan = await run(["plan"], { cwd, env: accessTo(live) });
      const json = await run(["plan", "--json"], { cwd, env: accessTo(live) });
      expect(plan.stdout).toContain("Plan: 0 to create, 3 to update");
      expect(json.code).toBe(0);
      seen.add(JSON.stringify([plan, json]));
    }
    expect(live.received).toHaveLength(6);
    expect(seen.size).toBe(1);
  });
});
