import { describe, expect, it } from "vitest";
import type { Answered } from "../../src/api/client.js";
import type { ConnectionsApi } from "../../src/api/connections.js";
import { limitTo } from "../../src/api/limit.js";
import { apply } from "../../src/apply/apply.js";
import { Base, OLDEST_BASE_MS, type Rows } from "../../src/apply/base.js";
import { Brake } from "../../src/apply/brake.js";
import type { RecoveryKeeper } from "../../src/apply/replace.js";
import type { Observed } from "../../src/model/connection.js";
import { error } from "../../src/model/problem.js";
import { ServiceError } from "../../src/model/service-error.js";
import type { CreateWish, UpdateWish } from "../../src/model/wish.js";
import { makePlan } from "../../src/plan/plan.js";
import { catalogue, desiredOf, json, noSecrets, noStamps, observed, stamped, stampWith } from "../support/steps.js";

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

/** A service with these rows that can be changed under the run, and a clock that stands still until it is set. */
function world(text: string, rows: readonly Observed[], request = noStamps, isReplaced = false) {
  const state = {
    isProven: true,
    turns: 0,
    rows: [...rows],
    nowMs: 0,
    lists: 0,
    problem: undefined as Rows["problem"],
    /** What happens between a try that gets no answer and the one behind it. */
    between: [] as { readonly mayBeDone: boolean; readonly act: () => void }[],
  };
  const created: CreateWish[] = [];
  const keptFiles: string[] = [];
  const sent: { readonly id: string; readonly wish: UpdateWish }[] = [];
  const answered = (value: Observed): Answered<Observed> => ({ value, attempts: 1, httpStatus: 200, requestId: "r" });
  const unused = () => Promise.reject(new Error("not used here"));
  const api: { -readonly [name in keyof ConnectionsApi]: ConnectionsApi[name] } = {
    list: unused,
    async get(id) {
      const found = state.rows.find((row) => row.id === id);
      if (found === undefined) throw new Error("no such row");
      return answered(found);
    },
    async create(next) {
      const wish = await next({ count: 0, mayBeDone: false });
      created.push(wish);
      const made = observed({
        id: "conn_made",
        name: wish.name,
        providerType: wish.providerType,
        metadata: wish.metadata ?? null,
        syncConfig: wish.syncConfig ?? {},
      });
      return answered(made);
    },
    async remove(id, check) {
      await check({ count: 0, mayBeDone: false });
      for (const [index, { mayBeDone, act }] of state.between.entries()) {
        act();
        await check({ count: index + 1, mayBeDone });
      }
      state.rows = state.rows.filter((row) => row.id !== id);
      return { value: undefined, attempts: state.between.length + 1, httpStatus: 204, requestId: "r" };
    },
    async update(id, next) {
      let wish = await next({ count: 0, mayBeDone: false });
      for (const [index, { mayBeDone, act }] of state.between.entries()) {
        sent.push({ id, wish });
        act();
        wish = await next({ count: index + 1, mayBeDone });
      }
      sent.push({ id, wish });
      const before = state.rows.find((row) => row.id === id);
      if (before === undefined) throw new Error("no such row");
      const after: Observed = {
        ...before,
        name: wish.name ?? before.name,
        metadata: wish.metadata ?? before.metadata,
        syncConfig: wish.syncConfig ?? before.syncConfig,
      };
      state.rows = state.rows.map((row) => (row.id === id ? after : row));
      return answered(after);
    },
  };
  const refresh = async (): Promise<Rows> => {
    state.lists += 1;
    return { rows: state.rows, ...(state.problem === undefined ? {} : { problem: state.problem }) };
  };
  const desired = desiredOf(text, { K: "key-of-the-test" });
  const asked = { ...request, replaces: new Set(isReplaced ? desired : []) };
  const { plan, sources } = makePlan(desired, new Set(desired), rows, catalogue, noSecrets, asked);
  const run = () =>
    apply(plan, {
      api,
      limit: (task) => {
        state.turns += 1;
        return limitTo(4)(task);
      },
      catalogue,
      sources,
      base: new Base(rows, 0, refresh, () => state.nowMs),
      environment: { id: "env_test", isProven: state.isProven },
      stamps: request.stamps,
      recovery: {
        ...recovery,
        keep: (_id, kept) => {
          keptFiles.push(kept);
          return "a-file";
        },
      },
      archives: new Map(),
      brake: new Brake(false, () => false),
      pause: async () => {},
      onDone: () => {},
    });
  return { api, state, sent, created, keptFiles, plan, run };
}

