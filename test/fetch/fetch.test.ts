import { describe, expect, it } from "vitest";
import type { Answered } from "../../src/api/client.js";
import type { ConnectionsApi } from "../../src/api/connections.js";
import type { ConnectionsPage } from "../../src/api/wire.js";
import { fetchAll, MOST_PAGES } from "../../src/fetch/fetch.js";
import { FIRST_WRITE_SHOWS } from "../../src/model/account.js";
import type { Observed } from "../../src/model/connection.js";
import { ServiceError } from "../../src/model/service-error.js";
import { codes, observed } from "../support/steps.js";

/** A service that answers every list call from these pages; the last one again and again. */
function serviceOf(
  page: (offset: number) => ConnectionsPage,
  characters = 0,
): {
  readonly api: ConnectionsApi;
  readonly offsets: number[];
} {
  const offsets: number[] = [];
  const unused = () => Promise.reject(new Error("only the list is read"));
  const list = async (offset: number): Promise<Answered<ConnectionsPage>> => {
    offsets.push(offset);
    return { value: page(offset), attempts: 1, httpStatus: 200, requestId: "r", characters };
  };
  return { api: { list, get: unused, create: unused, update: unused, remove: unused }, offsets };
}

function rows(count: number, facts: Partial<Observed> = {}): Observed[] {
  return Array.from({ length: count }, (_, index) =>
    observed({ providerType: "s3", id: `conn_${String(index).padStart(3, "0")}`, ...facts }),
  );
}

describe("fetching all rows", () => {
  it("takes one call where the service ignores paging", async () => {
    const all = rows(60);
    const { api, offsets } = serviceOf(() => ({ rows: all, total: 60 }));
    const fetched = await fetchAll(api, "env_test");
    expect(fetched.observed).toHaveLength(60);
    expect(fetched.problems).toEqual([]);
    expect(offsets).toEqual([0]);
  });

  it("ends where there are more than any environment has, of connections or of text", async () => {
    const thousand = (offset: number) =>
      Array.from({ length: 1_000 }, (_, index) => observed({ providerType: "s3", id: `conn_${offset + index}` }));
    const many = serviceOf((offset) => ({ rows: thousand(offset), total: 1_000_000 }));
    const fetched = await fetchAll(many.api, "env_test");
    expect(codes(fetched.problems)).toEqual(["FETCH.INCOMPLETE_LIST"]);
    expect(fetched.problems[0]?.message).toContain("more than 100000 connections");
    expect(fetched.observed).toEqual([]);
    expect(many.offsets).toHaveLength(101);

    const long = serviceOf((offset) => ({ rows: rows(offset + 1), total: 1_000_000 }), 32 * 1024 * 1024);
    const { problems } = await fetchAll(long.api, "env_test");
    expect(problems[0]?.message).toContain("more than 128 Mi characters");
    for (const problem of [...fetched.problems, ...problems]) expect(problem.hint).toMatch(/is the base URL right/);
    expect(long.offsets).toHaveLength(5);
  });

  it("takes no rows for none", async () => {
    const { api } = serviceOf(() => ({ rows: [], total: 0 }));
    expect(await fetchAll(api, undefined)).toEqual({ observed: [], environmentId: null, problems: [] });
  });

  it("follows a service that pages", async () => {
    const all = rows(120);
    const { api, offsets } = serviceOf((offset) => ({ rows: all.slice(offset, offset + 50), total: 120 }));
    expect((await fetchAll(api, "env_test")).observed).toHaveLength(120);
    expect(offsets).toEqual([0, 50, 100]);
  });

  it("counts a row once however often it comes", async () => {
    const [one] = rows(1);
    const { api } = serviceOf(() => ({ rows: one === undefined ? [] : [one, one, { ...one }], total: 1 }));
    expect((await fetchAll(api, "env_test")).observed).toHaveLength(1);
  });

  it("takes a row as it came last", async () => {
    const [one] = rows(1);
    const renamed = observed({ providerType: "s3", id: "conn_000", name: "renamed" });
    const { api } = serviceOf(() => ({ rows: one === undefined ? [] : [one, renamed], total: 1 }));
    expect((await fetchAll(api, "env_test")).observed.map(({ name }) => name)).toEqual(["renamed"]);
  });

  it("ends, and says so, when the service repeats itself and counts more than it gives", async () => {
    const { api, offsets } = serviceOf(() => ({ rows: rows(50), total: 60 }));
    const fetched = await fetchAll(api, "env_test");
    expect(codes(fetched.problems)).toEqual(["FETCH.INCOMPLETE_LIST"]);
    expect(fetched.observed).toEqual([]);
    expect(offsets).toEqual([0, 50]);
  });

  it("orders rows by provider, age as an instant, and id", async () => {
    const listed = [
      observed({ providerType: "s3", id: "b", createdAt: "2026-01-01T05:30:00+05:30" }),
      observed({ providerType: "s3", id: "a", createdAt: "2026-01-01T00:00:00Z" }),
      observed({ providerType: "s3", id: "c", createdAt: "2025-12-31T23:00:00Z" }),
      observed({ providerType: "hubspot", id: "z" }),
    ];
    const { api } = serviceOf(() => ({ rows: listed, total: 4 }));
    expect((await fetchAll(api, "env_test")).observed.map(({ id }) => id)).toEqual(["z", "c", "a", "b"]);
  });
});

