import { describe, expect, it } from "vitest";
import { valueMark } from "../src/state/stamp.js";
import { folderWith } from "./support/folder.js";
import { documentOf, lastLine, run, targetOf } from "./support/program.js";
import { sandbox } from "./support/sandbox.js";
import { accessTo, MARK, markOf, type Row, row, service } from "./support/service.js";
import { keyText, stampWith } from "./support/steps.js";

/*
 * The note that we keep on each connection: when it is written, when it is believed, and what is taken away by it.
 */

const FILE = "connections/s.yaml";
const head = "name: S\nprovider_type: stripe\n";
const stripe = (facts: Partial<Row> = {}) => row({ id: "conn_s", provider_type: "stripe", name: "S", ...facts });
const quiet = "Plan: 0 to create, 0 to update, 0 to replace, 0 to archive, 1 unchanged, 0 blocked, 0 unknown.";

/** Fields of the one change of a plan, as `kind path`. */
async function changesOf(text: string, env: Readonly<Record<string, string>>, ...options: readonly string[]) {
  const ended = await run(["plan", "--json", ...options], { cwd: folderWith({ [FILE]: text }), env });
  const { changes, summary } = targetOf(ended);
  const [change] = changes;
  return {
    code: ended.code,
    summary,
    stamp: change?.stamp ?? false,
    action: change?.action ?? "none",
    fields: (change?.fields ?? []).map(({ kind, path }) => `${kind} ${path}`),
    warnings: documentOf(ended).problems.map(({ code }) => code),
  };
}

async function apply(text: string, env: Readonly<Record<string, string>>, ...options: readonly string[]) {
  const ended = await run(["apply", "--yes", ...options], { cwd: folderWith({ [FILE]: text }), env });
  expect(ended.stderr).not.toContain("error[");
  expect(ended.code).toBe(0);
  return ended;
}