const text =
  "name: S\nprovider_type: stripe\nmetadata: { team: billing }\n---\nname: H\nprovider_type: hubspot\nmetadata: { team: sales }\n";
const stripe = observed({ providerType: "stripe", name: "S", metadata: json({ team: "old", note: 1 }) });
const hubspot = observed({ providerType: "hubspot", name: "H", metadata: json({ team: "old" }) });

describe("a bug in one write", () => {
  it("ends the run, and what became of the others is still told", async () => {
    const { state, plan, run } = world(text, [stripe, hubspot]);
    const [first] = plan.changes;
    state.rows = state.rows.filter(({ id }) => id !== first?.id);
    const { outcomes, bug } = await run();
    expect(bug).toEqual(new Error("no such row"));
    expect([...outcomes].map(([{ id }, { status, wrote }]) => [id, status, wrote]).sort()).toEqual([
      [hubspot.id, "unknown", false],
      [stripe.id, "updated", true],
    ]);
  });
});

describe("a write that has to show the environment first", () => {
  it("takes its turn among the writes of other environments, so that its row does not grow old in a queue", async () => {
    const { state, run } = world(text, [stripe, hubspot]);
    state.isProven = false;
    const { outcomes, isProven } = await run();
    expect([[...outcomes.values()].map(({ status }) => status), isProven, state.turns]).toEqual([
      ["updated", "updated"],
      true,
      2,
    ]);
  });
});

describe("the row that a write starts from", () => {
  it("is the one that was planned from while that is fresh", async () => {
    const { state, sent, run } = world(text, [stripe, hubspot]);
    state.nowMs = OLDEST_BASE_MS;
    const { outcomes } = await run();
    expect([...outcomes.values()].map(({ status }) => status)).toEqual(["updated", "updated"]);
    expect(state.lists).toBe(0);
    expect(sent).toHaveLength(2);
  });

  it("is read again when it is older, once for all that wait, and keeps what somebody added meanwhile", async () => {
    const { state, sent, run } = world(text, [stripe, hubspot]);
    state.nowMs = OLDEST_BASE_MS + 1;
    state.rows = [{ ...stripe, metadata: json({ team: "old", note: 2, added: true }) }, hubspot];
    await run();
    expect(state.lists).toBe(1);
    expect(sent.find(({ id }) => id === stripe.id)?.wish.metadata).toEqual({ team: "billing", note: 2, added: true });
  });

  it.each([
    ["a key that the definition declares", { ...stripe, metadata: json({ team: "theirs", note: 1 }) }, "metadata.team"],
    ["a declared key taken away", { ...stripe, metadata: json({ note: 1 }) }, "metadata.team"],
    ["the name", { ...stripe, name: "T" }, "name"],
  ])("is not written over when somebody changed %s", async (_what, now, path) => {
    const { state, sent, run } = world(text, [stripe, hubspot]);
    state.nowMs = OLDEST_BASE_MS + 1;
    state.rows = [now, hubspot];
    const { outcomes } = await run();
    const failed = [...outcomes.values()].filter(({ status }) => status === "failed");
    expect(failed).toMatchObject([{ code: "APPLY.ROW_MOVED", wrote: false, attempts: 0 }]);
    expect(failed[0]?.message).toContain(path);
    expect(sent.map(({ id }) => id)).toEqual([hubspot.id]);
  });

  it("may be gone, or not to be had: then nothing is written", async () => {
    const gone = world(text, [stripe, hubspot]);
    gone.state.nowMs = OLDEST_BASE_MS + 1;
    gone.state.rows = [hubspot];
    expect([...(await gone.run()).outcomes.values()].map(({ code }) => code)).toContain("APPLY.ROW_MOVED");
    const silent = world(text, [stripe, hubspot]);
    silent.state.nowMs = OLDEST_BASE_MS + 1;
    silent.state.problem = error("SERVICE.FAILED", "x.");
    expect([...(await silent.run()).outcomes.values()].map(({ code }) => code)).toEqual([
      "SERVICE.FAILED",
      "SERVICE.FAILED",
    ]);
    expect(silent.sent).toEqual([]);
  });
});

