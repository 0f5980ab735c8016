import { describe, expect, it } from "vitest";
import type { ConnectionsApi } from "../../src/api/connections.js";
import type { CallOptions } from "../../src/api/sender.js";
import { type Applied, type ApplyParts, apply } from "../../src/apply/apply.js";
import { Base } from "../../src/apply/base.js";
import { Brake } from "../../src/apply/brake.js";
import type { RecoveryKeeper } from "../../src/apply/replace.js";
import type { ExpectedEnvironment } from "../../src/apply/write.js";
import type { Observed } from "../../src/model/connection.js";
import type { Change, Plan } from "../../src/model/plan.js";
import { Bug, error, type Problem } from "../../src/model/problem.js";
import { type Delivery, ServiceError, type ServiceErrorFacts } from "../../src/model/service-error.js";
import type { CreateWish } from "../../src/model/wish.js";
import type { PlanRequest } from "../../src/plan/change.js";
import { makePlan } from "../../src/plan/plan.js";
import { catalogue, desiredOf, json, noSecrets, noStamps, observed, stamped } from "../support/steps.js";

const recovery: RecoveryKeeper = {
  keep: () => "a-file",
  remove: () => {},
  tool: { name: "flexprice-sync", version: "0" },
  target: { environment: "default", base_url: "http://x", environment_id: "env_test" },
  knownSecrets: noSecrets,
  paths: ["connections"],
  stamps: noStamps.stamps,
  sameTarget: "",
};

/** What a create is answered with: facts of the new row, or why there is none. */
type Reply = Partial<Observed> | Error;

function fault(delivery: Delivery, more: Partial<ServiceErrorFacts> = {}): ServiceError {
  return new ServiceError("it went wrong", { code: "SERVICE.FAILED", delivery, attempts: 1, requestId: "r", ...more });
}

const creates = (count: number, provider = "s3") =>
  Array.from({ length: count }, (_, at) => `name: export ${at}\nprovider_type: ${provider}\n`).join("---\n");

/** A run of creates; they are answered in turn, the last reply again and again. */
function world(
  text: string,
  {
    environment = { id: "env_test", isProven: false },
    replies = [{}],
    brake = new Brake(false, () => false),
    parts = {},
    rows = [],
    listProblem,
    request = noStamps,
    replaced = false,
  }: {
    readonly environment?: ExpectedEnvironment;
    readonly replies?: readonly Reply[];
    readonly brake?: Brake;
    readonly parts?: Partial<ApplyParts>;
    readonly rows?: readonly Observed[];
    readonly listProblem?: Problem;
    readonly request?: PlanRequest;
    /** Whether the connections are archived and made anew. */
    readonly replaced?: boolean;
  } = {},
) {
  const sent: string[] = [];
  const read: { readonly id: string; readonly options: CallOptions | undefined }[] = [];
  const state = { open: 0, mostOpen: [] as number[], turns: 0, done: 0, lists: 0, later: {} as Reply };
  const made = new Map<string, Observed>();
  const unused = () => Promise.reject(new Error("not used here"));
  const api: ConnectionsApi = {
    list: unused,
    async remove(_id, check) {
      await check({ count: 0, mayBeDone: false });
      return { value: undefined, attempts: 1, httpStatus: 204, requestId: "r" };
    },
    async update(id, next) {
      const { name, metadata, syncConfig } = await next({ count: 0, mayBeDone: false });
      const row = rows.find((one) => one.id === id);
      if (row === undefined) throw new Error("no such row");
      const value = {
        ...row,
        name: name ?? row.name,
        metadata: metadata ?? row.metadata,
        syncConfig: syncConfig ?? row.syncConfig,
      };
      made.set(id, value);
      return { value, attempts: 1, httpStatus: 200, requestId: "r" };
    },
    async get(id, options) {
      read.push({ id, options });
      if (state.later instanceof Error) throw state.later;
      const row = made.get(id);
      if (row === undefined) throw new Error("no such row");
      return { value: { ...row, ...state.later }, attempts: 1, httpStatus: 200, requestId: "r" };
    },
    async create(next) {
      const wish: CreateWish = await next({ count: 0, mayBeDone: false });
      const at = sent.push(wish.name) - 1;
      state.open += 1;
      await new Promise((resolve) => setTimeout(resolve, 1));
      state.mostOpen[at] = state.open;
      state.open -= 1;
      const reply = replies[Math.min(at, replies.length - 1)] ?? {};
      if (reply instanceof Error) throw reply;
      const id = `conn_${at}`;
      const { name, providerType, metadata = null, syncConfig = json({}) } = wish;
      const value = observed({ id, name, providerType, metadata, syncConfig, ...reply });
      made.set(id, value);
      return { value, attempts: 1, httpStatus: 201, requestId: "r" };
    },
  };
  const desired = desiredOf(text, { K: "key-of-the-test" });
  const asked = { ...request, replaces: new Set(replaced ? desired : []) };
  const { plan, sources } = makePlan(desired, new Set(desired), rows, catalogue, noSecrets, asked);
  const refresh = async () => {
    state.lists += 1;
    return { rows, ...(listProblem === undefined ? {} : { problem: listProblem }) };
  };
  const run = (other = plan) =>
    apply(other, {
      api,
      limit: (task) => {
        state.turns += 1;
        return task();
      },
      catalogue,
      sources,
      archives: new Map(),
      base: new Base(rows, 0, refresh, () => (listProblem === undefined ? 0 : 10_000)),
      environment,
      stamps: request.stamps,
      recovery,
      brake,
      pause: async () => {},
      onDone: () => {
        state.done += 1;
      },
      ...parts,
    });
  return { state, sent, read, plan, run };
}

