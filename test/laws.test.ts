import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { type ConnectionsApi, connectionsApi } from "../src/api/connections.js";
import { connect } from "../src/api/http.js";
import { limitTo } from "../src/api/limit.js";
import type { WireEvent } from "../src/api/wire-event.js";
import type { Files } from "../src/load/files.js";
import { nothingGiven, readGiven } from "../src/load/given.js";
import type { JsonObject } from "../src/model/json.js";
import { isError } from "../src/model/problem.js";
import { KnownSecrets, Secret } from "../src/model/secret.js";
import { ServiceError, type ServiceErrorFacts } from "../src/model/service-error.js";
import { type Invocation, reconcile, type World } from "../src/reconcile.js";
import { applyText, planText } from "../src/report/human.js";
import { jsonText } from "../src/report/json.js";
import { plainLook } from "../src/report/look.js";
import type { SeedConnection } from "../src/sandbox/seed.js";
import { type Sandbox, startSandbox } from "../src/sandbox/server.js";
import { variablesOf } from "../src/secrets/variables.js";
import { neverInterrupted } from "../src/setup/interruption.js";
import { nodeFiles } from "../src/setup/node-files.js";
import { catalogue, fingerprintKey } from "./support/steps.js";

/*
 * Laws that hold for any definitions and any rows, tried with random ones against the sandbox:
 *   plan writes nothing · apply, then plan, is zero · what no definition names survives · no secret shows anywhere ·
 *   a saved plan is carried out once, and not at all when something moved · a replace loses nothing but the id
 */

const CANARY = "canary-5ecr3t";

const value = fc.oneof(
  fc.constantFrom<unknown>(
    1,
    "1",
    true,
    null,
    [],
    ["a", "b"],
    {},
    { x: 1, y: [2] },
    "text",
    2.5,
    // The service may show, anywhere, what a file takes from a variable.
    CANARY,
    `\${SECRET}`,
    `pre-\${SECRET}`,
  ),
);
const metadata = fc.dictionary(fc.constantFrom("team", "a.b", "tier", "list", "with space"), value, {
  maxKeys: 4,
  noNullPrototype: true,
});
const direction = (isPossible: boolean) => (isPossible ? fc.boolean() : fc.constant(false));
const entity = (inbound: boolean, outbound: boolean) =>
  fc.record({ inbound: direction(inbound), outbound: direction(outbound) }, { requiredKeys: [] });
const syncConfig = fc.record(
  {
    plan: entity(true, false),
    invoice: entity(false, true),
    customer: entity(true, true),
    deal: entity(false, true),
    invoice_sync_settings: fc.record(
      {
        normalize_fixed_to: fc.constantFrom("", "MONTHLY"),
        metadata_custom_fields: fc.constantFrom([], [{ source: "customer", metadata_key: "k", field: "f" }]),
        service_period_custom_fields: fc.constantFrom({}, { start_field_id: "s", end_field_id: "e" }),
      },
      { requiredKeys: [] },
    ),
    s3: fc.record({
      bucket: fc.constantFrom("b1", "b2"),
      region: fc.constant("eu"),
      compression: fc.constantFrom("", "gzip"),
    }),
  },
  { requiredKeys: [] },
);
const exact = fc.subarray(["metadata", "sync_config"] as const);

const credentials: Readonly<Record<string, object>> = {
  stripe: { secret_key: "${SECRET}", webhook_secret: "${SECRET}" },
  hubspot: { hubspot: { access_token: "${SECRET}", client_secret: "${SECRET}" } },
  razorpay: { key_id: "${SECRET}", secret_key: "${SECRET}" },
  chargebee: { site: "acme", api_key: "${SECRET}", webhook_username: "${SECRET}", webhook_password: "${SECRET}" },
  quickbooks: {
    client_id: "${SECRET}",
    client_secret: "${SECRET}",
    realm_id: "1",
    environment: "sandbox",
    refresh_token: "${SECRET}",
    webhook_verifier_token: "${SECRET}",
  },
  flexprice: { anything: "${SECRET}" },
};

const providers = Object.keys(credentials);

const definitions = fc.uniqueArray(
  fc.record({
    provider: fc.constantFrom(...providers),
    name: fc.constantFrom<string>("one", "two"),
    metadata,
    syncConfig,
    exact,
    declares: fc.constantFrom("both", "metadata", "sync", "none"),
  }),
  { maxLength: 4, minLength: 1, selector: ({ provider }) => provider },
);