describe("a list that takes long", () => {
  it("is read once more before anything starts from it, and then taken as it is", async () => {
    let nowMs = OLDEST_BASE_MS + 1;
    let lists = 0;
    const takes = (ms: readonly number[]) =>
      new Base(
        [stripe],
        0,
        async () => {
          nowMs += ms[lists] ?? 0;
          lists += 1;
          return { rows: [{ ...stripe, name: `list ${lists}` }] };
        },
        () => nowMs,
      );
    expect((await takes([OLDEST_BASE_MS + 1, 10]).current()).rows[0]?.name).toBe("list 2");
    lists = 0;
    nowMs = OLDEST_BASE_MS + 1;
    expect((await takes([9_000, 9_000, 9_000]).current()).rows[0]?.name).toBe("list 2");
    expect(lists).toBe(2);
  });

  it("or is not had keeps a second step from being sent", async () => {
    let nowMs = 0;
    const problem = error("SERVICE.FAILED", "x.");
    const base = new Base(
      [],
      0,
      async () => ({ rows: [], problem }),
      () => nowMs,
    );
    expect(await base.latest(stripe, 0, {})).toBe(stripe);
    nowMs = OLDEST_BASE_MS + 1;
    expect(await base.latest(stripe, 0, {})).toBe(problem);
  });

  it("is not taken for young because another one was begun meanwhile", async () => {
    let nowMs = OLDEST_BASE_MS + 1;
    const answers: ((rows: Rows) => void)[] = [];
    const base = new Base(
      [],
      0,
      () => new Promise<Rows>((resolve) => answers.push(resolve)),
      () => nowMs,
    );
    const first = base.current();
    nowMs += OLDEST_BASE_MS + 1;
    const second = base.current();
    nowMs += 1;
    answers[0]?.({ rows: [{ ...stripe, name: "old" }] });
    answers[1]?.({ rows: [{ ...stripe, name: "young" }] });
    expect((await first).rows[0]?.name).toBe("young");
    expect((await second).rows[0]?.name).toBe("young");
    expect(answers).toHaveLength(2);
  });
});

describe("a try behind one that got no answer", () => {
  const one = "name: S\nprovider_type: stripe\nmetadata: { team: billing }\n";
  const meanwhile = (state: ReturnType<typeof world>["state"], mayBeDone: boolean, ms: number, now: Observed) =>
    state.between.push({
      mayBeDone,
      act: () => {
        state.nowMs += ms;
        state.rows = [now];
      },
    });

  it("starts from the same row while that is young enough", async () => {
    const { state, sent, run } = world(one, [stripe]);
    meanwhile(state, false, OLDEST_BASE_MS, { ...stripe, metadata: json({ team: "old", note: 1, late: true }) });
    expect([...(await run()).outcomes.values()].map(({ status }) => status)).toEqual(["updated"]);
    expect(state.lists).toBe(0);
    expect(sent.map(({ wish }) => wish.metadata)).toEqual([
      { team: "billing", note: 1 },
      { team: "billing", note: 1 },
    ]);
  });

  it("starts from the row as it is then, and keeps what somebody added while it waited", async () => {
    const { state, sent, run } = world(one, [stripe]);
    meanwhile(state, false, OLDEST_BASE_MS + 1, { ...stripe, metadata: json({ team: "old", note: 2, late: true }) });
    await run();
    expect(state.lists).toBe(1);
    expect(sent.at(-1)?.wish.metadata).toEqual({ team: "billing", note: 2, late: true });
  });

  it.each([
    [false, "failed"],
    [true, "unknown"],
  ])(
    "is not sent when somebody decided otherwise meanwhile (an earlier one may be done: %s): %s",
    async (mayBeDone, status) => {
      const { state, sent, run } = world(one, [stripe]);
      meanwhile(state, mayBeDone, OLDEST_BASE_MS + 1, { ...stripe, metadata: json({ team: "theirs" }) });
      const [outcome] = (await run()).outcomes.values();
      expect(outcome).toMatchObject({ status, code: "APPLY.ROW_MOVED", attempts: 1 });
      expect(outcome?.message).toContain("metadata.team");
      expect(sent).toHaveLength(1);
    },
  );

  it("is not sent when the row shows that the earlier one has been done", async () => {
    const { state, sent, run } = world(one, [stripe]);
    meanwhile(state, true, 0, { ...stripe, metadata: json({ team: "billing", note: 1 }) });
    expect([...(await run()).outcomes.values()]).toMatchObject([{ status: "updated", wrote: true }]);
    expect(sent).toHaveLength(1);
    expect(state.lists).toBe(0);
  });

  it("starts from the row itself, not from the list, when the earlier one may have been done and does not show", async () => {
    const { state, sent, run } = world(one, [stripe]);
    meanwhile(state, true, 0, { ...stripe, metadata: json({ team: "old", note: 7 }) });
    expect([...(await run()).outcomes.values()]).toMatchObject([{ status: "updated" }]);
    expect(sent.map(({ wish }) => wish.metadata)).toEqual([
      { team: "billing", note: 1 },
      { team: "billing", note: 7 },
    ]);
  });
});

