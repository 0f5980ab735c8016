import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import { allOff, badFormat, handlerError, type Rule, rule } from "../rule.js";
import { nameOf } from "../service.js";

/** The connection, its fields, and how bodies are read. */
export const object: readonly Rule[] = [
  rule("a connection has these fields, in this order", async (service) => {
    const row = await service.create("s3", { metadata: { a: "1" } });
    deepEqual(Object.keys(row), [
      "id",
      "name",
      "provider_type",
      "environment_id",
      "tenant_id",
      "status",
      "metadata",
      "sync_config",
      "created_at",
      "updated_at",
      "created_by",
      "updated_by",
    ]);
    match(row.id, /^conn_[0-9A-HJKMNP-TV-Z]{26}$/);
    equal(row.status, "published");
  }),
  rule("no answer holds a secret or a hint of one", async (service) => {
    const mark = "contract-5ecr3t";
    const secrets = { aws_access_key_id: mark, aws_secret_access_key: mark };
    const { id } = await service.create("s3", { encrypted_secret_data: secrets });
    await service.ask("GET", `/connections/${id}`);
    await service.ask("GET", "/connections");
    await service.ask("PUT", `/connections/${id}`, { encrypted_secret_data: secrets });
    for (const { path, text } of service.asked) ok(!text.includes(mark), path);
    ok(!("encrypted_secret_data" in (await service.ask("GET", `/connections/${id}`)).body));
  }),
  rule("times have whole seconds and an offset", async (service) => {
    const row = await service.create("s3");
    for (const at of [row.created_at, row.updated_at]) match(at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[-+]\d\d:\d\d)$/);
  }),
  rule("empty metadata is left out of answers, whether null or {}", async (service) => {
    for (const more of [{}, { metadata: null }, { metadata: {} }])
      ok(!("metadata" in (await service.create("s3", more))), JSON.stringify(more));
  }),
  rule("no stored sync_config reads as eight entities all off, a stored {} as {}", async (service) => {
    deepEqual((await service.create("s3")).sync_config, allOff);
    deepEqual((await service.create("s3", { sync_config: null })).sync_config, allOff);
    deepEqual((await service.create("s3", { sync_config: {} })).sync_config, {});
  }),
  rule("a name is kept as it is, blanks too, and need not be the only one", async (service) => {
    equal((await service.create("s3", { name: "   " })).name, "   ");
    const name = nameOf("twins");
    notEqual((await service.create("s3", { name })).id, (await service.create("s3", { name })).id);
  }),
  rule("a name of 255 characters is taken, one of 256 is a 500, and so is an empty one", async (service) => {
    equal([...(await service.create("s3", { name: "é".repeat(255) })).name].length, 255);
    for (const name of ["x".repeat(256), "", null]) {
      const { status, body } = await service.ask("POST", "/connections", { name, provider_type: "s3" });
      deepEqual([status, body], [500, handlerError(500, "database_error", "Failed to create connection")]);
    }
    const { id } = await service.create("s3");
    const put = await service.ask("PUT", `/connections/${id}`, { name: "x".repeat(256) });
    deepEqual([put.status, put.body], [500, handlerError(500, "database_error", "Failed to update connection")]);
  }),
  rule("numbers in metadata pass through 64-bit floats", async (service) => {
    const body = `{"name":"${nameOf("numbers")}","provider_type":"s3","metadata":{"n":9007199254740993,"f":1.5,"e":1e3}}`;
    const { text } = await service.ask("POST", "/connections", body);
    match(text, /"n":9007199254740992/);
    match(text, /"f":1.5/);
    match(text, /"e":1000/);
  }),
  rule("metadata is free JSON", async (service) => {
    const metadata = { t: "x", n: 1, b: false, z: null, l: [1, [2]], o: { p: { q: "" } }, "": 1, "a.b": 2 };
    deepEqual((await service.create("s3", { metadata })).metadata, metadata);
  }),
  rule("a NUL cannot be stored", async (service) => {
    const answer = await service.ask("POST", "/connections", { name: "a\0b", provider_type: "s3" });
    deepEqual([answer.status, answer.body?.code], [500, "database_error"]);
  }),
  rule("unknown keys are dropped, and keys match whatever their case", async (service) => {
    const row = await service.create("s3", { nope: 1, NAME: nameOf("case"), Metadata: { K: "v" } });
    equal(row.name, nameOf("case"));
    deepEqual(row.metadata, { K: "v" });
    ok(!("nope" in row));
  }),
  rule("what follows the first JSON value is ignored", async (service) => {
    const { status } = await service.ask(
      "POST",
      "/connections",
      `{"name":"${nameOf("more")}","provider_type":"s3"} }{ x`,
    );
    equal(status, 201);
  }),
  rule("of a key that stands twice the last one wins", async (service) => {
    const { id } = await service.create("s3");
    const { body } = await service.ask("PUT", `/connections/${id}`, '{"name":"first","name":"last"}');
    equal(body.name, "last");
  }),
  rule("the body of a write must be a JSON object with values of the right type", async (service) => {
    const { id } = await service.create("s3");
    const wrong = ["", "{", "[]", '"x"', '{"name":1}', '{"metadata":[]}', '{"sync_config":"x"}', '{"metadata":"x"}'];
    for (const text of [...wrong, '{"sync_config":{"invoice":{"outbound":"yes"}}}', '{"sync_config":{"s3":[]}}']) {
      for (const [method, path] of [
        ["POST", "/connections"],
        ["PUT", `/connections/${id}`],
      ] as const) {
        const { status, body } = await service.ask(method, path, text);
        deepEqual([status, body], [400, badFormat], `${method} ${text}`);
      }
    }
  }),
];
