import { describe, expect, it } from "vitest";
import type { Answered } from "../../src/api/client.js";
import type { ConnectionsApi } from "../../src/api/connections.js";
import type { CallOptions } from "../../src/api/sender.js";
import { Base, OLDEST_BASE_MS, type Rows } from "../../src/apply/base.js";
import { writeCreate } from "../../src/apply/create.js";
import type { Way } from "../../src/apply/write.js";
import type { Catalogue } from "../../src/model/catalogue.js";
import type { Desired, Observed } from "../../src/model/connection.js";
import type { FingerprintKeys } from "../../src/model/fingerprint.js";
import type { Source } from "../../src/model/plan.js";
import { error, type Problem } from "../../src/model/problem.js";
import { Secret } from "../../src/model/secret.js";
import { type Delivery, ServiceError, type ServiceErrorFacts } from "../../src/model/service-error.js";
import type { CreateWish, UpdateWish } from "../../src/model/wish.js";
import type { PlanRequest } from "../../src/plan/change.js";
import { makePlan } from "../../src/plan/plan.js";
import { readStamps } from "../../src/state/stamp.js";
import {
  catalogue,
  desiredOf,
  fingerprintKey,
  json,
  noSecrets,
  noStamps,
  observed,
  stamped,
} from "../support/steps.js";

const SALT = "a-salt-for-this-test";
const key = fingerprintKey(1);
const withKey: FingerprintKeys = { current: key };

const stripe =
  'name: S\nprovider_type: stripe\nencrypted_secret_data: { secret_key: "${K}", publishable_key: "${K}" }\nmetadata: { team: a }\nsync_config: { invoice: { outbound: true } }\n';
const quickbooks =
  'name: Q\nprovider_type: quickbooks\nencrypted_secret_data: { client_id: "${K}", client_secret: "${K}", realm_id: "1", environment: sandbox, refresh_token: "${K}", webhook_verifier_token: "${HOOK}" }\n';
const variables = { K: "client-secret-1", HOOK: "verifier-token-1" };
const STRANGE = "encrypted_secret_data.stripe.strange";
const TOKEN = "encrypted_secret_data.quickbooks.webhook_verifier_token";

function fault(delivery: Delivery, more: Partial<ServiceErrorFacts> = {}): ServiceError {
  return new ServiceError(`it ended ${delivery}`, {
    code: "SERVICE.FAILED",
    delivery,
    attempts: 1,
    requestId: "of-the-fault",
    ...more,
  });
}