describe("a stamp", () => {
  it("is not written where nothing else is: an unchanged connection stays untouched", async () => {
    const live = await service([stripe({ metadata: { team: "x" } })]);
    const env = accessTo(live);
    expect(lastLine((await run(["plan"], { cwd: folderWith({ [FILE]: head }), env })).stdout)).toBe(quiet);
    await apply(`${head}metadata: { team: x }\n`, env);
    expect(live.writes()).toEqual([]);
  });

  it("goes along with a change that is made anyway, in the same PUT, and the plan counts it in one line", async () => {
    const live = await service([stripe({ metadata: { team: "x" } })]);
    const env = accessTo(live);
    const text = `${head}sync_config: { invoice: { outbound: true } }\n`;
    expect(await changesOf(text, env)).toMatchObject({ fields: ["edit sync_config.invoice.outbound"], stamp: true });
    const shown = await run(["plan"], { cwd: folderWith({ [FILE]: text }), env });
    expect(shown.stdout).toContain("\n1 change writes the stamp by which a later run knows what is ours.\n");
    expect(shown.stdout).not.toContain(MARK);
    await apply(text, env);
    expect(live.writes()).toHaveLength(1);
    const body = live.writes()[0]?.body;
    expect(Object.keys(body).sort()).toEqual(["metadata", "sync_config"]);
    expect(body.metadata.team).toBe("x");
    expect(markOf(body)).toMatchObject({ v: 1, id: "conn_s", provider: "stripe", secrets: {}, protect: false });
    expect(Object.keys(markOf(body).owns)).toEqual(["sync_config.invoice.outbound"]);
  });

  it("is not written again where it says the same: then only what changed is sent", async () => {
    const live = await service([stripe()]);
    const env = accessTo(live);
    const text = `${head}sync_config: { invoice: { outbound: true } }\n`;
    await apply(text, env);
    const [before] = live.rows;
    // A visit to the dashboard's form.
    if (before !== undefined) live.rows[0] = { ...before, sync_config: {} };
    expect(await changesOf(text, env)).toMatchObject({ action: "update", stamp: false });
    await apply(text, env);
    expect(Object.keys(live.writes()[1]?.body)).toEqual(["sync_config"]);
    expect(live.rows[0]?.metadata).toEqual(before?.metadata);
  });

  it("of a new connection has no id, which the next write fills in; its salt never changes", async () => {
    const live = await service([]);
    const env = accessTo(live, { K: "a-secret", H: "b-secret" });
    const file = (team: string) =>
      `${head}encrypted_secret_data: { secret_key: "\${K}", webhook_secret: "\${H}" }\nmetadata: { team: ${team} }\n`;
    await apply(file("x"), env);
    const first = markOf(live.writes()[0]?.body);
    expect(first.id).toBeUndefined();
    expect(first.salt).toMatch(/^[\w-]{22}$/);
    await apply(file("y"), env);
    expect(markOf(live.writes()[1]?.body)).toEqual({ ...first, id: "conn_new1", owns: expect.anything() });
  });

  it("is told from user data: no file may name it, exact does not remove it, and it shows in no output", async () => {
    const live = await service([stripe({ metadata: { a: 1, other: 2 } })]);
    const env = accessTo(live);
    await apply(`${head}metadata: { a: 2 }\n`, env);
    const stamp = live.rows[0]?.metadata?.[MARK];
    const exact = `${head}metadata: { a: 2 }\nexact: [metadata]\n`;
    expect((await changesOf(exact, env)).fields).toEqual(["remove metadata.other"]);
    await apply(exact, env);
    expect(live.rows[0]?.metadata).toEqual({ a: 2, [MARK]: stamp });
    for (const options of [[], ["--json"]]) {
      const ended = await run(["plan", ...options], { cwd: folderWith({ [FILE]: exact }), env });
      expect(ended.stdout + ended.stderr).not.toContain(markOf(live.rows[0] as Row).salt);
      expect(ended.stdout + ended.stderr).not.toContain(MARK);
    }
    const named = await run(["validate"], { cwd: folderWith({ [FILE]: `${head}metadata: { ${MARK}: "{}" }\n` }) });
    expect(named.code).toBe(3);
  });

  it("survives writes of the real service's rules, and a second run of each step writes nothing", async () => {
    const { store, env } = await sandbox();
    const all = { ...env, K: "a-secret", H: "b-secret" };
    const file = (more: string) =>
      `${head}encrypted_secret_data: { secret_key: "\${K}", webhook_secret: "\${H}" }\n${more}`;
    for (const more of ["", "metadata: { a: 1 }\n", "sync_config: { plan: { inbound: true } }\n", ""]) {
      await apply(file(more), all);
      const settled = JSON.stringify(store.live());
      expect(lastLine((await apply(file(more), all)).stdout)).toContain("0 updated");
      expect(JSON.stringify(store.live())).toBe(settled);
      expect(Object.keys(store.live()[0]?.metadata ?? {})).toContain(MARK);
    }
  });

  it("is gone after a consent in the browser, which nulls the metadata: what is declared shows as drift, and nothing is taken away", async () => {
    const live = await service([stripe()]);
    const env = accessTo(live);
    await apply(`${head}metadata: { a: 1, b: 2 }\n`, env);
    const [before] = live.rows;
    if (before === undefined) throw new Error("no row");
    const { metadata: _nulled, ...rest } = before;
    live.rows[0] = { ...rest, sync_config: { customer: { inbound: true, outbound: false } } };
    expect(await changesOf(`${head}metadata: { a: 1 }\n`, env)).toMatchObject({
      fields: ["add metadata.a"],
      stamp: true,
      warnings: [],
    });
  });

  it.each([
    ["damaged", "{", "PLAN.STAMP_DAMAGED"],
    ["copied from another connection", stampWith("stripe", { id: "conn_other" }), "PLAN.STAMP_FOREIGN"],
    ["copied from another provider", stampWith("s3"), "PLAN.STAMP_FOREIGN"],
  ])("that is %s is ignored with a warning, and replaced by the next write", async (_what, stamp, code) => {
    const live = await service([stripe({ metadata: { left: 1, [MARK]: stamp } })]);
    const env = accessTo(live);
    expect(await changesOf(head, env)).toMatchObject({ code: 0, action: "none", warnings: [code] });
    const text = `${head}metadata: { a: 1 }\n`;
    await apply(text, env);
    expect(live.rows[0]?.metadata).toMatchObject({ left: 1, a: 1 });
    expect(markOf(live.rows[0] as Row)).toMatchObject({ id: "conn_s", provider: "stripe" });
    expect((await changesOf(text, env)).warnings).toEqual([]);
  });

  it("that two rows have without an id in it is believed on neither", async () => {
    const stamp = stampWith("s3");
    const rows = ["conn_1", "conn_2"].map((id) =>
      row({ id, provider_type: "s3", name: id, metadata: { [MARK]: stamp } }),
    );
    const live = await service(rows);
    const text = "name: conn_1\nprovider_type: s3\n---\nname: conn_2\nprovider_type: s3\n";
    const ended = await run(["plan", "--json"], { cwd: folderWith({ [FILE]: text }), env: accessTo(live) });
    expect(documentOf(ended).problems.map(({ code }) => code)).toEqual(["PLAN.STAMP_FOREIGN", "PLAN.STAMP_FOREIGN"]);
    await apply(text, accessTo(live), "--adopt");
    const [one, two] = live.rows.map((each) => markOf(each));
    expect([one?.id, two?.id]).toEqual(["conn_1", "conn_2"]);
    expect(
      documentOf(await run(["plan", "--json"], { cwd: folderWith({ [FILE]: text }), env: accessTo(live) })).problems,
    ).toEqual([]);
  });

  it("that was copied is disproved by the first of the two that is written: nothing is taken away from the other", async () => {
    const live = await service([]);
    const credentials = `encrypted_secret_data: { aws_access_key_id: "\${K}", aws_secret_access_key: "\${K}" }\n`;
    const one = (team: string) => `name: one\nprovider_type: s3\n${credentials}metadata: { team: ${team} }\n`;
    const env = accessTo(live, { K: "a-secret", FLEXPRICE_SYNC_FINGERPRINT_KEY: keyText(1) });
    await apply(`${one("x")}sync_config: { invoice: { outbound: true } }\n`, env);
    const [original] = live.rows;
    if (original === undefined) throw new Error("no row");
    live.rows.push({ ...original, id: "conn_copy", name: "two" });
    const both = (team: string) =>
      `${one(team)}sync_config: { invoice: { outbound: true } }\n---\nname: two\nprovider_type: s3\n${credentials}`;
    await apply(both("y"), env);
    const settled = JSON.stringify(live.rows[1]);
    const plan = await run(["plan", "--json"], { cwd: folderWith({ [FILE]: both("y") }), env });
    expect(targetOf(plan).summary).toMatchObject({ update: 0, unchanged: 2, unknown: 2 });
    expect(documentOf(plan).problems.map(({ code }) => code)).toEqual(["PLAN.STAMP_FOREIGN"]);
    await apply(both("y"), env);
    expect(JSON.stringify(live.rows[1])).toBe(settled);
  });

  it("of a newer version stops the run before any write, at the definition's place", async () => {
    const live = await service([
      stripe({ metadata: { [MARK]: '{"v":2,"what":"ever"}' } }),
      row({ id: "conn_h", provider_type: "hubspot", name: "old" }),
    ]);
    const cwd = folderWith({ [FILE]: head, "connections/h.yaml": "name: H\nprovider_type: hubspot\n" });
    for (const command of [["plan"], ["apply", "--yes"], ["apply", "--yes", "--adopt"]]) {
      const ended = await run([...command, "--json"], { cwd, env: accessTo(live) });
      expect(ended.code).toBe(1);
      expect(documentOf(ended).problems).toMatchObject([{ code: "PLAN.STAMP_NEWER", file: FILE, line: 1, column: 7 }]);
    }
    expect(live.writes()).toEqual([]);
    // Another connection is none of its business.
    expect((await run(["apply", "--yes", "--only", "H"], { cwd, env: accessTo(live) })).code).toBe(0);
  });

  it("is neither read nor written when it is turned off, and stays as it is", async () => {
    const old = '{"v":2}';
    const live = await service([stripe({ metadata: { left: 1, [MARK]: old } })]);
    const env = accessTo(live, { FLEXPRICE_SYNC_STAMP: "off" });
    const text = `${head}metadata: { a: 1 }\nexact: [metadata]\n`;
    expect(await changesOf(text, env)).toMatchObject({ stamp: false, warnings: [] });
    await apply(text, env);
    expect(live.rows[0]?.metadata).toEqual({ a: 1, [MARK]: old });
    const created = await service([]);
    await apply("name: F\nprovider_type: flexprice\n", accessTo(created, { FLEXPRICE_SYNC_STAMP: "off" }));
    expect(created.writes()[0]?.body).toEqual({ name: "F", provider_type: "flexprice" });
  });
});

