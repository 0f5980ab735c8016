import { describe, expect, it } from "vitest";
import type { Answered } from "../../src/api/client.js";
import type { ConnectionsApi } from "../../src/api/connections.js";
import type { ConnectionsPage } from "../../src/api/wire.js";
import { fetchAll } from "../../src/fetch/fetch.js";
import type { Observed } from "../../src/model/connection.js";
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
    expect(problems[0]?.message).toContain(words);
  });

  it("is said to be unconfirmed, not confirmed, when there is no row", async () => {
    const { api } = serviceOf(() => ({ rows: [], total: 0 }));
    const { problems } = await fetchAll(api, "env_test");
    expect(problems.map(({ code, severity }) => [code, severity])).toEqual([
      ["FETCH.ENVIRONMENT_UNCONFIRMED", "warning"],
    ]);
  });
});
