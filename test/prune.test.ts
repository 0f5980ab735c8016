import { rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { folderWith, writeInto } from "./support/folder.js";
import { documentOf, type Ended, lastLine, run, targetOf } from "./support/program.js";
import { accessTo, type Intercept, MARK, type Row, row, send, service } from "./support/service.js";
import { stampWith } from "./support/steps.js";

const STRIPE = "name: Stripe\nprovider_type: stripe\n";

/** A row that our owner keeps. */
function ours(id: string, provider: string, more: Partial<Row> = {}, stamp: Parameters<typeof stampWith>[1] = {}): Row {
  return row({
    id,
    provider_type: provider,
    metadata: { [MARK]: stampWith(provider, { id, owner: "acme", ...stamp }) },
    ...more,
  });
}

async function pruning(rows: readonly Row[], intercept?: Intercept) {
  const live = await service(rows, intercept);
  const cwd = folderWith({ "connections/s.yaml": STRIPE });
  const env = accessTo(live, { FLEXPRICE_SYNC_OWNER: "acme" });
  const go = (...args: readonly string[]) => run(["prune", ...args], { cwd, env });
  return { live, cwd, env, go, all: () => go("--yes", "--allow-dangerous", "--json") };
}

const codes = (ended: Ended) => documentOf(ended).problems.map(({ code }) => code);
const deleted = (live: { readonly received: readonly { method: string; path: string }[] }) =>
  live.received.filter(({ method }) => method === "DELETE").map(({ path }) => path.split("/").at(-1));

const fleetOfRows = [
  ours("conn_claimed", "stripe"),
  ours("conn_ours", "hubspot", { name: "Gone" }),
  ours("conn_protected", "tabs", {}, { protect: true }),
  ours("conn_others", "moyasar", {}, { owner: "others" }),
  row({
    id: "conn_ownerless",
    provider_type: "nomod",
    metadata: { [MARK]: stampWith("nomod", { id: "conn_ownerless" }) },
  }),
  row({ id: "conn_by_hand", provider_type: "razorpay" }),
  ours("conn_copied", "paddle", {}, { id: "conn_elsewhere" }),
  row({ id: "conn_damaged", provider_type: "whop", metadata: { [MARK]: "{" } }),
  row({ id: "conn_newer", provider_type: "quickbooks", metadata: { [MARK]: JSON.stringify({ v: 9, owner: "acme" }) } }),
];

describe("prune", () => {
  it("takes only connections of its owner that no definition claims, and neither protected nor copied ones", async () => {
    const { live, all } = await pruning(fleetOfRows);
    const ended = await all();
    expect([ended.code, deleted(live)]).toEqual([0, ["conn_ours"]]);
    const target = targetOf(ended);
    expect(target.summary).toMatchObject({ archive: 1, create: 0, update: 0, unchanged: 1 });
    const archived = target.changes.filter(({ action }) => action === "archive");
    expect(archived).toMatchObject([{ name: "Gone", id: "conn_ours", outcome: { status: "archived" } }]);
    expect(archived[0]?.file).toBeUndefined();
    expect(target.unclaimed.map(({ id }) => id).sort()).toEqual(
      fleetOfRows
        .map(({ id }) => id)
        .filter((id) => !["conn_claimed", "conn_ours"].includes(id))
        .sort(),
    );
    expect((await all()).code).toBe(0);
    expect(deleted(live)).toHaveLength(1);
  });

  it("archives nothing of which nothing shows that it is in the environment that is meant", async () => {
    const { environment_id: _, ...nowhere } = ours("conn_nowhere", "hubspot");
    const { live, all } = await pruning([ours("conn_claimed", "stripe"), nowhere as Row]);
    const ended = await all();
    expect([ended.code, codes(ended), deleted(live)]).toEqual([1, ["APPLY.WRONG_ENVIRONMENT"], []]);
  });

  it("writes nothing else, whatever the definitions say", async () => {
    const { live, cwd, all } = await pruning(fleetOfRows);
    writeInto(cwd, { "connections/s.yaml": `${STRIPE}metadata: { team: other }\n` });
    expect((await all()).code).toBe(0);
    expect(live.writes().map(({ method }) => method)).toEqual(["DELETE"]);
  });

  it("asks for consent as apply does, and beside --yes for --allow-dangerous", async () => {
    const { live, go } = await pruning(fleetOfRows);
    const asked = await go("--json");
    expect([asked.code, codes(asked)]).toEqual([6, ["APPLY.NO_CONSENT"]]);
    const yes = await go("--yes");
    expect([yes.code, live.writes()]).toEqual([6, []]);
    expect(yes.stderr).toContain('"Gone" is to be archived for good: conn_ours');
    expect(yes.stdout).toContain("- archive  Gone (hubspot, conn_ours)\n    danger: conn_ours is archived for good");
    expect(lastLine(yes.stdout)).toBe(
      "Plan: 0 to create, 0 to update, 0 to replace, 1 to archive, 1 unchanged, 0 blocked, 0 unknown.",
    );
  });

  it("keeps to --max-changes, of which a share is one of the definitions", async () => {
    const rows = [ours("conn_1", "stripe"), ours("conn_2", "hubspot"), ours("conn_3", "tabs")];
    const { live, go } = await pruning(rows);
    for (const most of ["1", "100%"]) {
      const ended = await go("--yes", "--allow-dangerous", "--max-changes", most, "--json");
      expect([ended.code, codes(ended), live.writes()]).toEqual([6, ["PLAN.OVER_LIMIT"], []]);
    }
    expect((await go("--yes", "--allow-dangerous", "--max-changes", "2")).code).toBe(0);
  });

  it("refuses without an owner, without stamps, and with no definition", async () => {
    const { live, cwd, env } = await pruning(fleetOfRows);
    const go = (more: Readonly<Record<string, string>>) =>
      run(["prune", "--yes", "--allow-dangerous", "--json"], { cwd, env: { ...env, ...more } });
    const ownerless = await go({ FLEXPRICE_SYNC_OWNER: "" });
    expect([ownerless.code, codes(ownerless)]).toEqual([3, ["SETTINGS.NO_OWNER"]]);
    const stampless = await go({ FLEXPRICE_SYNC_STAMP: "off" });
    expect([stampless.code, codes(stampless)]).toEqual([64, ["USAGE.CONFLICT"]]);
    rmSync(join(cwd, "connections/s.yaml"));
    const empty = await go({});
    expect([empty.code, codes(empty)]).toEqual([3, ["LOAD.NO_FILES"]]);
    writeInto(cwd, { "connections/s.yaml": "# nothing\n" });
    expect((await go({})).code).toBe(3);
    expect(live.received).toEqual([]);
  });

  it("stops where it cannot tell what the definitions claim", async () => {
    const { live, cwd, all } = await pruning([
      ours("conn_1", "stripe"),
      ours("conn_2", "stripe"),
      ours("conn_3", "hubspot"),
    ]);
    const twins = await all();
    expect([twins.code, codes(twins), live.writes()]).toEqual([1, ["PLAN.AMBIGUOUS"], []]);
    writeInto(cwd, { "connections/s.yaml": `${STRIPE}id: conn_gone\n` });
    const gone = await all();
    expect([gone.code, codes(gone), live.writes()]).toEqual([1, ["PLAN.ID_GONE"], []]);
  });

  it("says where a connection may be one that was only renamed", async () => {
    const { cwd, go } = await pruning([ours("conn_1", "stripe"), ours("conn_2", "s3", { name: "Old" })]);
    writeInto(cwd, {
      "connections/e.yaml":
        "name: New\nprovider_type: s3\nencrypted_secret_data: { aws_access_key_id: '${A}', aws_secret_access_key: '${B}' }\nsync_config: { s3: { bucket: b, region: r } }\n",
    });
    const ended = await go();
    expect(ended.stdout).toContain(
      'may be the connection that "New" at connections/e.yaml:1 renames: then give that definition id: conn_2',
    );
  });

  it("does not archive what somebody changed or took away meanwhile", async () => {
    for (const change of ["changed", "taken", "gone"] as const) {
      let lists = 0;
      const intercept: Intercept = async ({ method }, response) => {
        if (method !== "GET") return false;
        lists += 1;
        if (lists !== 1) return false;
        // The list takes so long that it is read again before anything is written from it.
        const rows = JSON.stringify({ connections: live.rows, total: live.rows.length });
        await new Promise((resolve) => setTimeout(resolve, 5_200));
        const at = live.rows.findIndex(({ id }) => id === "conn_ours");
        const before = live.rows[at];
        if (before === undefined) throw new Error("no row");
        if (change === "gone") live.rows.splice(at, 1);
        else if (change === "changed") live.rows[at] = { ...before, metadata: { ...before.metadata, by: "hand" } };
        else
          live.rows[at] = {
            ...before,
            metadata: { [MARK]: stampWith("hubspot", { id: "conn_ours", owner: "others" }) },
          };
        return send(response, 200, rows);
      };
      const { live, all } = await pruning([ours("conn_claimed", "stripe"), ours("conn_ours", "hubspot")], intercept);
      const ended = await all();
      expect([change, ended.code, codes(ended), deleted(live)]).toEqual([change, 1, ["APPLY.ROW_MOVED"], []]);
    }
  });

  it("reads after a lost answer whether the connection is gone", async () => {
    let isLost = false;
    const { live, all } = await pruning(
      [ours("conn_claimed", "stripe"), ours("conn_ours", "hubspot")],
      ({ method, path }, response) => {
        if (method !== "DELETE" || isLost) return false;
        isLost = true;
        const at = live.rows.findIndex(({ id }) => path.endsWith(id));
        live.rows.splice(at, 1);
        response.socket?.destroy();
        return true;
      },
    );
    const ended = await all();
    expect([ended.code, targetOf(ended).changes.find(({ action }) => action === "archive")?.outcome?.status]).toEqual([
      0,
      "archived",
    ]);
  });

  it("takes no --only, --dir or --shard", async () => {
    const { live, go } = await pruning(fleetOfRows);
    for (const option of [
      ["--only", "x"],
      ["-d", "x"],
      ["--shard", "1/2"],
    ]) {
      expect([option, (await go(...option, "--yes", "--allow-dangerous")).code]).toEqual([option, 64]);
    }
    expect(live.received).toEqual([]);
  });

  it("goes to the environments that are picked, and to none that is one and the same with another", async () => {
    const live = await service([
      ours("conn_a", "hubspot", { environment_id: "env_a" }),
      ours("conn_b", "hubspot", { environment_id: "env_b" }),
    ]);
    live.keys.clear();
    live.keys.set("sk_a", "env_a").set("sk_b", "env_b");
    const at = (id: string, key: string) =>
      `{ base_url: "${live.baseUrl}", api_key: "\${${key}}", environment_id: ${id} }`;
    const cwd = folderWith({
      "flexprice-sync.yaml": `owner: acme\nenvironments:\n  a: ${at("env_a", "KEY_A")}\n  b: ${at("env_b", "KEY_B")}\n`,
      "connections/s.yaml": `${STRIPE}encrypted_secret_data: { secret_key: "\${SK}", webhook_secret: "\${SK}" }\n`,
    });
    const env = { KEY_A: "sk_a", KEY_B: "sk_b" };
    const go = (...args: readonly string[]) =>
      run(["prune", "--yes", "--allow-dangerous", "--json", ...args], { cwd, env });
    expect([(await go("--env", "b")).code, deleted(live)]).toEqual([0, ["conn_b"]]);
    const other = (url: string, more: string) =>
      `owner: acme\nenvironments:\n  a: ${at("env_a", "KEY_A")}\n  b: { base_url: "${url}", api_key: "\${KEY_B}"${more} }\n`;
    // In doubt they are one: another spelling of the address, or no id to tell them apart.
    for (const text of [
      `owner: acme\nenvironments:\n  a: ${at("env_a", "KEY_A")}\n  b: ${at("env_a", "KEY_A")}\n`,
      other(`${live.baseUrl.replace("127.0.0.1", "localhost")}/`, ", environment_id: env_a"),
      other(live.baseUrl, ""),
      other(live.baseUrl, "").replace(/base_url: "[^"]*", api_key: "\$\{KEY_B/, 'api_key: "${KEY_B'),
    ]) {
      writeInto(cwd, { "flexprice-sync.yaml": text });
      const shared = await go("--env", "a");
      expect([text, shared.code, codes(shared), deleted(live)]).toEqual([
        text,
        3,
        ["SETTINGS.SHARED_TARGET"],
        ["conn_b"],
      ]);
    }
    // One id is one environment, whatever the addresses look like; and an option says where this run goes.
    writeInto(cwd, { "flexprice-sync.yaml": other("https://us.api.flexprice.io/v1", ", environment_id: env_a") });
    expect((await go("--env", "a")).code).toBe(3);
    writeInto(cwd, { "flexprice-sync.yaml": other(live.baseUrl, ", environment_id: env_b") });
    expect((await go("--env", "a", "--environment-id", "env_b")).code).toBe(3);
    // What the rows show says more than the settings.
    const anonymous = `{ base_url: "${live.baseUrl}", api_key: "\${KEY_A}" }`;
    const claims = `{ base_url: "https://us.api.flexprice.io/v1", api_key: "\${KEY_B}", environment_id: env_a }`;
    writeInto(cwd, { "flexprice-sync.yaml": `owner: acme\nenvironments:\n  a: ${anonymous}\n  b: ${claims}\n` });
    const seen = await go("--env", "a");
    expect([seen.code, codes(seen), deleted(live)]).toEqual([3, ["SETTINGS.SHARED_TARGET"], ["conn_b"]]);
    for (const text of [
      other(live.baseUrl, ", environment_id: env_b"),
      other("https://us.api.flexprice.io/v1", ""),
      other(live.baseUrl, ", owner: others"),
    ]) {
      writeInto(cwd, { "flexprice-sync.yaml": text });
      expect((await go("--env", "a")).code).toBe(0);
    }
  });
});