/** A service that makes what it is asked for, but where a test says otherwise, and the way to it. */
function world(
  text: string,
  {
    keys = {},
    isOn = true,
    request = {},
    carried,
    environment = { id: "env_test", isProven: true },
    facts = catalogue,
    unheard = false,
    unstamped = false,
  }: {
    readonly keys?: FingerprintKeys;
    readonly isOn?: boolean;
    readonly request?: Partial<PlanRequest>;
    readonly carried?: Observed;
    readonly environment?: Way["environment"];
    readonly facts?: Catalogue;
    /** Whether the definition has a credential of which the catalogue knows nothing. */
    readonly unheard?: boolean;
    /** Whether the plan has decided against a stamp. */
    readonly unstamped?: boolean;
  } = {},
) {
  const state = {
    nowMs: 0,
    created: {} as Partial<Observed>,
    createFault: undefined as ServiceError | undefined,
    updated: {} as Partial<Observed>,
    updateFault: undefined as ServiceError | undefined,
    /** What the list shows, look by look; the last one again and again. */
    looks: [[]] as (readonly Observed[] | ((wish: CreateWish) => readonly Observed[]) | Problem)[],
  };
  const posts: { readonly wish: CreateWish; readonly options: CallOptions | undefined }[] = [];
  const puts: { readonly id: string; readonly wish: UpdateWish; readonly options: CallOptions | undefined }[] = [];
  const looks: CallOptions[] = [];
  const answered = (value: Observed, attempts: number): Answered<Observed> => ({
    value,
    attempts,
    httpStatus: 200,
    requestId: "of-the-answer",
  });
  let row: Observed | undefined;
  const api: ConnectionsApi = {
    list: () => Promise.reject(new Error("not used here")),
    remove: () => Promise.reject(new Error("not used here")),
    async get() {
      if (row === undefined) throw new Error("no such row");
      return answered(row, 1);
    },
    async create(next, options) {
      const wish = await next({ count: 0, mayBeDone: false });
      posts.push({ wish, options });
      if (state.createFault !== undefined) throw state.createFault;
      row = observed({
        id: "conn_made",
        name: wish.name,
        providerType: wish.providerType,
        metadata: wish.metadata ?? null,
        syncConfig: wish.syncConfig ?? {},
        ...state.created,
      });
      return answered(row, 2);
    },
    async update(id, next, options) {
      const wish = await next({ count: 0, mayBeDone: false });
      puts.push({ id, wish, options });
      if (state.updateFault !== undefined) throw state.updateFault;
      if (row === undefined) throw new Error("no such row");
      row = { ...row, metadata: wish.metadata ?? row.metadata, ...state.updated };
      return answered(row, 3);
    },
  };
  const [read] = desiredOf(text, variables);
  if (read === undefined) throw new Error("no definition");
  const strange = { path: STRANGE, field: "strange", pointer: [], variable: "K" };
  const value = { kind: "secret", secret: new Secret("x") } as const;
  const desired: Desired = unheard ? { ...read, credentials: [...read.credentials, { ...strange, value }] } : read;
  const asked = isOn ? stamped({ stamps: { isOn: true, owner: "acme", keys }, ...request }) : noStamps;
  const { plan, sources } = makePlan([desired], new Set([desired]), [], facts, noSecrets, asked);
  const [change] = plan.changes;
  const planned = change && sources.get(change);
  if (change === undefined || planned === undefined) throw new Error("no change");
  const source: Source = carried === undefined ? planned : { ...planned, carried };
  const refresh = async (options: CallOptions): Promise<Rows> => {
    const shown = state.looks[Math.min(looks.length, state.looks.length - 1)] ?? [];
    looks.push(options);
    if ("severity" in shown) return { rows: [], problem: shown };
    const [post] = posts;
    return { rows: typeof shown === "function" ? (post === undefined ? [] : shown(post.wish)) : shown };
  };
  const way: Way = {
    api,
    catalogue: facts,
    environment,
    stamps: asked.stamps,
    base: new Base([], 0, refresh, () => state.nowMs),
    pause: async () => {},
    isEnding: () => false,
  };
  const asPlanned = unstamped ? { ...change, stamp: false } : change;
  const write = (status?: "created" | "replaced") => writeCreate(asPlanned, source, way, status);
  return { state, posts, puts, looks, desired, change, write };
}

/** The stamp that a wish puts on a connection. */
function stampIn(wish: Pick<UpdateWish, "metadata"> | undefined) {
  const row = observed({ id: "conn_made", providerType: "quickbooks", metadata: wish?.metadata ?? null });
  const others = { ...row, providerType: "stripe" };
  for (const one of [row, others]) {
    const reading = readStamps([one]).get(one);
    if (reading?.kind === "own") return reading.stamp;
  }
  return undefined;
}