async function told(run: () => Promise<Applied>) {
  const applied = await run();
  const statuses = [...applied.outcomes.values()].map(({ status }) => status);
  const messages = [...applied.outcomes.values()].map(({ message }) => message);
  return { ...applied, statuses, messages };
}

const HELD = "the write before it did not show that it went to env_test";

describe("where no row has shown the environment", () => {
  it("the first write goes alone, and the others side by side once its answer shows it", async () => {
    const { state, sent, run } = world(creates(4));
    const { statuses, isProven, ...more } = await told(run);
    expect([statuses, isProven, sent.length]).toEqual([["created", "created", "created", "created"], true, 4]);
    expect(state.mostOpen).toEqual([1, 3, 2, 1]);
    expect([state.turns, state.done]).toEqual([4, 4]);
    expect(more).not.toHaveProperty("strayed");
    expect(more).not.toHaveProperty("bug");
  });

  it("a refused write shows nothing: the next one goes alone, too", async () => {
    const { state, run } = world(creates(4), { replies: [fault("answered"), fault("not-sent"), {}] });
    const { statuses, isProven } = await told(run);
    expect(statuses).toEqual(["failed", "failed", "created", "created"]);
    expect([state.mostOpen, isProven]).toEqual([[1, 1, 1, 1], true]);
  });

  it("a write that went elsewhere is the last", async () => {
    const { sent, run } = world(creates(3), { replies: [{ environmentId: "env_prod" }] });
    const { statuses, messages, strayed, isProven } = await told(run);
    expect(sent).toHaveLength(1);
    expect([statuses, isProven]).toEqual([["not-converged", "not-started", "not-started"], false]);
    expect(messages.slice(1)).toEqual([HELD, HELD]);
    expect(strayed).toMatchObject({ id: "conn_0", environmentId: "env_prod" });
  });

  it("a write that went elsewhere is told although nothing stands behind it", async () => {
    const { run } = world(creates(1), { replies: [{ environmentId: "env_prod" }] });
    expect((await told(run)).strayed).toMatchObject({ environmentId: "env_prod" });
  });

  it("a write whose answer shows no environment is the last, and told if something stands behind it", async () => {
    const several = world(creates(2), { replies: [{ environmentId: null }] });
    const { statuses, strayed, messages } = await told(several.run);
    expect([statuses, strayed?.id, messages[1]]).toEqual([["created", "not-started"], "conn_0", HELD]);
    const {
      strayed: none,
      statuses: alone,
      isProven,
    } = await told(world(creates(1), { replies: [{ environmentId: null }] }).run);
    expect([none, alone, isProven]).toEqual([undefined, ["created"], false]);
  });

  it("a write of which nobody knows where it went is the last", async () => {
    for (const delivery of ["unknown", "doubtful"] as const) {
      const { sent, run } = world(creates(3), { replies: [fault(delivery)] });
      const { statuses, messages, strayed } = await told(run);
      expect([sent.length, statuses, strayed]).toEqual([1, ["unknown", "not-started", "not-started"], undefined]);
      expect(messages[1]).toBe(HELD);
    }
  });

  it("nothing is begun where the run was stopped before", async () => {
    const brake = new Brake(false, () => false);
    brake.pull({ message: "stopped before" });
    const { sent, state, run } = world(creates(2), { brake });
    const { statuses, messages } = await told(run);
    expect([sent, statuses, messages]).toEqual([
      [],
      ["not-started", "not-started"],
      ["stopped before", "stopped before"],
    ]);
    expect(state.done).toBe(0);
  });

  it("nothing is begun where the run was stopped while the first waited for its turn", async () => {
    const brake = new Brake(false, () => false);
    const { sent, run } = world(creates(2), {
      brake,
      parts: {
        limit: (task) => {
          brake.pull({ message: "stopped meanwhile" });
          return task();
        },
      },
    });
    const { statuses, outcomes } = await told(run);
    expect([sent, statuses]).toEqual([[], ["not-started", "not-started"]]);
    expect([...outcomes.values()][0]).toEqual({
      status: "not-started",
      attempts: 0,
      wrote: false,
      message: "stopped meanwhile",
    });
  });

  it("there is nothing to show where nothing is written", async () => {
    const row = observed({ providerType: "s3", name: "export 0" });
    const { run } = world(creates(1), { rows: [row] });
    expect([...(await run()).outcomes.values()]).toEqual([{ status: "unchanged", attempts: 0, wrote: false }]);
  });
});