describe("a connection whose absent metadata means something", () => {
  const paddle = "name: P\nprovider_type: paddle\n";
  const known = (facts: Partial<Row> = {}) => row({ id: "conn_p", provider_type: "paddle", name: "P", ...facts });
  const secrets = `encrypted_secret_data: { api_key: "\${K}", webhook_secret: "\${H}" }\n`;

  it("gets no stamp while it has none and the file declares none", async () => {
    const live = await service([known()]);
    const text = `${paddle}sync_config: { invoice: { outbound: true } }\n`;
    expect(await changesOf(text, accessTo(live))).toMatchObject({ action: "update", stamp: false });
    await apply(text, accessTo(live));
    expect(live.writes().map(({ body }) => Object.keys(body))).toEqual([["sync_config"]]);
    const fresh = await service([]);
    await apply(`${paddle}${secrets}`, accessTo(fresh, { K: "a-secret", H: "b-secret" }));
    expect(fresh.writes()[0]?.body.metadata).toBeUndefined();
  });

  it("cannot be adopted then, and the run says why", async () => {
    const live = await service([known()]);
    const cwd = folderWith({ [FILE]: `${paddle}${secrets}` });
    const variables = { K: "a-secret", H: "b-secret", FLEXPRICE_SYNC_FINGERPRINT_KEY: keyText(1) };
    const shown = await run(["plan"], { cwd, env: accessTo(live, variables) });
    expect(shown.stdout).toContain("the connection carries no stamp, so there is no fingerprint");
    expect(shown.stdout).not.toContain("--assume-secrets");
    expect(await changesOf(paddle, accessTo(live), "--adopt")).toMatchObject({
      action: "none",
      warnings: ["PLAN.NO_STAMP"],
    });
  });

  it.each([
    ["the file declares some", known(), `${paddle}metadata: { redirect_url: "https://x" }\n`],
    ["it has some", known({ metadata: { a: 1 } }), `${paddle}sync_config: { invoice: { outbound: true } }\n`],
  ])("gets one where %s", async (_what, before, text) => {
    const live = await service([before]);
    await apply(text, accessTo(live));
    expect(markOf(live.rows[0] as Row).provider).toBe("paddle");
  });
});