const fleet = fc.record({
  definitions,
  /** What the files say some time later. */
  later: definitions,
  hasKey: fc.boolean(),
  rows: fc.uniqueArray(
    fc.record({
      provider: fc.constantFrom(...providers, "s3"),
      name: fc.constantFrom("one", "two"),
      metadata: fc.option(metadata),
      syncConfig: fc.option(syncConfig),
    }),
    { maxLength: 5, selector: ({ provider }) => provider },
  ),
});

type Fleet = typeof fleet extends fc.Arbitrary<infer T> ? T : never;

/** JSON is YAML: the generated definitions as one file of several documents. */
function fileOf(all: Fleet["definitions"]): string {
  return all
    .map(({ provider, name, metadata: meta, syncConfig: sync, exact: maps, declares }) => {
      const hasMetadata = declares === "both" || declares === "metadata";
      const hasSync = declares === "both" || declares === "sync";
      return JSON.stringify({
        name,
        provider_type: provider,
        encrypted_secret_data: credentials[provider],
        ...(hasMetadata ? { metadata: meta } : {}),
        ...(hasSync ? { sync_config: sync } : {}),
        exact: maps.filter((map) => (map === "metadata" ? hasMetadata : hasSync)),
      });
    })
    .join("\n---\n");
}

function seedOf({ rows }: Pick<Fleet, "rows">): readonly SeedConnection[] {
  return rows.map(({ provider, name, metadata: meta, syncConfig: sync }, index) => ({
    id: `conn_${index}`,
    name,
    provider_type: provider,
    metadata: meta as JsonObject | null,
    sync_config: sync as JsonObject | null,
  }));
}

/** @param kept - a plan that is saved beside the definitions */
function filesWith(text: string, kept?: object): Files {
  const bytes = new TextEncoder().encode(text);
  const plan = new TextEncoder().encode(JSON.stringify(kept));
  return {
    ...nodeFiles("/"),
    kindOf: () => "file",
    list: () => [],
    read: (path) => (path === KEPT ? plan : bytes),
    realPath: (path) => path,
    shown: (path) => path,
  };
}

const KEPT = "plan.json";

async function open({ hasKey, ...made }: Fleet) {
  const seed = seedOf(made);
  const apiKey = "sk_laws_canary_key";
  const sandbox = await startSandbox({
    catalogue,
    port: 0,
    apiKey,
    environmentId: "env_laws",
    seed: { connections: seed },
  });
  const url = new URL(sandbox.baseUrl);
  const { send, close } = connect({ origin: url.origin }, 4, 5_000);
  const events: WireEvent[] = [];
  const knownSecrets = new KnownSecrets();
  const world: World = {
    files: filesWith(fileOf(made.definitions)),
    variables: variablesOf({ SECRET: CANARY }, () => new Uint8Array()),
    catalogue,
    knownSecrets,
    fingerprintKeys: hasKey ? { current: fingerprintKey(1) } : {},
    newSalt: () => randomBytes(16).toString("base64url"),
    connect: async () => ({
      limit: limitTo(4),
      api: connectionsApi({
        baseUrl: url,
        apiKey: new Secret(apiKey),
        environmentId: "env_laws",
        send,
        knownSecrets,
        interrupt: neverInterrupted(),
        clock: { nowMs: Date.now, pause: async () => {} },
        random: Math.random,
        newRequestId: () => "r",
        onEvent: (event) => events.push(event),
      }),
    }),
    recoveries: { keep: () => "a-file", remove: () => {} },
    nowMs: () => performance.now(),
    clockMs: () => Date.now(),
    pause: async () => {},
    interrupt: neverInterrupted(),
    announce: () => {},
    confirm: async () => "cannot-ask",
    onProgress: () => {},
  };
  const shut = async () => {
    await close();
    await sandbox.close();
  };
  return { sandbox, world, events, shut };
}

function invocation(command: Invocation["command"]): Invocation {
  return {
    command,
    environments: [
      {
        name: "default",
        paths: ["fleet.yaml"],
        usualPaths: ["connections"],
        vars: {},
        sameTarget: "",
        target: {
          environment: "default",
          baseUrl: "http://x",
          expectedEnvironmentId: "env_laws",
          stamps: true,
          assumeUpdatable: [],
        },
        targetProblems: [],
      },
    ],
    problems: [],
    given: nothingGiven,
    keyVariables: new Set(),
    only: [],
    requireEnv: false,
    yes: true,
    allowDangerous: true,
    failFast: false,
    writeSecrets: "none",
    adopt: false,
    assumeSecrets: false,
    replaces: [],
  };
}

