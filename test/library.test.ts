import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { apply, exitCodeOf, jsonOf, type PlanOptions, plan, validate } from "../src/library.js";
import { folderWith, writeInto } from "./support/folder.js";
import { accessTo, definitionOfPushing, pushing, type Service, service } from "./support/service.js";

const definition = definitionOfPushing(false);

async function open(): Promise<{ live: Service; here: PlanOptions }> {
  const live = await service([pushing]);
  return { live, here: { folder: folderWith({ "connections/s.yaml": definition }), variables: accessTo(live) } };
}

interface Doors {
  readonly validate: typeof validate;
  readonly plan: typeof plan;
  readonly apply: typeof apply;
}

describe("the library", () => {
  it("validates without a network, and returns all that is wrong", async () => {
    const { live, here } = await open();
    expect(exitCodeOf(await validate(here))).toBe(0);
    writeInto(here.folder, { "connections/bad.yaml": "name: B\nprovider_type: strip\nmetadta: {}\n" });
    const wrong = await validate({ ...here, variables: {} });
    expect([exitCodeOf(wrong), wrong.problems.map(({ code, place }) => [code, place?.line])]).toEqual([
      3,
      [
        ["VALIDATE.UNKNOWN_PROVIDER", 2],
        ["VALIDATE.UNKNOWN_FIELD", 3],
      ],
    ]);
    expect(live.received).toEqual([]);
  });

  it("plans without writing, and says how far it is", async () => {
    const { live, here } = await open();
    const parts: unknown[] = [];
    const planned = await plan({ ...here, onProgress: (part) => parts.push(part) });
    expect(planned.targets[0]?.plan?.summary.update).toBe(1);
    expect([exitCodeOf(planned), exitCodeOf(planned, { detailed: true })]).toEqual([0, 2]);
    expect(live.writes()).toEqual([]);
    expect(parts).toEqual([
      { doing: "reading", done: 0, total: 1 },
      { doing: "reading", done: 1, total: 1 },
    ]);
  });

  it("ends early when its signal is given: before it begins, in a read, and in a write that comes to its end", async () => {
    const { live, here } = await open();
    const early = await apply({ ...here, consent: true, signal: AbortSignal.abort() });
    expect([exitCodeOf(early), early.problems.map(({ code }) => code)]).toEqual([130, ["RUN.INTERRUPTED"]]);
    expect(live.received).toEqual([]);

    const reading = new AbortController();
    live.intercept = () => {
      reading.abort();
      return new Promise(() => {});
    };
    const unread = await plan({ ...here, signal: reading.signal });
    expect([exitCodeOf(unread), unread.problems.map(({ code }) => code)]).toEqual([130, ["RUN.INTERRUPTED"]]);

    const writing = new AbortController();
    live.intercept = ({ method }) => {
      if (method === "PUT") writing.abort();
      return false;
    };
    const done = await apply({ ...here, consent: true, signal: writing.signal });
    expect([...(done.targets[0]?.outcomes?.values() ?? [])].map(({ status }) => status)).toEqual(["updated"]);
    expect([exitCodeOf(done), live.writes().length]).toEqual([130, 1]);
  });

  it("has a deadline for the whole run", async () => {
    const { live, here } = await open();
    live.intercept = () => new Promise(() => {});
    const late = await plan({ ...here, deadlineMs: 300 });
    expect([exitCodeOf(late), late.problems.map(({ code }) => code)]).toEqual([1, ["RUN.DEADLINE"]]);
  });

  it("applies with a consent only, and only true is one", async () => {
    const { live, here } = await open();
    const refused = await apply(here);
    expect([exitCodeOf(refused), refused.problems[0]?.code]).toEqual([6, "APPLY.NO_CONSENT"]);
    for (const answer of [false, "yes", undefined, 1]) {
      const declined = await apply({ ...here, consent: () => answer as boolean });
      expect([exitCodeOf(declined), declined.problems[0]?.code]).toEqual([6, "APPLY.DECLINED"]);
    }
    expect(live.writes()).toEqual([]);
    const done = await apply({
      ...here,
      consent: ({ open: [target] }) => target?.plan?.changes[0]?.dangers.length === 1,
    });
    expect([...(done.targets[0]?.outcomes?.values() ?? [])].map(({ status }) => status)).toEqual(["updated"]);
    expect(live.writes()).toHaveLength(1);
    expect(exitCodeOf(await apply({ ...here, consent: true }))).toBe(0);
    expect(live.writes()).toHaveLength(1);
  });

  it("saves a plan and carries it out", async () => {
    const { live, here } = await open();
    const planned = await plan({ ...here, out: "plan.json" });
    expect(planned.saved?.file).toBe("plan.json");
    expect(readdirSync(here.folder)).toContain("plan.json");
    const done = await apply({ ...here, planFile: "plan.json" });
    expect([exitCodeOf(done), live.writes().length]).toEqual([0, 1]);
  });

  it("has the document of a run as the command prints it, without a secret", async () => {
    const { here } = await open();
    const variables: NonNullable<PlanOptions["variables"]> = { ...here.variables, KEY: "canary-of-the-library" };
    const text = `${definition}encrypted_secret_data: { secret_key: "\${KEY}" }\nmetadata: { a: "\${KEY}" }\n`;
    writeInto(here.folder, { "connections/s.yaml": text });
    const events: unknown[] = [];
    const run = await plan({ ...here, variables, onEvent: (event) => events.push(event) });
    const document = JSON.parse(jsonOf(run));
    expect([document.command, document.exit_code, document.targets[0].changes[0].name]).toEqual(["plan", 0, "Stripe"]);
    for (const told of [jsonOf(run), JSON.stringify(events), JSON.stringify(run)]) {
      expect(told).not.toContain("canary-of-the-library");
      expect(told).not.toContain(variables["FLEXPRICE_API_KEY"]);
    }
  });

  it.each<[keyof Doors, object]>([
    ["validate", { folder: "connections" }],
    ["validate", { folder: undefined }],
    ["validate", { only: ["S"] }],
    ["plan", { onlyy: ["S"] }],
    ["plan", { planFile: "plan.json" }],
    ["plan", { only: "S" }],
    ["plan", { only: ["!S"] }],
    ["plan", { env: "prod" }],
    ["plan", { paths: "connections" }],
    ["plan", { paths: [""] }],
    ["plan", { variables: null }],
    ["plan", { variables: { A: 1 } }],
    ["plan", { parallelism: 0 }],
    ["plan", { parallelism: 257 }],
    ["plan", { timeoutMs: 0.5 }],
    ["plan", { timeoutMs: "5000" }],
    ["plan", { timeoutMs: Number.POSITIVE_INFINITY }],
    ["plan", { deadlineMs: 0 }],
    ["plan", { insecureHttp: "false" }],
    ["plan", { caFile: "" }],
    ["apply", { signal: { aborted: false } }],
    ["plan", { maxChanges: 0 }],
    ["plan", { maxChanges: "10%" }],
    ["plan", { writeSecrets: true }],
    ["plan", { shard: "1/1" }],
    ["plan", { shard: { index: 3, count: 2 } }],
    ["plan", { out: "p.json", expiresInMs: Number.NaN }],
    ["plan", { out: "p.json", expiresInMs: 10 * 366 * 86_400_000 }],
    ["plan", { expiresInMs: 60_000 }],
    ["plan", { assumeSecrets: true }],
    ["plan", { adopt: true, assumeSecrets: true, writeSecrets: "all" }],
    ["apply", { consent: true, allowDangerous: "false" }],
    ["apply", { consent: "yes" }],
    ["apply", { planFile: "p.json", only: ["S"] }],
    ["apply", { planFile: "p.json", consent: () => false }],
    ["apply", { planFile: "p.json", adopt: true }],
    ["apply", { out: "p.json" }],
  ])("%s refuses %j before anything is done", async (door, wrong) => {
    const { live, here } = await open();
    const doors: Doors = { validate, plan, apply };
    await expect(doors[door]({ ...here, ...wrong } as never)).rejects.toThrow(TypeError);
    expect(live.received).toEqual([]);
  });

  it("takes a key that is there without a value for none", async () => {
    const { here } = await open();
    const loose = { ...here, env: undefined, parallelism: undefined, only: undefined } as unknown as PlanOptions;
    expect(exitCodeOf(await plan(loose))).toBe(0);
    await expect(plan(undefined as never)).rejects.toThrow("plan: it takes an object of options.");
    await expect(plan({ ...here, onlyy: [] } as never)).rejects.toThrow("plan: there is no option onlyy.");
    await expect(validate({ ...here, only: [] } as never)).rejects.toThrow("validate: there is no option only.");
  });

  it("goes on whatever its listeners throw, and says so; what consent throws ends it before a write", async () => {
    const { live, here } = await open();
    const fault = new Error("of the caller");
    const throwing = () => {
      throw fault;
    };
    const done = await apply({ ...here, consent: true, onEvent: throwing, onProgress: throwing });
    expect([exitCodeOf(done), done.listenerFault, live.writes().length]).toEqual([0, fault, 1]);
    const rejecting = async () => throwing();
    expect((await plan({ ...here, onEvent: rejecting })).listenerFault).toBe(fault);
    live.rows.splice(0, 1, pushing);
    await expect(apply({ ...here, consent: throwing })).rejects.toBe(fault);
    expect(live.writes()).toHaveLength(1);
  });

  it("reads no variable of the process", async () => {
    const { here } = await open();
    const run = await plan({ folder: here.folder });
    expect(run.problems.map(({ code }) => code)).toEqual(["SETTINGS.NO_API_KEY", "SETTINGS.NO_BASE_URL"]);
  });

  it("is told in its guide with every export and every option", () => {
    const guide = readFileSync(new URL("../docs/library.md", import.meta.url), "utf8");
    const source = readFileSync(join(import.meta.dirname, "../src/library.ts"), "utf8");
    const options = [...source.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, name = ""]) => name);
    expect(options.length).toBeGreaterThan(20);
    for (const name of options) expect(guide, name).toContain(`\`${name}\``);
  });

  it("has every value that it exports in the guide", async () => {
    const guide = readFileSync(new URL("../docs/library.md", import.meta.url), "utf8");
    for (const name of Object.keys(await import("../src/library.js")))
      expect(guide, name).toMatch(new RegExp(`\`${name}\\b`));
  });
});