describe("what left the file", () => {
  const all = `${head}metadata: { a: 1, b: { c: [2] } }
sync_config: { invoice: { outbound: true }, customer: { inbound: true, outbound: true } }
`;

  it("is taken away if it is as we wrote it, with the danger named; what we never wrote stays", async () => {
    const live = await service([
      stripe({ metadata: { theirs: "x" }, sync_config: { plan: { inbound: true, outbound: false } } }),
    ]);
    const env = accessTo(live);
    await apply(all, env);
    const less = `${head}metadata: { a: 1 }\nsync_config: { customer: { inbound: true } }\n`;
    expect(await changesOf(less, env)).toMatchObject({
      fields: ["remove metadata.b", "remove sync_config.invoice.outbound", "remove sync_config.customer.outbound"],
      summary: { kept_keys: 2 },
    });
    const shown = await run(["plan"], { cwd: folderWith({ [FILE]: less }), env });
    expect(shown.stdout).toMatch(/- sync_config\.invoice\.outbound +true → removed/);
    expect(shown.stdout).toContain("danger: invoices will no longer be pushed to Stripe");
    await apply(less, env);
    const { [MARK]: _mark, ...metadata } = live.rows[0]?.metadata ?? {};
    expect(metadata).toEqual({ a: 1, theirs: "x" });
    expect(live.rows[0]?.sync_config).toEqual({
      plan: { inbound: true, outbound: false },
      invoice: {},
      customer: { inbound: true },
    });
    expect(lastLine((await run(["plan"], { cwd: folderWith({ [FILE]: less }), env })).stdout)).toBe(quiet);
  });

  it("goes with the whole map, when the file drops that", async () => {
    const live = await service([stripe({ metadata: { theirs: "x" } })]);
    const env = accessTo(live);
    await apply(all, env);
    expect((await changesOf(head, env)).fields).toHaveLength(5);
    await apply(head, env);
    expect(lastLine((await run(["plan"], { cwd: folderWith({ [FILE]: head }), env })).stdout)).toBe(quiet);
    expect(Object.keys(live.rows[0]?.metadata ?? {})).toEqual(["theirs", MARK]);
  });

  it("stays with a warning if somebody changed it after us, and is then no longer ours", async () => {
    const live = await service([stripe()]);
    const env = accessTo(live);
    await apply(`${head}metadata: { a: 1, b: 2 }\n`, env);
    const [before] = live.rows;
    live.rows[0] = { ...(before as Row), metadata: { ...before?.metadata, b: "theirs" } };
    const less = `${head}metadata: { a: 1 }\n`;
    const plan = await run(["plan", "--json"], { cwd: folderWith({ [FILE]: less }), env });
    expect(targetOf(plan).summary).toMatchObject({ update: 0, kept_keys: 1 });
    expect(documentOf(plan).problems).toMatchObject([
      { code: "PLAN.NO_LONGER_OURS", severity: "warning", file: FILE, line: 1 },
    ]);
    // Also when they put back what we wrote: it was theirs from then on.
    await apply(less, env, "--adopt");
    expect(Object.keys(markOf(live.rows[0] as Row).owns)).toEqual(["metadata.a"]);
    live.rows[0] = { ...(live.rows[0] as Row), metadata: { ...live.rows[0]?.metadata, b: 2 } };
    expect(await changesOf(less, env)).toMatchObject({ action: "none", warnings: [], summary: { kept_keys: 1 } });
  });

  it("is nothing to take away where somebody took it away, and then it is no longer ours", async () => {
    const live = await service([stripe()]);
    const env = accessTo(live);
    await apply(all, env);
    const [before] = live.rows;
    live.rows[0] = { ...(before as Row), metadata: { [MARK]: before?.metadata?.[MARK] }, sync_config: {} };
    expect(await changesOf(head, env)).toMatchObject({ action: "none", warnings: ["PLAN.NO_LONGER_OURS"] });
    // Once it is forgotten it may come back: it is theirs.
    await apply(head, env, "--adopt");
    live.rows[0] = { ...(live.rows[0] as Row), metadata: { ...live.rows[0]?.metadata, a: 1 } };
    expect(await changesOf(head, env)).toMatchObject({ action: "none", warnings: [], summary: { kept_keys: 1 } });
  });

  it("is said of nothing that was written as off, and of nothing that exact decides about", async () => {
    const live = await service([stripe()]);
    const env = accessTo(live);
    const text = (rest: string) => `${head}metadata: { a: 1 }\n${rest}`;
    await apply(text("sync_config: { invoice: { outbound: false } }\n"), env);
    expect(await changesOf(text(""), env)).toMatchObject({ action: "none", warnings: [] });
    live.rows[0] = { ...(live.rows[0] as Row), metadata: { [MARK]: live.rows[0]?.metadata?.[MARK] } };
    expect(await changesOf(`${head}metadata: {}\nexact: [metadata]\n`, env)).toMatchObject({
      action: "none",
      warnings: [],
    });
  });

  it("is not shown if it came from the environment, neither when it goes nor when a text takes its place", async () => {
    const live = await service([stripe()]);
    const env = accessTo(live, { NOTE: "very confidential" });
    const noted = (text: string) => `${head}metadata: { note: "${text}", nested: { deep: ["${text}"] }, plain: x }\n`;
    await apply(noted("${NOTE}"), env);
    expect(live.rows[0]?.metadata).toMatchObject({
      note: "very confidential",
      nested: { deep: ["very confidential"] },
    });
    for (const text of [head, noted("written out")]) {
      for (const options of [[], ["--json"]]) {
        const ended = await run(["plan", ...options], { cwd: folderWith({ [FILE]: text }), env: accessTo(live) });
        expect(ended.code).toBe(0);
        expect(ended.stdout).toContain("metadata.note");
        expect(ended.stdout + ended.stderr).not.toContain("confidential");
      }
    }
    // What nobody took from the environment shows, now and after a text has taken the value's place.
    expect((await run(["plan"], { cwd: folderWith({ [FILE]: head }), env })).stdout).toContain('"x" → removed');
    await apply(noted("written out"), env);
    const ended = await run(["plan"], { cwd: folderWith({ [FILE]: head }), env });
    expect(ended.stdout).toContain('"written out" → removed');
  });

  it("is not shown either where another owner takes the connection over, and removes it as exact", async () => {
    const live = await service([stripe()]);
    const note = { NOTE: "very confidential" };
    await apply(`${head}metadata: { note: "\${NOTE}" }\n`, accessTo(live, { ...note, FLEXPRICE_SYNC_OWNER: "them" }));
    const env = accessTo(live, { FLEXPRICE_SYNC_OWNER: "us" });
    await apply(`${head}metadata: { a: 1 }\n`, env, "--adopt");
    expect(Object.keys(markOf(live.rows[0] as Row).owns)).toEqual(["metadata.a"]);
    const text = `${head}metadata: { a: 1 }\nexact: [metadata]\n`;
    const ended = await run(["plan"], { cwd: folderWith({ [FILE]: text }), env });
    expect(ended.stdout).toMatch(/metadata\.note +\(secret\) → removed/);
    await apply(text, env);
    expect(live.rows[0]?.metadata?.["note"]).toBeUndefined();
  });

  it("is not shown if it came from the environment, whatever its stamp is worth", async () => {
    const stamp = (more: object) => JSON.stringify({ v: 1, masked: ["metadata.note"], ...more });
    for (const text of [
      stampWith("stripe", { id: "conn_other", masked: ["metadata.note"] }),
      stamp({}),
      stamp({ v: 9 }),
    ]) {
      const live = await service([stripe({ metadata: { note: "very confidential", [MARK]: text } })]);
      const env = accessTo(live, { FLEXPRICE_SYNC_STAMP: text.includes('"v":9') ? "off" : "on" });
      const cwd = folderWith({ [FILE]: `${head}metadata: {}\nexact: [metadata]\n` });
      const ended = await run(["plan"], { cwd, env });
      expect(ended.stdout).toMatch(/metadata\.note +\(secret\) → removed/);
    }
  });

  it("keeps its danger, whatever its stamp hides", async () => {
    const path = "sync_config.invoice.outbound";
    const owns = { [path]: valueMark("the-salt-of-the-row", path, true) };
    const live = await service([
      stripe({
        metadata: { [MARK]: stampWith("stripe", { owns, masked: [path] }) },
        sync_config: { invoice: { outbound: true } },
      }),
    ]);
    const cwd = folderWith({ [FILE]: `${head}protect: true\n` });
    const ended = await run(["apply", "--yes"], { cwd, env: accessTo(live) });
    expect(ended.code).toBe(6);
    expect(ended.stderr).toContain("error[APPLY.DANGEROUS]");
    expect(live.writes()).toEqual([]);
  });

  it("is renewed only when it says something else, in whatever order it says it", async () => {
    const live = await service([]);
    const file = `name: F\nprovider_type: flexprice\nmetadata: { m.2: "\${T}", m1: "\${T}", m0: "\${T}" }\n`;
    await apply(file, accessTo(live, { T: "a-value" }));
    await apply(file, accessTo(live, { T: "a-value" }), "--adopt");
    expect(live.writes()).toHaveLength(1);
  });

  it("is told in a warning of bounded length, and only if it can be ours at all", async () => {
    const owns = { [`metadata.${"x".repeat(9_000)}`]: "m", name: "m", "sync_config.newer.thing": "m", anything: "m" };
    const live = await service([stripe({ metadata: { [MARK]: stampWith("stripe", { owns }) } })]);
    const ended = await run(["plan", "--json"], { cwd: folderWith({ [FILE]: head }), env: accessTo(live) });
    const [problem, ...more] = documentOf(ended).problems;
    expect(more).toEqual([]);
    expect(problem?.message).toMatch(/metadata\.x+… of "S" left the file/);
    expect(problem?.message.length).toBeLessThan(300);
  });

  it("stays where the provider's connection is nothing without it", async () => {
    const marketplace = "name: M\nprovider_type: aws_marketplace\n";
    const live = await service([row({ id: "conn_m", provider_type: "aws_marketplace", name: "M" })]);
    const env = accessTo(live);
    await apply(`${marketplace}sync_config: { aws_marketplace: { region: eu-west-1 } }\n`, env);
    expect(await changesOf(marketplace, env)).toMatchObject({ action: "none", warnings: ["PLAN.STILL_NEEDED"] });
  });

  it("names the danger of taking away where exports go", async () => {
    const live = await service([row({ id: "conn_e", provider_type: "s3", name: "E" })]);
    const env = accessTo(live);
    const exports = "name: E\nprovider_type: s3\n";
    await apply(`${exports}sync_config: { s3: { bucket: b, region: eu, key_prefix: p } }\n`, env);
    const { stdout } = await run(["plan"], { cwd: folderWith({ [FILE]: exports }), env });
    expect(stdout).toContain("danger: exports have no bucket any more");
    expect(stdout).toContain("danger: exports move to the top of the bucket");
  });

  it("stays while the service would refuse what is beside it without it, and goes when it can", async () => {
    const exports = "name: E\nprovider_type: s3\n";
    const live = await service([row({ id: "conn_e", provider_type: "s3", name: "E" })]);
    const env = accessTo(live);
    await apply(`${exports}sync_config: { s3: { bucket: b, region: eu, compression: gzip } }\n`, env);
    const [before] = live.rows;
    const block = { bucket: "b", region: "eu", compression: "gzip", key_prefix: "theirs" };
    live.rows[0] = { ...(before as Row), sync_config: { s3: block } };
    expect(await changesOf(exports, env)).toMatchObject({
      fields: ["remove sync_config.s3.compression"],
      warnings: ["PLAN.STILL_NEEDED"],
    });
    await apply(exports, env);
    expect(live.rows[0]?.sync_config).toEqual({ s3: { bucket: "b", region: "eu", key_prefix: "theirs" } });
    live.rows[0] = { ...(live.rows[0] as Row), sync_config: { s3: { bucket: "b", region: "eu" } } };
    expect(await changesOf(exports, env)).toMatchObject({
      fields: ["remove sync_config.s3.bucket", "remove sync_config.s3.region"],
      warnings: [],
    });
    await apply(exports, env);
    expect(live.rows[0]?.sync_config).toEqual({});
  });

  it("stays beside what a missing variable leaves open", async () => {
    const exports = "name: E\nprovider_type: s3\n";
    const live = await service([row({ id: "conn_e", provider_type: "s3", name: "E" })]);
    const block = `sync_config: { s3: { bucket: b, region: eu, key_prefix: "\${P}" } }\n`;
    await apply(`${exports}${block}`, accessTo(live, { P: "p" }));
    const less = `${exports}sync_config: { s3: { key_prefix: "\${P}" } }\n`;
    const result = await changesOf(less, accessTo(live));
    expect(result).toMatchObject({
      code: 0,
      fields: ["edit sync_config.s3.key_prefix"],
      warnings: ["PLAN.STILL_NEEDED"],
    });
    expect(await changesOf(less, accessTo(live, { P: "p" }))).toMatchObject({ warnings: ["PLAN.STILL_NEEDED"] });
  });

  it("stays if only one of two fields that go together could be taken away", async () => {
    const zoho = "name: Z\nprovider_type: zoho_books\n";
    const period = (start: string, end: string) => ({
      invoice_sync_settings: { service_period_custom_fields: { start_field_id: start, end_field_id: end } },
    });
    const live = await service([row({ id: "conn_z", provider_type: "zoho_books", name: "Z" })]);
    const env = accessTo(live);
    await apply(`${zoho}sync_config: ${JSON.stringify(period("s", "e"))}\n`, env);
    live.rows[0] = { ...(live.rows[0] as Row), sync_config: period("s", "other") };
    expect(await changesOf(zoho, env)).toMatchObject({
      action: "none",
      warnings: ["PLAN.NO_LONGER_OURS", "PLAN.STILL_NEEDED"],
    });
    live.rows[0] = { ...(live.rows[0] as Row), sync_config: period("s", "e") };
    expect((await changesOf(zoho, env)).fields).toHaveLength(2);
  });

  it("does not come back: a definition that leaves its file leaves its connection as it is", async () => {
    const live = await service([stripe()]);
    const env = accessTo(live);
    await apply(all, env);
    const settled = JSON.stringify(live.rows);
    const cwd = folderWith({
      "connections/h.yaml":
        "name: H\nprovider_type: hubspot\nencrypted_secret_data: { access_token: '${K}', client_secret: '${K}' }\n",
    });
    const ended = await run(["apply", "--yes"], { cwd, env: { ...env, K: "k" } });
    expect(ended.stdout).toContain("kept by flexprice-sync before: S (stripe, conn_s)");
    expect(JSON.stringify(live.rows.slice(0, 1))).toBe(settled);
  });
});