describe("a create", () => {
  it("is one POST with all that the definition says and the stamp of it", async () => {
    const { posts, puts, looks, write } = world(stripe, { keys: withKey });
    const written = await write();
    expect(written.outcome).toEqual({
      status: "created",
      attempts: 2,
      httpStatus: 200,
      requestId: "of-the-answer",
      wrote: true,
      id: "conn_made",
    });
    expect([written.answer?.id, written.mayBeDone, puts, looks]).toEqual(["conn_made", false, [], []]);
    const [post] = posts;
    expect(post?.options).toEqual({ isSequel: false });
    expect(post?.wish).toMatchObject({
      name: "S",
      providerType: "stripe",
      metadata: { team: "a" },
      syncConfig: { invoice: { outbound: true } },
    });
    expect(post?.wish.credentials.map(({ field, value }) => [field, value instanceof Secret])).toEqual([
      ["secret_key", true],
      ["publishable_key", true],
    ]);
    expect(written.wish).toBe(post?.wish);
    const stamp = stampIn(post?.wish);
    expect(stamp).toMatchObject({ owner: "acme", provider: "stripe", salt: SALT, pending: [] });
    expect(stamp?.id).toBeUndefined();
    expect(Object.keys(stamp?.owns ?? {})).toEqual(["metadata.team", "sync_config.invoice.outbound"]);
    expect(stamp?.secrets["encrypted_secret_data.stripe.secret_key"]).toMatch(/^v1:/);
  });

  it("without stamps sends the maps as they are", async () => {
    const { posts, write } = world(stripe, { isOn: false });
    expect((await write()).outcome.status).toBe("created");
    expect(posts[0]?.wish.metadata).toEqual({ team: "a" });
  });

  it("has a stamp only where the plan says so", async () => {
    const { posts, write } = world(stripe, { unstamped: true });
    await write();
    expect(posts[0]?.wish.metadata).toEqual({ team: "a" });
  });

  it("takes along, and records, a credential of which the catalogue knows nothing", async () => {
    const { posts, puts, write } = world(stripe, { keys: withKey, unheard: true });
    expect((await write()).outcome.status).toBe("created");
    expect(posts[0]?.wish.credentials.map(({ field }) => field)).toContain("strange");
    expect(stampIn(posts[0]?.wish)?.secrets[STRANGE]).toMatch(/^v1:/);
    expect(puts).toEqual([]);
  });

  it("in place of an archived connection is the second half of something, and takes over what that one had", async () => {
    const carried = observed({
      providerType: "stripe",
      metadata: json({ note: 1 }),
      syncConfig: json({ deal: { outbound: true } }),
    });
    const { posts, write } = world(stripe, { isOn: false, carried });
    const written = await write("replaced");
    expect(written.outcome).toMatchObject({ status: "replaced", id: "conn_made" });
    expect(posts[0]?.options).toEqual({ isSequel: true });
    expect(posts[0]?.wish).toMatchObject({
      metadata: { note: 1, team: "a" },
      syncConfig: { deal: { outbound: true }, invoice: { outbound: true } },
    });
  });

  it("that is refused has failed, and nothing is looked for", async () => {
    const { state, looks, write } = world(stripe);
    state.createFault = fault("answered", { httpStatus: 400 });
    expect(await write()).toEqual({
      outcome: {
        status: "failed",
        attempts: 1,
        requestId: "of-the-fault",
        wrote: false,
        code: "SERVICE.FAILED",
        httpStatus: 400,
        message: "it ended answered",
      },
      mayBeDone: false,
    });
    expect(looks).toEqual([]);
  });

  it("that was never sent is not begun", async () => {
    const { state, looks, write } = world(stripe);
    state.createFault = fault("not-sent", { attempts: 0 });
    expect(await write()).toMatchObject({ outcome: { status: "not-started", wrote: false }, mayBeDone: false });
    expect(looks).toEqual([]);
  });

  it("that the service answers with something else has not converged", async () => {
    const { state, write } = world(stripe);
    state.created = { syncConfig: json({}) };
    expect((await write()).outcome).toMatchObject({
      status: "not-converged",
      wrote: true,
      id: "conn_made",
      differs: ["sync_config.invoice.outbound"],
    });
  });
});

