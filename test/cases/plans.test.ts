import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { folderWith } from "../support/folder.js";
import { documentOf, type Ended, run } from "../support/program.js";
import { accessTo, row, type Service, service } from "../support/service.js";
import { keyText } from "../support/steps.js";

// Faults of other tools with saved plans, as the right result here. test/README.md says where they come from.

const files = {
  "connections/f.yaml": "name: relay\nprovider_type: flexprice\nmetadata: { tier: b }\n",
  "connections/s.yaml":
    'name: pay\nprovider_type: stripe\nencrypted_secret_data: { secret_key: "${SK}" }\nmetadata: { tier: b }\n',
};
const rows = [
  row({ id: "conn_1", provider_type: "flexprice", name: "relay", metadata: { tier: "a" } }),
  row({ id: "conn_2", provider_type: "stripe", name: "pay", metadata: { tier: "a" } }),
];

async function planned(): Promise<{ live: Service; cwd: string; env: Readonly<Record<string, string>> }> {
  const live = await service(rows);
  const cwd = folderWith(files);
  const env = accessTo(live, { SK: "sk_live_1", FLEXPRICE_SYNC_FINGERPRINT_KEY: keyText(1) });
  expect((await run(["plan", "--out", "p.json"], { cwd, env })).code).toBe(0);
  return { live, cwd, env };
}

function codesOf(ended: Ended): readonly string[] {
  return documentOf(ended).problems.map(({ code }) => code);
}

function wordsOf(ended: Ended): string {
  return documentOf(ended)
    .problems.map(({ message }) => message)
    .join("\n");
}

describe("a plan that was overtaken", () => {
  it("does not undo what somebody decided meanwhile: it names the connection and what moved, and writes nothing", async () => {
    const { live, cwd, env } = await planned();
    live.rows[0] = row({ id: "conn_1", provider_type: "flexprice", name: "relay", metadata: { tier: "c" } });
    const ended = await run(["apply", "p.json", "--json"], { cwd, env });
    expect(ended.code).toBe(5);
    expect(wordsOf(ended)).toMatch(/conn_1.*metadata\.tier/);
    expect(wordsOf(ended)).not.toContain("conn_2");
    expect(live.writes()).toEqual([]);
    expect(live.rows[0]?.metadata).toEqual({ tier: "c" });
  });

  it("applied twice writes once, and the second time says that there is nothing to do", async () => {
    const { live, cwd, env } = await planned();
    expect((await run(["apply", "p.json"], { cwd, env })).code).toBe(0);
    expect(live.writes()).toHaveLength(2);
    const again = await run(["apply", "p.json"], { cwd, env });
    expect(again.code).toBe(0);
    expect(again.stdout).toContain("Nothing to do");
    expect(live.writes()).toHaveLength(2);
  });

  it("is not carried out against another service, though it looks the same", async () => {
    const { live, cwd, env } = await planned();
    const other = await service(rows);
    const ended = await Promise.all([
      run(["apply", "p.json", "--json", "--base-url", other.baseUrl], { cwd, env }),
      run(["apply", "p.json", "--json"], { cwd, env: { ...env, FLEXPRICE_BASE_URL: other.baseUrl } }),
    ]);
    for (const one of ended) {
      expect(one.code).toBe(5);
      expect(codesOf(one)).toEqual(["STALE.OTHER_TARGET"]);
      expect(wordsOf(one)).toContain(live.baseUrl);
      expect(wordsOf(one)).toContain(other.baseUrl);
    }
    expect([...other.writes(), ...live.writes()]).toEqual([]);
  });

  it("is not carried out against another environment, though it looks the same", async () => {
    const { live, cwd, env } = await planned();
    for (const [at, known] of live.rows.entries()) live.rows[at] = { ...known, environment_id: "env_other" };
    const ended = await run(["apply", "p.json", "--json", "--environment-id", "env_other"], { cwd, env });
    expect(ended.code).toBe(5);
    expect(codesOf(ended)).toEqual(["STALE.OTHER_TARGET"]);
    expect(wordsOf(ended)).toContain("env_other");
    expect(live.writes()).toEqual([]);
  });

  it("is not carried out with other secrets", async () => {
    const { live, cwd, env } = await planned();
    const ended = await run(["apply", "p.json", "--json"], { cwd, env: { ...env, SK: "sk_live_2" } });
    expect(ended.code).toBe(5);
    expect(codesOf(ended)).toEqual(["STALE.OTHER_SECRETS"]);
    expect(live.writes()).toEqual([]);
  });

  it("is not carried out from other files", async () => {
    const { live, cwd, env } = await planned();
    writeFileSync(join(cwd, "connections/f.yaml"), files["connections/f.yaml"].replace("tier: b", "tier: z"));
    const ended = await run(["apply", "p.json", "--json"], { cwd, env });
    expect(ended.code).toBe(5);
    expect(wordsOf(ended)).toContain('"relay"');
    expect(live.writes()).toEqual([]);
  });
});