describe("a list that cannot be had whole", () => {
  const { api: unused } = serviceOf(() => ({ rows: [], total: 0 }));

  it("is an error with the service's own words, and no row is taken", async () => {
    let pages = 0;
    const refused = (hint?: string): ConnectionsApi => ({
      ...unused,
      async list() {
        pages += 1;
        if (pages % 2 === 1)
          return { value: { rows: rows(1), total: 2 }, attempts: 1, httpStatus: 200, requestId: "r" };
        const facts = { code: "SERVICE.UNAUTHORIZED", delivery: "answered", attempts: 1, requestId: "r" } as const;
        throw new ServiceError("it says no.", { ...facts, ...(hint === undefined ? {} : { hint }) });
      },
    });
    const { problems, ...fetched } = await fetchAll(refused("ask somebody."), "env_test");
    expect(fetched).toEqual({ observed: [], environmentId: null });
    expect(problems).toMatchObject([{ code: "SERVICE.UNAUTHORIZED", severity: "error", hint: "ask somebody." }]);
    expect(problems[0]?.message).toContain("it says no.");
    expect((await fetchAll(refused(), "env_test")).problems[0]).not.toHaveProperty("hint");
  });

  it("but for a mistake of ours, which goes on", async () => {
    const list = () => Promise.reject(new Error("a bug"));
    await expect(fetchAll({ ...unused, list }, undefined)).rejects.toThrow("a bug");
  });

  it("says how much of it is missing, and what to do", async () => {
    const { api } = serviceOf(() => ({ rows: rows(2), total: 3 }));
    const { problems, environmentId } = await fetchAll(api, "env_test");
    expect(problems.map(({ hint }) => hint)).toEqual(["run again; if it stays, ask whoever runs the service."]);
    expect(problems[0]?.message).toContain(
      "the service counts 3 connections and gave 2; nothing is decided on a part of them.",
    );
    expect(environmentId).toBeNull();
  });

  it("is not asked for without end, however many rows come", async () => {
    const { api, offsets } = serviceOf((offset) => ({ rows: rows(offset + 1).slice(offset), total: 10_000 }));
    expect(codes((await fetchAll(api, "env_test")).problems)).toEqual(["FETCH.INCOMPLETE_LIST"]);
    expect(offsets).toHaveLength(MOST_PAGES);
  });
});