describe("an owner", () => {
  const ours = { FLEXPRICE_SYNC_OWNER: "acme-billing" };
  const text = `${head}metadata: { a: 1 }\n`;

  it("is written with the stamp, and a run of the same owner goes on", async () => {
    const live = await service([stripe()]);
    await apply(text, accessTo(live, ours));
    expect(markOf(live.rows[0] as Row).owner).toBe("acme-billing");
    await apply(`${head}metadata: { a: 2 }\n`, accessTo(live, ours));
    expect(live.writes()).toHaveLength(2);
  });

  it("takes care of a connection that had none", async () => {
    const live = await service([stripe()]);
    await apply(text, accessTo(live));
    await apply(`${head}metadata: { a: 2 }\n`, accessTo(live, ours));
    expect(markOf(live.rows[0] as Row).owner).toBe("acme-billing");
  });

  it.each([
    ["another owner", { FLEXPRICE_SYNC_OWNER: "ops" }, 'this run is "ops"'],
    ["nobody", {}, "this run has no owner"],
  ])("keeps its connection from %s: an error that names both, and no write", async (_what, other, words) => {
    const live = await service([stripe()]);
    await apply(text, accessTo(live, ours));
    const cwd = folderWith({ [FILE]: `${head}metadata: { a: 2 }\n` });
    for (const command of [["plan"], ["apply", "--yes"]]) {
      const ended = await run([...command, "--json"], { cwd, env: accessTo(live, other) });
      expect(ended.code).toBe(1);
      const [problem] = documentOf(ended).problems;
      expect(problem).toMatchObject({ code: "PLAN.OTHER_OWNER", file: FILE, line: 1, column: 7 });
      expect(problem?.message).toContain('"acme-billing"');
      expect(problem?.message).toContain("conn_s");
      expect(problem?.message).toContain(words);
    }
    expect(live.writes()).toHaveLength(1);
  });

  it("is replaced with --adopt, which says so, and takes nothing away that the other one wrote", async () => {
    const live = await service([stripe()]);
    await apply(`${head}metadata: { a: 1, b: 2 }\n`, accessTo(live, ours));
    const env = accessTo(live, { FLEXPRICE_SYNC_OWNER: "ops" });
    const shown = await run(["plan", "--adopt"], { cwd: folderWith({ [FILE]: text }), env });
    expect(shown.stdout).toContain('danger: it is taken over from the owner "acme-billing"');
    expect(shown.stdout).toContain("only its stamp is written: the owner, which fields are ours");
    expect(shown.stdout).toContain("\nOwner: ops\n");
    await apply(text, env, "--adopt");
    expect(live.rows[0]?.metadata).toMatchObject({ a: 1, b: 2 });
    expect(markOf(live.rows[0] as Row)).toMatchObject({ owner: "ops", id: "conn_s" });
    expect(Object.keys(markOf(live.rows[0] as Row).owns)).toEqual(["metadata.a"]);
    expect(lastLine((await run(["plan"], { cwd: folderWith({ [FILE]: text }), env })).stdout)).toBe(quiet);
  });

  it("may be replaced by nobody, which the danger says", async () => {
    const live = await service([stripe()]);
    await apply(text, accessTo(live, ours));
    const shown = await run(["plan", "--adopt"], { cwd: folderWith({ [FILE]: text }), env: accessTo(live) });
    expect(shown.stdout).toContain('taken over from the owner "acme-billing", and it has no owner from then on');
  });

  it("keeps a protected connection from being taken over without --allow-dangerous", async () => {
    const live = await service([stripe()]);
    await apply(text, accessTo(live, ours));
    const cwd = folderWith({ [FILE]: `${text}protect: true\n` });
    const env = accessTo(live, { FLEXPRICE_SYNC_OWNER: "ops" });
    const refused = await run(["apply", "--yes", "--adopt"], { cwd, env });
    expect(refused.code).toBe(6);
    expect(refused.stderr).toContain("error[APPLY.DANGEROUS]");
    expect(live.writes()).toHaveLength(1);
    expect((await run(["apply", "--yes", "--adopt", "--allow-dangerous"], { cwd, env })).code).toBe(0);
  });

  it("of a connection that no file claims is named", async () => {
    const live = await service([
      row({
        id: "conn_1",
        provider_type: "s3",
        name: "theirs",
        metadata: { [MARK]: stampWith("s3", { owner: "ops" }) },
      }),
    ]);
    const cwd = folderWith({ [FILE]: "name: F\nprovider_type: flexprice\n" });
    const { stdout } = await run(["plan"], { cwd, env: accessTo(live, ours) });
    expect(stdout).toContain("kept by flexprice-sync before, by the owner ops: theirs (s3, conn_1)");
    const document = targetOf(await run(["plan", "--json"], { cwd, env: accessTo(live, ours) }));
    expect(document).toMatchObject({ owner: "acme-billing", unclaimed: [{ stamped: true, owner: "ops" }] });
  });

  it("of somebody else's making cannot put a command into a hint", async () => {
    const owner = "$(touch /tmp/x); acme";
    const live = await service([stripe({ metadata: { [MARK]: stampWith("stripe", { owner }) } })]);
    const ended = await run(["plan", "--json"], { cwd: folderWith({ [FILE]: head }), env: accessTo(live) });
    expect(documentOf(ended).problems[0]?.hint).toContain(`FLEXPRICE_SYNC_OWNER='${owner}';`);
  });

  it.each([
    ["a blank at its end", "acme "],
    ["a line break", "acme\nbilling"],
    ["101 characters", "a".repeat(101)],
    ["the look of a key", "sk_01K0SECRET"],
  ])("is refused with %s, and its value is not repeated", async (_what, owner) => {
    const live = await service([stripe()]);
    const ended = await run(["plan", "--json"], {
      cwd: folderWith({ [FILE]: head }),
      env: accessTo(live, { FLEXPRICE_SYNC_OWNER: owner }),
    });
    expect(ended.code).toBe(3);
    expect(documentOf(ended).problems.map(({ code }) => code)).toEqual(["SETTINGS.BAD_OWNER"]);
    expect(ended.stdout + ended.stderr).not.toContain(owner);
    expect(live.received).toEqual([]);
  });
});