describe("a create whose answer is lost", () => {
  const made = ({ name, providerType, metadata = json({}), syncConfig = json({}) }: CreateWish) => [
    observed({ id: "conn_found", name, providerType, metadata, syncConfig }),
  ];
  const lookFirst = /^wait a minute, then run plan before anything else: .* apply would create .* a second time\.$/;

  it("is created when a row carries its salt, and is not sent a second time", async () => {
    for (const delivery of ["unknown", "doubtful"] as const) {
      const { state, posts, looks, write } = world(stripe);
      state.createFault = fault(delivery, { attempts: 3 });
      state.looks = [[], made];
      const { outcome, answer } = await write();
      expect(outcome).toEqual({
        status: "created",
        attempts: 3,
        requestId: "of-the-fault",
        wrote: true,
        id: "conn_found",
      });
      expect([answer?.id, posts.length, looks]).toEqual(["conn_found", 1, [{ isSequel: true }, { isSequel: true }]]);
    }
  });

  it("is unknown when no row shows it: it may still be under way", async () => {
    const { state, posts, looks, write } = world(stripe);
    state.createFault = fault("unknown");
    const { outcome, mayBeDone, answer } = await write();
    expect(outcome).toMatchObject({ status: "unknown", wrote: false, attempts: 1 });
    expect(outcome.message).toBe("it may or may not exist now: it ended unknown");
    expect(outcome.hint).toMatch(lookFirst);
    expect([mayBeDone, answer, posts.length, looks.length]).toEqual([true, undefined, 1, 3]);
  });

  it("is failed when a gateway answered and no row shows it, and unknown when the rows cannot be read", async () => {
    const { state, write } = world(stripe);
    state.createFault = fault("doubtful", { httpStatus: 504 });
    const failed = await write();
    expect(failed).toMatchObject({ outcome: { status: "failed", httpStatus: 504, wrote: false }, mayBeDone: true });
    expect(failed.outcome.hint).toMatch(lookFirst);

    const blind = world(stripe);
    blind.state.createFault = fault("doubtful", { httpStatus: 504 });
    blind.state.looks = [error("SERVICE.FAILED", "x.")];
    expect(await blind.write()).toMatchObject({ outcome: { status: "unknown" }, mayBeDone: true });
  });

  it("is unknown without a stamp to know it by", async () => {
    const { state, looks, write } = world(stripe, { isOn: false });
    state.createFault = fault("doubtful");
    state.looks = [made];
    expect(await write()).toMatchObject({ outcome: { status: "unknown" }, mayBeDone: true });
    expect(looks).toEqual([]);
  });

  it("goes on to its second request once it is found", async () => {
    const { state, puts, write } = world(quickbooks);
    state.createFault = fault("unknown");
    state.looks = [made];
    state.updateFault = fault("answered");
    const { outcome } = await write();
    expect(puts.map(({ id }) => id)).toEqual(["conn_found"]);
    expect(outcome).toMatchObject({ status: "failed", wrote: true, id: "conn_found" });
  });

  it("but for a mistake of ours, which goes on", async () => {
    const { state, write } = world(stripe);
    state.createFault = new Error("a bug") as ServiceError;
    await expect(write()).rejects.toThrow("a bug");
  });
});