describe("where the environment is known, or nobody has named one", () => {
  it.each<[string, ExpectedEnvironment]>([
    ["a row has shown it", { id: "env_test", isProven: true }],
    ["nobody has named one", { id: null, isProven: false }],
  ])("all writes go side by side: %s", async (_what, environment) => {
    const { state, run } = world(creates(3), { environment });
    const { statuses, isProven } = await told(run);
    expect(statuses).toEqual(["created", "created", "created"]);
    expect([state.mostOpen[0], isProven]).toEqual([3, environment.isProven]);
  });

  it("an answer from elsewhere is no stray that stops the others", async () => {
    const { run } = world(creates(2), {
      environment: { id: "env_test", isProven: true },
      replies: [{ environmentId: "env_prod" }],
    });
    const { statuses, strayed } = await told(run);
    expect([statuses, strayed]).toEqual([["not-converged", "not-converged"], undefined]);
  });
});

describe("a failed write", () => {
  it.each([401, 403])("that refuses the key (%s) is the last that is begun", async (httpStatus) => {
    const oneByOne = world(creates(3), {
      environment: { id: "env_test", isProven: false },
      replies: [fault("answered", { httpStatus })],
    });
    const { statuses, messages } = await told(oneByOne.run);
    expect([oneByOne.sent.length, statuses]).toEqual([1, ["failed", "not-started", "not-started"]]);
    expect(messages[1]).toBe(`the service refused the key for another connection (${httpStatus})`);
  });

  it("of another kind stops no other", async () => {
    const { sent, run } = world(creates(3), { replies: [fault("answered", { httpStatus: 400 })] });
    const { statuses } = await told(run);
    expect([sent.length, statuses]).toEqual([3, ["failed", "failed", "failed"]]);
  });

  it.each<[string, Reply]>([
    ["failed", fault("answered")],
    ["unknown", fault("unknown")],
    ["not-converged", { isLive: false }],
  ])("stops the others with --fail-fast: %s", async (status, reply) => {
    const environment = { id: null, isProven: false };
    const { run } = world(creates(2), {
      environment,
      replies: [reply],
      brake: new Brake(true, () => false),
      parts: { limit: oneAtATime() },
    });
    const { statuses, messages } = await told(run);
    expect(statuses).toEqual([status, "not-started"]);
    expect(messages[1]).toBe("another write went wrong, and --fail-fast was given");
  });

  it("is none that went well: it stops nothing with --fail-fast", async () => {
    const { run } = world(creates(2), {
      environment: { id: null, isProven: false },
      brake: new Brake(true, () => false),
      parts: { limit: oneAtATime() },
    });
    expect((await told(run)).statuses).toEqual(["created", "created"]);
  });

  it("for which the rows cannot be read keeps the others from being begun, with its reason", async () => {
    const rows = ["conn_1", "conn_2"].map((id, at) => observed({ id, providerType: "s3", name: `export ${at}` }));
    const text = creates(2).replaceAll("provider_type: s3\n", "provider_type: s3\nmetadata: { a: 1 }\n");
    const { run } = world(text, {
      rows,
      environment: { id: "env_test", isProven: true },
      listProblem: error("SERVICE.FAILED", "the list is away.", { hint: "ask somebody." }),
      parts: { limit: oneAtATime() },
    });
    const { outcomes } = await run();
    const facts = {
      status: "not-started",
      code: "SERVICE.FAILED",
      message: "the list is away.",
      hint: "ask somebody.",
    };
    expect([...outcomes.values()]).toMatchObject([facts, facts]);
  });

  it("that was never sent keeps the others from being begun, with its reason", async () => {
    for (const hint of ["ask somebody.", undefined]) {
      const gone = fault("not-sent", { attempts: 0, ...(hint === undefined ? {} : { hint }) });
      const { sent, run } = world(creates(2), {
        environment: { id: "env_test", isProven: true },
        replies: [gone, {}],
        parts: { limit: oneAtATime() },
      });
      const [first, second] = (await run()).outcomes.values();
      expect(sent).toHaveLength(1);
      expect(first).toMatchObject({ status: "not-started", code: "SERVICE.FAILED", message: "it went wrong" });
      expect(second).toStrictEqual({
        status: "not-started",
        attempts: 0,
        wrote: false,
        code: "SERVICE.FAILED",
        message: "it went wrong",
        ...(hint === undefined ? {} : { hint }),
      });
    }
  });

  it("whose answer is lost is looked for once where the run is to end, and longer where it goes on", async () => {
    for (const [isLate, lists] of [
      [true, 1],
      [false, 3],
    ] as const) {
      const { sent, state, run } = world(creates(1), {
        environment: { id: "env_test", isProven: true },
        replies: [fault("unknown")],
        request: stamped(),
        brake: new Brake(false, () => isLate && sent.length > 0),
      });
      expect((await told(run)).statuses).toEqual(["unknown"]);
      expect([isLate, state.lists]).toEqual([isLate, lists]);
    }
  });
});

