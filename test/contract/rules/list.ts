import { deepEqual, equal, ok } from "node:assert/strict";
import { badFilter, invalid, type Rule, rule } from "../rule.js";
import { type Body, nameOf, type Service } from "../service.js";

/** Three of our own, with names that tell their order. */
async function three(service: Service): Promise<readonly Body[]> {
  const rows: Body[] = [];
  for (const letter of ["b", "a", "c"]) rows.push(await service.create("s3", { name: nameOf(letter) }));
  return rows;
}

async function found(service: Service, search: object): Promise<readonly string[]> {
  const { body } = await service.ask("POST", "/connections/search", search);
  return service.own(body).map(({ name }: Body) => name.at(-1));
}

const byName = [{ field: "name", direction: "asc" }];
const condition = (operator: string, value?: object) => ({
  sort: byName,
  filters: [{ field: "name", operator, data_type: "string", ...(value === undefined ? {} : { value }) }],
});

/** Lists and searches. */
export const list: readonly Rule[] = [
  rule("an empty list is null, with a total of 0", async (service) => {
    const { status, body } = await service.ask("GET", "/connections?provider_type=nonsense");
    deepEqual([status, body], [200, { connections: null, total: 0, limit: 50, offset: 0 }]);
    deepEqual((await service.ask("POST", "/connections/search", { connection_ids: ["conn_nope"] })).body, body);
  }),
  rule("every connection is listed whatever limit and offset say; both are echoed", async (service) => {
    await three(service);
    for (const [query, limit, offset] of [
      ["", 50, 0],
      ["?limit=1&offset=2", 1, 2],
      ["?limit=0", 50, 0],
      ["?limit=5000", 5000, 0],
      ["?limit=-3&offset=-1", -3, -1],
      ["?limit=%2B7&offset=", 7, 0],
      ["?limit=3;offset=4&offset=%zz", 50, 0],
    ] as const) {
      const { body } = await service.ask("GET", `/connections${query}`);
      equal(service.own(body).length, 3, query);
      deepEqual([body.total, body.limit, body.offset], [body.connections.length, limit, offset], query);
    }
    const { body } = await service.ask("POST", "/connections/search", { limit: 1, offset: 2 });
    deepEqual([service.own(body).length, body.limit, body.offset], [3, 1, 2]);
  }),
  rule("a limit or offset that is no whole number is refused", async (service) => {
    for (const query of ["limit=abc", "limit=1.5", "offset=x"]) {
      const { status, body } = await service.ask("GET", `/connections?${query}`);
      deepEqual([status, body], [400, badFilter], query);
    }
    for (const search of ['{"limit":"5"}', '{"limit":5.0}', '{"offset":true}']) {
      deepEqual((await service.ask("POST", "/connections/search", search)).body, badFilter, search);
    }
  }),
  rule("provider_type filters exactly, and an unknown one finds nothing", async (service) => {
    await three(service);
    equal(service.own((await service.ask("GET", "/connections?provider_type=s3")).body).length, 3);
    for (const query of ["provider_type=S3", "provider_type=stripe"])
      equal(service.own((await service.ask("GET", `/connections?${query}`)).body).length, 0, query);
    equal((await found(service, { provider_type: "s3" })).length, 3);
  }),
  rule("connection_ids is repeated; joined by commas it is one id that does not exist", async (service) => {
    const [first, second] = await three(service);
    const ids = async (query: string) => {
      const { body } = await service.ask("GET", `/connections?${query}`);
      return (body.connections ?? []).map(({ id }: Body) => id).sort();
    };
    const both = [first.id, second.id].sort();
    deepEqual(await ids(`connection_ids=${first.id}&connection_ids=${second.id}`), both);
    deepEqual(await ids(`connection_ids=${first.id},${second.id}`), []);
    equal((await found(service, { connection_ids: both })).length, 2);
  }),
  rule("status, order, expand and well-formed times have no effect; a malformed time is refused", async (service) => {
    await three(service);
    const at = "2001-01-01T00:00:00Z";
    const query = `status=archived&order=sideways&expand=x&start_time=${at}&end_time=${at}`;
    equal(service.own((await service.ask("GET", `/connections?${query}`)).body).length, 3);
    for (const time of ["yesterday", "2026-13-01T00:00:00Z", "2026-01-01"]) {
      deepEqual((await service.ask("GET", `/connections?start_time=${time}`)).body, badFilter, time);
      deepEqual((await service.ask("POST", "/connections/search", { end_time: time })).body, badFilter, time);
    }
  }),
  rule("a search sorts by any column, the only way to get an order", async (service) => {
    await three(service);
    deepEqual(await found(service, { sort: byName }), ["a", "b", "c"]);
    deepEqual(await found(service, { sort: [{ field: "name", direction: "desc" }] }), ["c", "b", "a"]);
    deepEqual(await found(service, { sort: [{ field: "name", direction: "sideways" }] }), ["a", "b", "c"]);
    deepEqual(await found(service, { sort: [{ field: "provider_type" }, { field: "name", direction: "desc" }] }), [
      "c",
      "b",
      "a",
    ]);
    for (const field of ["id", "status", "created_at", "updated_by", "environment_id", "tenant_id"])
      equal((await found(service, { sort: [{ field, direction: "asc" }] })).length, 3, field);
  }),
  rule("an unknown column is refused without a useful message, another shape of sort with one", async (service) => {
    for (const search of [{ sort: [{ field: "nope" }] }, { filters: [{ field: "nope", operator: "eq" }] }])
      deepEqual((await service.ask("POST", "/connections/search", search)).body, invalid());
    deepEqual((await service.ask("POST", "/connections/search", { sort: "name" })).body, badFilter);
    const { status, body } = await service.ask("GET", "/connections?sort=created_at");
    deepEqual([status, body], [400, badFilter]);
  }),
  rule("a search filters by text, by list and by time", async (service) => {
    await three(service);
    deepEqual(await found(service, condition("eq", { string: nameOf("b") })), ["b"]);
    deepEqual(await found(service, condition("contains", { string: ": C" })), ["c"]);
    deepEqual(await found(service, condition("not_contains", { string: ": b" })), ["a", "c"]);
    deepEqual(await found(service, condition("in", { array: [nameOf("a"), "x"] })), ["a"]);
    deepEqual(await found(service, condition("not_in", { array: [nameOf("a")] })), ["b", "c"]);
    const time = (operator: string, date: string) => ({
      sort: byName,
      filters: [{ field: "created_at", operator, data_type: "date", value: { date } }],
    });
    deepEqual(await found(service, time("after", "2001-01-01T00:00:00Z")), ["a", "b", "c"]);
    deepEqual(await found(service, time("before", "2001-01-01T00:00:00Z")), []);
  }),
  rule("operators that are unknown, gte among them, are dropped without a word", async (service) => {
    await three(service);
    for (const operator of ["gte", "starts_with", "EQ"])
      equal((await found(service, condition(operator, { string: "z" }))).length, 3, operator);
  }),
  rule(
    "an operator with a value of another kind is dropped, and eq with none at all finds nothing",
    async (service) => {
      await three(service);
      for (const [operator, value] of [
        ["contains", { number: 1 }],
        ["in", { array: [] }],
        ["in", { string: "x" }],
        ["gt", { string: "z" }],
        ["before", { string: "z" }],
      ] as const)
        equal((await found(service, condition(operator, value))).length, 3, operator);
      deepEqual(await found(service, condition("eq", {})), []);
    },
  ),
  rule("a condition without a value ends in a 500 without a body", async (service) => {
    const { status, text } = await service.ask("POST", "/connections/search", condition("eq"));
    deepEqual([status, text], [500, ""]);
  }),
  rule("a filter on the status never shows archived rows", async (service) => {
    const [first] = await three(service);
    await service.ask("DELETE", `/connections/${first.id}`);
    const archived = [{ field: "status", operator: "eq", data_type: "string", value: { string: "archived" } }];
    const { body } = await service.ask("POST", "/connections/search", { filters: archived });
    equal(body.connections, null);
    ok(service.own((await service.ask("GET", "/connections")).body).every(({ id }: Body) => id !== first.id));
  }),
  rule("a search needs a body: {} is enough, an empty one is refused", async (service) => {
    equal((await service.ask("POST", "/connections/search", {})).status, 200);
    for (const text of ["", "[]", "x"])
      deepEqual((await service.ask("POST", "/connections/search", text)).body, badFilter, text);
  }),
];