describe("a list", () => {
  it("that is not counted is taken as it comes, in one request", async () => {
    const { api, offsets } = serviceOf(() => ({ rows: rows(3) }));
    expect((await fetchAll(api, "env_test")).observed).toHaveLength(3);
    expect(offsets).toEqual([0]);
  });

  it("is counted by the page that comes last, and keeps its count where that does not say", async () => {
    const grows = serviceOf((offset) => ({ rows: rows(2 + offset).slice(offset), total: 2 + offset }));
    expect((await fetchAll(grows.api, "env_test")).observed).toHaveLength(2);
    const all = rows(4);
    const silent = serviceOf((offset) => ({
      rows: all.slice(offset, offset + 2),
      ...(offset === 0 ? { total: 4 } : {}),
    }));
    expect((await fetchAll(silent.api, "env_test")).observed).toHaveLength(4);
    expect(silent.offsets).toEqual([0, 2]);
  });

  it("may show rows that are not live: they are counted, and not taken", async () => {
    const dead = observed({ providerType: "stripe", id: "conn_dead", isLive: false, environmentId: "env_other" });
    const { api } = serviceOf(() => ({ rows: [dead, ...rows(1)], total: 2 }));
    const { observed: live, problems } = await fetchAll(api, "env_test");
    expect([live.map(({ id }) => id), problems]).toEqual([["conn_000"], []]);
  });

  it("has rows without a readable age before all others", async () => {
    const listed = [
      observed({ providerType: "s3", id: "b", createdAt: "2026-01-01T00:00:00Z" }),
      observed({ providerType: "s3", id: "c", createdAt: "long ago" }),
    ];
    for (const shown of [listed, [...listed].reverse()]) {
      const { api } = serviceOf(() => ({ rows: shown, total: 2 }));
      expect((await fetchAll(api, "env_test")).observed.map(({ id }) => id)).toEqual(["c", "b"]);
    }
  });

  it("is asked for as the caller says", async () => {
    const seen: unknown[] = [];
    const { api } = serviceOf(() => ({ rows: [], total: 0 }));
    const list: ConnectionsApi["list"] = (offset, options) => {
      seen.push(options);
      return api.list(offset);
    };
    await fetchAll({ ...api, list }, undefined, { isSequel: true });
    await fetchAll({ ...api, list }, undefined);
    expect(seen).toEqual([{ isSequel: true }, {}]);
  });
});

describe("the environment of the rows", () => {
  it("is told where nothing was expected", async () => {
    const { api } = serviceOf(() => ({ rows: rows(2), total: 2 }));
    expect(await fetchAll(api, undefined)).toMatchObject({ environmentId: "env_test", problems: [] });
  });

  it.each([
    [
      "another one than expected",
      rows(2),
      "env_prod",
      "env_prod is expected, but the connections that this key shows are of env_test.",
    ],
    [
      "several, nothing expected",
      [...rows(1), observed({ providerType: "stripe", environmentId: "env_b" })],
      undefined,
      "several environments: env_b, env_test",
    ],
    [
      "several, one of them expected",
      [...rows(1), observed({ providerType: "stripe", environmentId: "env_b" })],
      "env_test",
      "env_test is expected, but the connections that this key shows are of env_b, env_test.",
    ],
  ])("stops the run: %s", async (_what, listed, expected, words) => {
    const { api } = serviceOf(() => ({ rows: listed, total: listed.length }));
    const { problems } = await fetchAll(api, expected);
    expect(codes(problems)).toEqual(["FETCH.WRONG_ENVIRONMENT"]);
    expect(problems[0]?.severity).toBe("error");
    expect(problems[0]?.message).toContain(words);
    expect(problems[0]?.hint).toBe(
      expected === undefined
        ? "a key should show one environment: ask whoever runs the service."
        : "use the key of the environment you mean, or correct the environment id.",
    );
  });

  it("is said to be unconfirmed, not confirmed, when no row shows one", async () => {
    for (const listed of [[], rows(2, { environmentId: null })]) {
      const { api } = serviceOf(() => ({ rows: listed, total: listed.length }));
      const { problems, environmentId } = await fetchAll(api, "env_test");
      expect(problems.map(({ code, severity }) => [code, severity])).toEqual([
        ["FETCH.ENVIRONMENT_UNCONFIRMED", "warning"],
      ]);
      expect(problems[0]?.message).toContain(
        "no connection shows an environment, so nothing tells whether this key belongs to env_test.",
      );
      expect([problems[0]?.hint, environmentId]).toEqual([FIRST_WRITE_SHOWS, null]);
      expect((await fetchAll(api, undefined)).problems).toEqual([]);
    }
  });

  it("is the one that some rows show, where others show none", async () => {
    const listed = [...rows(1, { environmentId: null }), observed({ providerType: "stripe" })];
    const { api } = serviceOf(() => ({ rows: listed, total: 2 }));
    expect(await fetchAll(api, "env_test")).toMatchObject({ environmentId: "env_test", problems: [] });
  });

  it("is told with five others at most", async () => {
    const inMany = (count: number) =>
      Array.from({ length: count }, (_, at) =>
        observed({ providerType: "s3", id: `c${at}`, environmentId: `env_${at}` }),
      );
    for (const [count, words] of [
      [5, "env_0, env_1, env_2, env_3, env_4."],
      [6, "env_0, env_1, env_2, env_3, env_4, …."],
    ] as const) {
      const { api } = serviceOf(() => ({ rows: inMany(count), total: count }));
      expect((await fetchAll(api, undefined)).problems[0]?.message).toContain(`several environments: ${words}`);
    }
  });
});