describe("what a create drops", () => {
  it("is sent behind it by a PUT, with the stamp that records it and knows its connection by then", async () => {
    const { posts, puts, write } = world(quickbooks, { keys: withKey });
    const written = await write();
    expect(written.outcome).toEqual({
      status: "created",
      attempts: 5,
      httpStatus: 200,
      requestId: "of-the-answer",
      wrote: true,
      id: "conn_made",
    });
    expect(posts[0]?.wish.credentials.map(({ field }) => field)).not.toContain("webhook_verifier_token");
    expect(posts[0]?.wish.credentials).toHaveLength(5);
    const first = stampIn(posts[0]?.wish);
    expect(first?.pending).toEqual([TOKEN]);
    expect(first?.secrets[TOKEN]).toBeUndefined();

    expect(puts).toHaveLength(1);
    expect(puts[0]).toMatchObject({ id: "conn_made", options: { isSequel: true } });
    const { credentials, metadata, ...more } = puts[0]?.wish ?? {};
    expect(more).toEqual({});
    expect(credentials?.providerType).toBe("quickbooks");
    expect(credentials?.fields.map(({ field }) => field)).toEqual(["webhook_verifier_token"]);
    const second = stampIn({ ...(metadata === undefined ? {} : { metadata }) });
    expect(second).toMatchObject({ id: "conn_made", salt: SALT, pending: [] });
    expect(second?.secrets).toEqual({ ...first?.secrets, [TOKEN]: expect.stringMatching(/^v1:/) });
    // What is read again later is held against the last thing that was asked.
    expect(written.wish).toEqual({ ...posts[0]?.wish, metadata });
  });

  it("has a record only where the service stores it: not what it manages itself", async () => {
    const { posts, write } = world(quickbooks, { keys: withKey });
    await write();
    expect(Object.keys(stampIn(posts[0]?.wish)?.secrets ?? {}).sort()).toEqual(
      ["client_id", "client_secret", "environment", "realm_id"].map(
        (field) => `encrypted_secret_data.quickbooks.${field}`,
      ),
    );
  });

  it("goes alone where there are no stamps", async () => {
    const { posts, puts, write } = world(quickbooks, { isOn: false });
    const written = await write();
    expect(written.outcome).toMatchObject({ status: "created", attempts: 5 });
    expect(Object.keys(puts[0]?.wish ?? {})).toEqual(["credentials"]);
    expect(written.wish).toEqual(posts[0]?.wish);
  });

  it("leaves the metadata of the create as they were asked for where it sends none", async () => {
    const { posts, write } = world(`${quickbooks}metadata: { team: a }\n`, { isOn: false });
    const written = await write();
    expect(written.wish).toStrictEqual(posts[0]?.wish);
    expect(written.wish?.metadata).toEqual({ team: "a" });
  });

  it("may be several: all go along, and all are named where they do not", async () => {
    const provider = catalogue.providers["quickbooks"];
    const secret = provider?.fields["client_secret"];
    if (provider === undefined || secret === undefined) throw new Error("no such field");
    const fields = { ...provider.fields, client_secret: { ...secret, afterCreate: true } };
    const facts = { ...catalogue, providers: { ...catalogue.providers, quickbooks: { ...provider, fields } } };
    const both = `encrypted_secret_data.quickbooks.client_secret, ${TOKEN}`;
    const { state, puts, write } = world(quickbooks, { facts });
    state.updateFault = fault("answered");
    expect((await write()).outcome.message).toContain(`but ${both} was not set`);
    expect(puts[0]?.wish.credentials?.fields.map(({ field }) => field)).toEqual([
      "client_secret",
      "webhook_verifier_token",
    ]);
    const blind = world(quickbooks, { facts, environment: { id: "env_test", isProven: false } });
    blind.state.created = { environmentId: null };
    expect((await blind.write()).outcome.message).toContain(`so ${both} was not sent`);
  });

  it("starts from the row as the list shows it when the create took long", async () => {
    const { state, puts, looks, write } = world(quickbooks);
    state.created = { metadata: json({ ours: 1 }) };
    let asked = 0;
    const later = observed({ id: "conn_made", name: "Q", providerType: "quickbooks", metadata: json({ late: true }) });
    state.looks = [[later]];
    Object.defineProperty(state, "nowMs", {
      get: () => {
        asked += 1;
        return asked === 1 ? 0 : OLDEST_BASE_MS + 1;
      },
    });
    await write();
    expect(looks.map(({ isSequel }) => isSequel)).toEqual([true]);
    expect(puts[0]?.wish.metadata).toMatchObject({ late: true });
  });

  it("is not sent where the row cannot be had, and that is told", async () => {
    const { state, puts, write } = world(quickbooks);
    state.looks = [error("SERVICE.FAILED", "the list is away.", { hint: "ask somebody." })];
    let asked = 0;
    Object.defineProperty(state, "nowMs", {
      get: () => {
        asked += 1;
        return asked === 1 ? 0 : OLDEST_BASE_MS + 1;
      },
    });
    const { outcome } = await write();
    expect(puts).toEqual([]);
    expect(outcome).toMatchObject({
      status: "failed",
      wrote: true,
      id: "conn_made",
      attempts: 2,
      code: "SERVICE.FAILED",
    });
    expect(outcome.message).toBe(`created as conn_made, but ${TOKEN} was not set: the list is away.`);
    expect(outcome.hint).toBe(`run apply again: it sends ${TOKEN}, unless that has arrived after all.`);
  });

  it.each([
    ["answered", "failed", "was not set"],
    ["not-sent", "failed", "was not set"],
    ["unknown", "unknown", "may not have been set"],
    ["doubtful", "unknown", "may not have been set"],
  ] as const)("and whose PUT ends %s leaves it half made: %s", async (delivery, status, words) => {
    const { state, write } = world(quickbooks, { isOn: false });
    state.updateFault = fault(delivery, { attempts: 3, httpStatus: 502 });
    const written = await write();
    expect(written.outcome).toMatchObject({
      status,
      wrote: true,
      id: "conn_made",
      attempts: 5,
      httpStatus: 502,
      requestId: "of-the-fault",
      code: "SERVICE.FAILED",
      message: `created as conn_made, but ${TOKEN} ${words}: it ended ${delivery}`,
      hint: `${TOKEN} cannot be read back: run apply --write-secrets=Q to be sure that it is set.`,
    });
    expect(written.outcome).not.toHaveProperty("differs");
    expect(written.answer?.id).toBe("conn_made");
  });

  it("and whose PUT a gateway answers is failed where the row, read again, shows nothing of it", async () => {
    const { state, write } = world(quickbooks);
    state.updateFault = fault("doubtful");
    expect((await write()).outcome).toMatchObject({
      status: "failed",
      message: `created as conn_made, but ${TOKEN} was not set: it ended doubtful`,
    });
  });

  it("and whose PUT was never begun is half made all the same", async () => {
    const { state, write } = world(quickbooks);
    state.updateFault = fault("not-sent", { attempts: 0 });
    expect((await write()).outcome).toMatchObject({ status: "failed", wrote: true, attempts: 2 });
  });

  it("stays what it was where the create did not show what was asked, however well the PUT went", async () => {
    const { state, posts, puts, write } = world(`${quickbooks}sync_config: { invoice: { outbound: true } }\n`);
    state.created = { syncConfig: json({}) };
    const written = await write();
    expect(written.outcome).toMatchObject({
      status: "not-converged",
      attempts: 5,
      differs: ["sync_config.invoice.outbound"],
    });
    expect(written.wish).toEqual({ ...posts[0]?.wish, metadata: puts[0]?.wish.metadata });

    const lost = world(`${quickbooks}sync_config: { invoice: { outbound: true } }\n`);
    lost.state.created = { syncConfig: json({}) };
    lost.state.updateFault = fault("answered");
    expect((await lost.write()).outcome).toMatchObject({
      status: "failed",
      differs: ["sync_config.invoice.outbound"],
    });
  });

  it("has not converged where the PUT does not show what was asked", async () => {
    const { state, write } = world(quickbooks);
    state.updated = { metadata: json({}) };
    expect((await write()).outcome).toMatchObject({ status: "not-converged", id: "conn_made", attempts: 5 });
  });

  it("in place of an archived connection ends as replaced", async () => {
    const carried = observed({ providerType: "quickbooks" });
    const { write } = world(quickbooks, { isOn: false, carried });
    expect((await write("replaced")).outcome).toMatchObject({ status: "replaced", attempts: 5 });
  });
});