describe("--adopt", () => {
  const text = `${head}metadata: { team: x }\n`;

  it("puts the stamp on a connection that equals its file: an update without fields", async () => {
    const live = await service([stripe({ metadata: { team: "x", theirs: 1 } })]);
    const env = accessTo(live);
    const cwd = folderWith({ [FILE]: text });
    const plan = await run(["plan", "--adopt", "--json", "--detailed-exitcode"], { cwd, env });
    expect(plan.code).toBe(2);
    expect(targetOf(plan).changes).toMatchObject([{ action: "update", stamp: true, fields: [], secrets: [] }]);
    expect(targetOf(plan).summary).toMatchObject({ update: 1, unchanged: 0 });
    const refused = await run(["apply", "--adopt", "--yes", "--max-changes", "0"], { cwd, env });
    expect(refused.code).toBe(6);
    expect((await run(["apply", "--adopt"], { cwd, env })).code).toBe(6);
    await apply(text, env, "--adopt");
    expect(live.writes().map(({ body }) => Object.keys(body))).toEqual([["metadata"]]);
    expect(live.rows[0]?.metadata).toMatchObject({ team: "x", theirs: 1 });
    // From now on the path is ours.
    expect((await changesOf(head, env)).fields).toEqual(["remove metadata.team"]);
    await apply(text, env, "--adopt");
    expect(live.writes()).toHaveLength(1);
  });

  it("has nothing to do after a create, though that did not know the connection's id", async () => {
    const live = await service([]);
    const file = "name: F\nprovider_type: flexprice\n";
    await apply(file, accessTo(live));
    await apply(file, accessTo(live), "--adopt");
    expect(live.writes()).toHaveLength(1);
  });

  it("does not go together with stamps that are turned off", async () => {
    const live = await service([stripe()]);
    const ended = await run(["apply", "--adopt", "--yes"], {
      cwd: folderWith({ [FILE]: text }),
      env: accessTo(live, { FLEXPRICE_SYNC_STAMP: "off" }),
    });
    expect(ended.code).toBe(64);
    expect(ended.stderr).toContain("error[USAGE.CONFLICT]");
    expect(live.received).toEqual([]);
  });
});

