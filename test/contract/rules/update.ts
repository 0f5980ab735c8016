import { deepEqual, equal, notEqual } from "node:assert/strict";
import { allOff, badFormat, handlerError, invalid, type Rule, rule } from "../rule.js";
import { type Body, nameOf, type Service } from "../service.js";

async function put(service: Service, id: string, body: unknown): Promise<Body> {
  const answer = await service.ask("PUT", `/connections/${id}`, body);
  if (answer.status !== 200) throw new Error(`PUT ${JSON.stringify(body)}: ${answer.status} ${answer.text}`);
  return answer.body;
}

async function refused(service: Service, id: string, body: unknown, message?: string): Promise<void> {
  const answer = await service.ask("PUT", `/connections/${id}`, body);
  deepEqual([answer.status, answer.body], [400, invalid(message)], JSON.stringify(body));
}

/** What an update changes, key by key. */
export const update: readonly Rule[] = [
  rule("a name is replaced; absent, null and empty leave it", async (service) => {
    const { id } = await service.create("s3", { name: nameOf("old") });
    for (const body of [{}, { name: null }, { name: "" }, null])
      equal((await put(service, id, body)).name, nameOf("old"), JSON.stringify(body));
    equal((await put(service, id, { name: nameOf("new") })).name, nameOf("new"));
  }),
  rule("metadata is replaced whole; absent and null leave it, {} empties it", async (service) => {
    const { id } = await service.create("s3", { metadata: { a: 1, b: { c: 2 } } });
    for (const body of [{}, { metadata: null }])
      deepEqual((await put(service, id, body)).metadata, { a: 1, b: { c: 2 } });
    deepEqual((await put(service, id, { metadata: { b: { d: null } } })).metadata, { b: { d: null } });
    equal((await put(service, id, { metadata: {} })).metadata, undefined);
  }),
  rule("sync_config is replaced whole; absent and null leave it, {} turns everything off", async (service) => {
    const before = { invoice: { outbound: true }, customer: { inbound: true } };
    const { id } = await service.create("s3", { sync_config: before });
    const stored = { invoice: { inbound: false, outbound: true }, customer: { inbound: true, outbound: false } };
    for (const body of [{}, { sync_config: null }]) deepEqual((await put(service, id, body)).sync_config, stored);
    const deal = { deal: { outbound: true } };
    deepEqual((await put(service, id, { sync_config: deal })).sync_config, {
      deal: { inbound: false, outbound: true },
    });
    deepEqual((await put(service, id, { sync_config: {} })).sync_config, {});
  }),
  rule("credentials that are absent, null or {} are left alone; a list or a text is refused", async (service) => {
    const { id } = await service.create("s3", { encrypted_secret_data: { aws_access_key_id: "v1" } });
    for (const body of [{}, { encrypted_secret_data: null }, { encrypted_secret_data: {} }])
      await put(service, id, body);
    const look = await service.stored(id);
    if (look !== undefined) deepEqual(look.secrets.aws_access_key_id, { encrypted: "v1" });
    for (const secrets of [[], "x", 1]) {
      const { status, body } = await service.ask("PUT", `/connections/${id}`, { encrypted_secret_data: secrets });
      deepEqual([status, body], [400, badFormat]);
    }
  }),
  rule("provider, status, ids and unknown keys are ignored with 200", async (service) => {
    const row = await service.create("s3");
    const body = { provider_type: "stripe", status: "archived", id: "x", tenant_id: "x", environment_id: "x", nope: 1 };
    const { updated_at: _, ...after } = await put(service, row.id, body);
    const { updated_at: __, ...before } = row;
    deepEqual(after, before);
  }),
  rule("an empty update is 200 and moves updated_at, in whole seconds", async (service) => {
    const row = await service.create("s3");
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    const after = await put(service, row.id, {});
    equal(after.created_at, row.created_at);
    notEqual(after.updated_at, row.updated_at);
  }),
  rule("a bad sync_config is refused before the id is looked up", async (service) => {
    await refused(service, "conn_nope", { sync_config: { plan: { outbound: true } } });
    const { status } = await service.ask("PUT", "/connections/conn_nope", { sync_config: {} });
    equal(status, 404);
  }),
  rule("an unknown id is a 404 that repeats it", async (service) => {
    for (const method of ["GET", "PUT", "DELETE"]) {
      const answer = await service.ask(method, "/connections/conn_nope", method === "PUT" ? {} : undefined);
      const details = { connection_id: "conn_nope" };
      const words = "Connection with ID conn_nope was not found";
      deepEqual([answer.status, answer.body], [404, handlerError(404, "not_found", words, details)], method);
    }
  }),
  rule("whoever writes last wins: there is no version", async (service) => {
    const { id } = await service.create("s3", { metadata: { a: 1 } });
    await put(service, id, { metadata: { a: 1, mine: 1 } });
    deepEqual((await put(service, id, { metadata: { a: 1, theirs: 1 } })).metadata, { a: 1, theirs: 1 });
  }),
  rule("an update keeps what it does not name", async (service) => {
    const row = await service.create("s3", {
      metadata: { a: 1 },
      encrypted_secret_data: { aws_access_key_id: "v1", aws_secret_access_key: "v1" },
    });
    const after = await put(service, row.id, { name: nameOf("renamed") });
    deepEqual([after.metadata, after.sync_config], [{ a: 1 }, allOff]);
    const look = await service.stored(row.id);
    if (look !== undefined) {
      deepEqual(look.secrets, { aws_access_key_id: { encrypted: "v1" }, aws_secret_access_key: { encrypted: "v1" } });
    }
  }),
];