function reportsOf(run: Awaited<ReturnType<typeof reconcile>>): string {
  const human = run.targets.map((target) => planText(target, plainLook) + applyText(target, plainLook));
  return human.join("") + jsonText(run, { name: "flexprice-sync", version: "0" }, 0) + JSON.stringify(run);
}

/** What a definition does not name has the same value as before, down to the smallest part that can be named. */
function expectKept(
  before: { readonly metadata: JsonObject | null; readonly syncConfig: JsonObject | null },
  after: typeof before,
  ...named: readonly Fleet["definitions"][number][]
): void {
  if (!named.some(({ declares, exact: maps }) => saysOf("metadata", declares) && maps.includes("metadata"))) {
    const declared = named.flatMap(({ declares, metadata: meta }) =>
      saysOf("metadata", declares) ? Object.keys(meta) : [],
    );
    for (const [key, kept] of Object.entries(before.metadata ?? {}))
      if (!declared.includes(key)) expect([key, after.metadata?.[key]]).toEqual([key, kept]);
  }
  if (!named.some(({ declares, exact: maps }) => saysOf("sync", declares) && maps.includes("sync_config"))) {
    const declared = new Set(
      named.flatMap(({ declares, syncConfig: sync }) => (saysOf("sync", declares) ? [...leavesOf(sync).keys()] : [])),
    );
    const now = leavesOf(after.syncConfig ?? {});
    for (const [path, kept] of leavesOf(before.syncConfig ?? {}))
      if (!declared.has(path) && !SAYS_NOTHING.has(JSON.stringify(kept)))
        expect([path, now.get(path)]).toEqual([path, kept]);
  }
}

function saysOf(map: "metadata" | "sync", declares: Fleet["definitions"][number]["declares"]): boolean {
  return declares === "both" || declares === map;
}

/** Of a connection that we wrote, what the file named then and names no longer is there no more. */
function expectGone(
  { provider, declares, metadata: meta }: Fleet["definitions"][number],
  { later }: Fleet,
  rows: readonly { readonly providerType: string; readonly metadata: JsonObject | null }[],
): void {
  const now = later.find((definition) => definition.provider === provider);
  const row = rows.find(({ providerType }) => providerType === provider);
  if (now === undefined || !saysOf("metadata", declares)) return;
  const named = saysOf("metadata", now.declares) ? now.metadata : {};
  const left = Object.keys(meta).filter((key) => !Object.hasOwn(named, key));
  for (const key of left) expect(Object.keys(row?.metadata ?? {})).not.toContain(key);
}

/** An absent part says the same, so such a one may go. */
const SAYS_NOTHING: ReadonlySet<string> = new Set(["false", '""', "[]", "null"]);

/** Everything in a map that is no map itself, by its path. */
function leavesOf(map: object, path = ""): ReadonlyMap<string, unknown> {
  return new Map(
    (Object.entries(map) as [string, unknown][]).flatMap(([key, inner]): [string, unknown][] =>
      typeof inner === "object" && inner !== null && !Array.isArray(inner)
        ? [...leavesOf(inner, `${path}/${key}`)]
        : [[`${path}/${key}`, inner]],
    ),
  );
}

/** All that the service has, but for times. */
function storedIn({ store }: Sandbox): string {
  return JSON.stringify(
    store
      .live()
      .map(({ updatedAt: _, ...row }) => row)
      .sort((left, right) => (left.id < right.id ? -1 : 1)),
  );
}

/** A saved plan, as its file has it, and the files with it. */
async function keep(made: Fleet, world: World, more: Partial<Invocation> = {}): Promise<World> {
  const saves = { file: KEPT, expiresInMs: 60_000, sameTarget: "" };
  const run = await reconcile({ ...invocation("plan"), saves, ...more }, world);
  expect(run.problems.filter(isError)).toEqual([]);
  const document = run.saved?.document;
  expect(JSON.stringify(document)).not.toContain("canary");
  return { ...world, files: filesWith(fileOf(made.definitions), document) };
}