describe("the second secret", () => {
  it.each<[string, Partial<Observed>]>([
    ["in another environment", { environmentId: "env_prod" }],
    ["of another provider", { providerType: "stripe" }],
    ["archived", { isLive: false }],
  ])("does not go to what came into being %s", async (_what, created) => {
    const { state, puts, write } = world(quickbooks);
    state.created = created;
    const { outcome } = await write();
    expect(puts).toEqual([]);
    expect(outcome).toMatchObject({ status: "not-converged", attempts: 2, id: "conn_made" });
  });

  it("does not go where nothing has shown the environment yet: not the rows, and not the answer", async () => {
    const { state, puts, write } = world(quickbooks, { environment: { id: "env_test", isProven: false } });
    state.created = { environmentId: null };
    const { outcome } = await write();
    expect(puts).toEqual([]);
    expect(outcome).toMatchObject({
      status: "failed",
      wrote: true,
      id: "conn_made",
      attempts: 2,
      message: `created as conn_made, but the answer shows no environment, so ${TOKEN} was not sent`,
      hint: `run apply again: it sends ${TOKEN}, unless that has arrived after all.`,
    });
  });

  it.each<[string, Way["environment"], string | null]>([
    ["the answer shows the environment", { id: "env_test", isProven: false }, "env_test"],
    ["a row has shown it before", { id: "env_test", isProven: true }, null],
    ["nobody said which one it has to be", { id: null, isProven: false }, null],
  ])("goes where %s", async (_what, environment, environmentId) => {
    const { state, puts, write } = world(quickbooks, { environment });
    state.created = { environmentId };
    expect((await write()).outcome.status).toBe("created");
    expect(puts).toHaveLength(1);
  });
});

describe("credentials that the service replaces by its own", () => {
  it("leave no record", async () => {
    const text =
      'name: E\nprovider_type: s3\nencrypted_secret_data: { aws_access_key_id: "${K}", aws_secret_access_key: "${K}" }\nsync_config: { s3: { bucket: b, region: r, is_flexprice_managed: MANAGED } }\n';
    const recordsOf = async (isManaged: boolean) => {
      const { posts, write } = world(text.replace("MANAGED", String(isManaged)), { keys: withKey });
      await write();
      const mark = posts[0]?.wish.metadata?.["flexprice_sync"];
      return Object.keys(JSON.parse(String(mark)).secrets);
    };
    expect(await recordsOf(true)).toEqual([]);
    expect(await recordsOf(false)).toHaveLength(2);
  });
});