/** Runs tasks one behind the other. */
function oneAtATime(): ApplyParts["limit"] {
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const next = last.then(task);
    last = next.catch(() => undefined);
    return next;
  };
}

describe("a mistake of ours in a write", () => {
  it("breaks the run off, and what was under way is unknown", async () => {
    const bug = new Error("a bug");
    const { sent, run } = world(creates(3), { replies: [bug] });
    const applied = await told(run);
    expect([sent.length, applied.bug, applied.statuses]).toEqual([1, bug, ["unknown", "not-started", "not-started"]]);
    expect(applied.messages).toEqual(["the run was broken off, and it may or may not have been written", HELD, HELD]);
    expect([...applied.outcomes.values()][0]).toMatchObject({
      attempts: 0,
      wrote: false,
      hint: "run plan to see what the service has now; running apply again is safe.",
    });
  });

  it("breaks all environments off, and the first one is told", async () => {
    const brake = new Brake(false, () => false);
    const environment = { id: null, isProven: false };
    const [first, second] = [new Error("first"), new Error("second")];
    const { run } = world(creates(2), { brake, environment, replies: [first, second] });
    expect((await told(run)).bug).toBe(first);
    expect(brake.reason).toEqual({ message: "the run was broken off" });
  });

  it("is a change that was planned from nothing", async () => {
    const { run } = world(creates(1), { parts: { sources: new Map() } });
    const { bug } = await run();
    expect(bug).toBeInstanceOf(Bug);
    expect(bug).toMatchObject({ message: "a planned change without what it was planned from" });
  });
});