describe("a file that names more than a stamp can hold", () => {
  it("is refused before anything is written, with the way to do without", async () => {
    const live = await service([stripe()]);
    const many = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`${"k".repeat(1_000)}${index}`, 1]));
    const text = `${head}metadata: ${JSON.stringify(many)}\n`;
    const cwd = folderWith({ [FILE]: text, "connections/h.yaml": "name: H\nprovider_type: flexprice\n" });
    const ended = await run(["apply", "--yes", "--json"], { cwd, env: accessTo(live) });
    expect(ended.code).toBe(3);
    expect(documentOf(ended).problems).toMatchObject([{ code: "PLAN.STAMP_TOO_LONG", file: FILE }]);
    expect(live.writes()).toEqual([]);
    const without = accessTo(live, { FLEXPRICE_SYNC_STAMP: "off" });
    expect((await run(["apply", "--yes"], { cwd, env: without })).code).toBe(0);
  });
});

describe("a new name for a connection that is found by its name", () => {
  it("looks like a rename beside one of ours that nobody claims, and the plan says so", async () => {
    const credentials = `encrypted_secret_data: { aws_access_key_id: "\${K}", aws_secret_access_key: "\${K}" }\n`;
    const live = await service([
      row({ id: "conn_1", provider_type: "s3", name: "old name", metadata: { [MARK]: stampWith("s3") } }),
      row({ id: "conn_2", provider_type: "s3", name: "by hand" }),
    ]);
    const ended = await run(["plan"], {
      cwd: folderWith({ [FILE]: `name: new name\nprovider_type: s3\n${credentials}` }),
      env: accessTo(live, { K: "a-secret" }),
    });
    expect(ended.stdout).toContain("danger: looks like a rename of conn_1: then add id:");
    expect(ended.stdout).not.toContain("conn_2 or");
  });
});

describe("the variables of stamps", () => {
  it.each([["maybe"], ["OFF"], ["false"]])("take on and off and nothing else: %s", async (value) => {
    const live = await service([stripe()]);
    const ended = await run(["plan"], {
      cwd: folderWith({ [FILE]: head }),
      env: accessTo(live, { FLEXPRICE_SYNC_STAMP: value }),
    });
    expect(ended.code).toBe(3);
    expect(ended.stderr).toContain("error[SETTINGS.BAD_STAMP]");
  });

  it("that are empty mean what unset ones mean: CI passes missing secrets so", async () => {
    const live = await service([stripe()]);
    const empty = { FLEXPRICE_SYNC_OWNER: "", FLEXPRICE_SYNC_STAMP: "", FLEXPRICE_SYNC_FINGERPRINT_KEY: "" };
    const ended = await run(["plan"], { cwd: folderWith({ [FILE]: head }), env: accessTo(live, empty) });
    expect(ended).toMatchObject({ code: 0, stderr: "" });
  });
});