describe("a replace", () => {
  const one =
    'name: S\nprovider_type: stripe\nencrypted_secret_data: { secret_key: "${K}", webhook_secret: "${K}" }\nmetadata: { team: billing }\n';
  const between = (state: ReturnType<typeof world>["state"], mayBeDone: boolean, rows: readonly Observed[]) =>
    state.between.push({
      mayBeDone,
      act: () => {
        state.nowMs += OLDEST_BASE_MS + 1;
        state.rows = [...rows];
      },
    });
  const withNote = (note: number) => ({ ...stripe, metadata: json({ team: "old", note }) });

  it("carries over, and keeps in its file, what the connection has when it is archived, not what it had", async () => {
    const { state, created, keptFiles, run } = world(one, [withNote(1)], noStamps, true);
    between(state, false, [withNote(2)]);
    expect([...(await run()).outcomes.values()]).toMatchObject([{ status: "replaced", attempts: 3 }]);
    expect(created.map(({ metadata }) => metadata)).toEqual([{ team: "billing", note: 2 }]);
    expect(keptFiles.map((text) => JSON.parse(text).connection.metadata)).toEqual([
      { team: "old", note: 1 },
      { team: "old", note: 2 },
    ]);
  });

  it("does not archive what somebody changed while a try was waited for", async () => {
    const { state, created, run } = world(one, [withNote(1)], noStamps, true);
    between(state, false, [{ ...stripe, metadata: json({ team: "theirs" }) }]);
    expect([...(await run()).outcomes.values()]).toMatchObject([{ status: "failed", code: "APPLY.ROW_MOVED" }]);
    expect(created).toEqual([]);
    expect(state.rows).toHaveLength(1);
  });

  it("of a connection that somebody else archived is none, although an earlier try was limited", async () => {
    const { api, created, run } = world(one, [withNote(1)], noStamps, true);
    api.remove = async (_id, check) => {
      await check({ count: 0, mayBeDone: false });
      throw new ServiceError("gone", {
        code: "SERVICE.NOT_FOUND",
        delivery: "answered",
        attempts: 2,
        requestId: "r",
        httpStatus: 404,
      });
    };
    api.get = async () => {
      throw new ServiceError("gone", {
        code: "SERVICE.NOT_FOUND",
        delivery: "answered",
        attempts: 1,
        requestId: "r",
        httpStatus: 404,
      });
    };
    expect([...(await run()).outcomes.values()]).toMatchObject([{ status: "failed", code: "APPLY.ROW_MOVED" }]);
    expect(created).toEqual([]);
  });

  it("goes on when an earlier try has archived it", async () => {
    const { state, created, run } = world(one, [withNote(1)], noStamps, true);
    between(state, true, []);
    expect([...(await run()).outcomes.values()].map(({ status }) => status)).toEqual(["replaced"]);
    expect(created.map(({ metadata }) => metadata)).toEqual([{ team: "billing", note: 1 }]);
  });

  it("of a connection that does not show its environment archives nothing", async () => {
    const { created, keptFiles, run } = world(one, [{ ...stripe, environmentId: null }], noStamps, true);
    expect([...(await run()).outcomes.values()]).toMatchObject([{ status: "failed", code: "APPLY.WRONG_ENVIRONMENT" }]);
    expect([created, keptFiles]).toEqual([[], []]);
  });
});

describe("a stamp that somebody changes between plan and write", () => {
  const withStamp = (more = {}) =>
    ({ ...stripe, metadata: json({ team: "old", flexprice_sync: stampWith("stripe", more) }) }) satisfies Observed;
  const one = "name: S\nprovider_type: stripe\nmetadata: { team: billing }\n";

  it("stops that write: what it said is what the plan was made from", async () => {
    const { state, sent, plan, run } = world(one, [withStamp()], stamped());
    expect(plan.changes).toMatchObject([{ action: "update", stamp: true }]);
    state.rows = [withStamp({ owner: "others" })];
    state.nowMs = OLDEST_BASE_MS + 1;
    const { outcomes } = await run();
    expect([...outcomes.values()]).toMatchObject([{ status: "failed", code: "APPLY.ROW_MOVED", attempts: 0 }]);
    expect(sent).toEqual([]);
  });

  it("is kept as it is now where stamps are turned off", async () => {
    const { state, sent, run } = world(one, [withStamp()]);
    const now = withStamp({ owner: "others" });
    state.rows = [now];
    state.nowMs = OLDEST_BASE_MS + 1;
    await run();
    expect(sent.map(({ wish }) => wish.metadata)).toEqual([{ ...now.metadata, team: "billing" }]);
  });
});