describe("a connection that the service rewrites itself", () => {
  const text =
    'name: Q\nprovider_type: quickbooks\nencrypted_secret_data: { client_id: "${K}", client_secret: "${K}", realm_id: "1", environment: sandbox, refresh_token: "${K}" }\nmetadata: { team: a }\n';

  it("is looked at once more at the end, as a part of its write", async () => {
    const { read, state, run } = world(text);
    expect((await told(run)).statuses).toEqual(["created"]);
    expect(read).toEqual([{ id: "conn_0", options: { isSequel: true } }]);
    expect(state.turns).toBe(2);
  });

  it("is looked at, too, when it was changed, or took the place of another one", async () => {
    const row = observed({ providerType: "quickbooks", name: "Q" });
    const updated = world(text, { rows: [row] });
    expect((await told(updated.run)).statuses).toEqual(["updated"]);
    const replaced = world(text, { rows: [row], replaced: true });
    expect((await told(replaced.run)).statuses).toEqual(["replaced"]);
    expect([...updated.read, ...replaced.read].map(({ id }) => id)).toEqual([row.id, "conn_0"]);
  });

  it("has not converged where it does not show by then what was written", async () => {
    const { state, run } = world(text);
    state.later = { metadata: json({}) };
    const { statuses, messages } = await told(run);
    expect(statuses).toEqual(["not-converged"]);
    expect(messages[0]).toContain("a moment later the service did not show it any more: metadata.team");
  });

  it("stays as it was answered where it cannot be read, and that is told", async () => {
    const { state, run } = world(text);
    state.later = fault("answered");
    const [outcome] = (await run()).outcomes.values();
    expect(outcome).toMatchObject({
      status: "created",
      unseen: "it could not be read again afterwards: it went wrong",
    });
  });

  it("is not looked at where nothing was written, nor is one that the service leaves alone", async () => {
    const failed = world(text, { replies: [fault("answered")] });
    await failed.run();
    const odd = world(text, { replies: [{ metadata: json({}) }] });
    expect((await told(odd.run)).statuses).toEqual(["not-converged"]);
    const plain = world(creates(1));
    await plain.run();
    expect([failed.read, odd.read, plain.read]).toEqual([[], [], []]);
  });

  it("is none of a mistake of ours: that is told", async () => {
    const { state, run } = world(text);
    state.later = new Error("a bug");
    expect(await run()).toMatchObject({ bug: new Error("a bug") });
  });
});

describe("a connection that is archived", () => {
  const row = observed({ id: "conn_old", providerType: "unheard_of", name: "old" });
  it("is the one that was planned, whatever its provider", async () => {
    const [change] = world("name: x\nprovider_type: s3\n").plan.changes;
    if (change === undefined) throw new Error("no change");
    const archive: Change = { ...change, action: "archive", providerType: "unheard_of", id: row.id };
    const plan: Plan = { version: 1, changes: [archive], unclaimed: [], summary: {} as Plan["summary"] };
    const environment = { id: "env_test", isProven: true };
    const done = world("name: x\nprovider_type: s3\n", {
      rows: [row],
      environment,
      parts: { archives: new Map([[archive, row]]) },
    });
    expect([...(await done.run(plan)).outcomes.values()]).toEqual([{ status: "archived", attempts: 1, wrote: true }]);
    const lost = world("name: x\nprovider_type: s3\n", { rows: [row], environment });
    expect((await lost.run(plan)).bug).toMatchObject({
      message: "a planned change without what it was planned from",
    });
  });
});