/** Carries the saved plan of a world out. */
function byPlan(world: World): Invocation {
  const asked = invocation("apply");
  const given = readGiven({ planFile: KEPT }, world.files);
  const environments = asked.environments.map((one) => ({ ...one, paths: [] }));
  return { ...asked, environments, yes: false, given };
}

describe("for any definitions and any rows a saved plan", () => {
  it("is carried out once; breaks off anywhere and is finished; and is refused whole once something else was done to what it changes", async () => {
    const shuts: (() => Promise<void>)[] = [];
    onTestFinished(async () => {
      for (const shut of shuts) await shut();
    });
    const fault = fc.record({ breaksAfter: fc.nat(4), moves: fc.nat(20), adopt: fc.boolean(), writes: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fleet, fault, async (made, { breaksAfter, moves, adopt, writes }) => {
        const opened = await open(made);
        shuts.push(opened.shut);
        const { sandbox, world } = opened;
        const asked: Partial<Invocation> = { adopt, writeSecrets: writes ? "all" : "none" };
        const kept = await keep(made, world, asked);

        // Some writes, and then none comes through any more.
        let count = 0;
        const failing: World = {
          ...kept,
          connect: async (target) => {
            const { api, limit } = await kept.connect(target);
            const refused = () => {
              count += 1;
              if (count > breaksAfter) throw new ServiceError("broken off", BROKEN);
            };
            const broken: ConnectionsApi = {
              ...api,
              async create(wish) {
                refused();
                return api.create(wish);
              },
              async update(id, next) {
                refused();
                return api.update(id, next);
              },
            };
            return { api: broken, limit };
          },
        };
        await reconcile(byPlan(failing), failing);
        const finished = await reconcile(byPlan(kept), kept);
        expect(finished.problems.filter(isError).filter(({ code }) => code !== "APPLY.BLOCKED")).toEqual([]);

        const settled = storedIn(sandbox);
        const times = sandbox.store.live().map(({ updatedAt }) => updatedAt);
        const again = await reconcile(byPlan(kept), kept);
        expect(again.problems.filter(isError).filter(({ code }) => code !== "APPLY.BLOCKED")).toEqual([]);
        expect([storedIn(sandbox), sandbox.store.live().map(({ updatedAt }) => updatedAt)]).toEqual([settled, times]);
        const plan = await reconcile(invocation("plan"), world);
        expect(plan.targets[0]?.plan?.summary).toMatchObject({
          create: 0,
          update: 0,
          unchanged: made.definitions.length,
        });

        // Another fleet of the same definitions, where somebody was there first.
        const second = await open(made);
        shuts.push(second.shut);
        const overtaken = await keep(made, second.world, asked);
        const rows = second.sandbox.store.live();
        const row = rows[moves % Math.max(1, rows.length)];
        if (row === undefined) return;
        second.sandbox.store.put({ ...row, metadata: { ...row.metadata, moved: moves }, name: `${row.name}!` });
        const before = storedIn(second.sandbox);
        const refused = await reconcile(byPlan(overtaken), overtaken);
        const isMeant = made.definitions.some(({ provider }) => provider === row.providerType);
        const stale = refused.problems.filter(isError).map(({ code }) => code);
        if (isMeant) expect([stale, storedIn(second.sandbox)]).toEqual([["STALE.ROW_CHANGED"], before]);
        else expect(stale.filter((code) => code.startsWith("STALE."))).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  it("of replaces gives every definition a new connection with all that the old one had beyond its file", async () => {
    const shuts: (() => Promise<void>)[] = [];
    onTestFinished(async () => {
      for (const shut of shuts) await shut();
    });
    await fc.assert(
      fc.asyncProperty(fleet, async (drawn) => {
        // What is replaced is named, so no two may have one name.
        const definitions = drawn.definitions.map((one) => ({ ...one, name: `${one.name} ${one.provider}` }));
        const made = { ...drawn, definitions };
        const { sandbox, world, shut } = await open(made);
        shuts.push(shut);
        const before = sandbox.store.live();
        const meant = made.definitions.filter(({ provider }) => before.some((row) => row.providerType === provider));
        const [first] = meant;
        if (first === undefined) return;
        const replaces = meant.map(({ name }) => name);
        const kept = await keep(made, world, { replaces });
        const run = await reconcile(byPlan(kept), kept);
        expect(run.problems.filter(isError)).toEqual([]);
        const archived = new Set(
          sandbox.store
            .all()
            .filter(({ status }) => status === "archived")
            .map(({ id }) => id),
        );
        for (const row of before) {
          const definition = meant.find(({ provider }) => provider === row.providerType);
          expect([row.id, archived.has(row.id)]).toEqual([row.id, definition !== undefined]);
          if (definition === undefined) continue;
          const now = sandbox.store.live().filter(({ providerType }) => providerType === row.providerType);
          expect(now).toHaveLength(1);
          if (now[0] !== undefined) expectKept(row, now[0], definition);
        }
        const settled = storedIn(sandbox);
        const again = await reconcile(byPlan(kept), kept);
        expect(again.problems.filter(isError)).toEqual([]);
        expect(storedIn(sandbox)).toBe(settled);
        const plan = await reconcile(invocation("plan"), world);
        expect(plan.targets[0]?.plan?.summary).toMatchObject({
          create: 0,
          update: 0,
          unchanged: made.definitions.length,
        });
      }),
      { numRuns: 40 },
    );
  });
});

const BROKEN: ServiceErrorFacts = { code: "SERVICE.FAILED", delivery: "answered", attempts: 1, requestId: "r" };

describe("for any definitions and any rows", () => {
  it("plan writes nothing; apply, then plan, is zero; a second apply writes nothing; nothing unnamed is lost; no secret shows", async () => {
    const shuts: (() => Promise<void>)[] = [];
    onTestFinished(async () => {
      for (const shut of shuts) await shut();
    });
    await fc.assert(
      fc.asyncProperty(fleet, async (made) => {
        const { sandbox, world, events, shut } = await open(made);
        shuts.push(shut);
        const stored = () => storedIn(sandbox);
        const before = stored();
        const rowsBefore = sandbox.store.live();

        const planned = await reconcile(invocation("plan"), world);
        expect(planned.problems.filter(isError)).toEqual([]);
        expect(stored()).toBe(before);
        expect(events.every((event) => event.method === "GET")).toBe(true);

        const applied = await reconcile(invocation("apply"), world);
        expect(applied.problems.filter(isError)).toEqual([]);

        const again = await reconcile(invocation("plan"), world);
        const summary = again.targets[0]?.plan?.summary;
        expect(summary).toMatchObject({
          create: 0,
          update: 0,
          replace: 0,
          archive: 0,
          unchanged: made.definitions.length,
          blocked: 0,
        });

        const settled = stored();
        await reconcile(invocation("apply"), world);
        expect(stored()).toBe(settled);

        for (const row of rowsBefore) {
          const definition = made.definitions.find(({ provider }) => provider === row.providerType);
          const after = sandbox.store.find(row.id);
          if (definition === undefined) expect(after).toEqual(row);
          else expectKept(row, after, definition);
        }

        // The files change: what left them goes if it is ours, and what nobody of us ever named stays.
        const changed: World = { ...world, files: filesWith(fileOf(made.later)) };
        const second = await reconcile(invocation("apply"), changed);
        expect(second.problems.filter(isError)).toEqual([]);
        const third = await reconcile(invocation("plan"), changed);
        expect(third.targets[0]?.plan?.summary).toMatchObject({
          create: 0,
          update: 0,
          unchanged: made.later.length,
          blocked: 0,
        });
        for (const row of rowsBefore) {
          const after = sandbox.store.find(row.id);
          const named = [made.definitions, made.later].flatMap((all) =>
            all.filter(({ provider }) => provider === row.providerType),
          );
          expectKept(row, after, ...named);
        }
        const written = [...(applied.targets[0]?.outcomes ?? [])].filter(([, { wrote }]) => wrote);
        const providersWritten = new Set(written.map(([{ providerType }]) => providerType));
        for (const definition of made.definitions.filter(({ provider }) => providersWritten.has(provider)))
          expectGone(definition, made, sandbox.store.live());
        const stamps = sandbox.store.live().map((row) => String(row.metadata?.["flexprice_sync"]));
        expect(stamps.join()).not.toContain("canary");
        if (!made.hasKey) for (const stamp of stamps) expect(stamp).not.toContain("v1:");

        for (const run of [planned, applied, again, second, third]) expect(reportsOf(run)).not.toContain("canary");
        expect(JSON.stringify(events)).not.toContain("canary");
      }),
      { numRuns: 60 },
    );
  });
});
