import { deepEqual, equal } from "node:assert/strict";
import { type Rule, rule } from "../rule.js";

/** Keys and environments. */
export const access: readonly Rule[] = [
  rule("no key and a bad key are the same 401, in a body of its own", async (service) => {
    for (const key of ["", "sk_nope", "pk_01K0000000000000000000000"]) {
      const { status, body } = await service.ask("GET", "/connections", undefined, { "x-api-key": key });
      deepEqual([status, body], [401, { error: "Unauthorized" }], key);
    }
  }),
  rule("where the key is none, the Authorization header is looked at", async (service) => {
    for (const [authorization, error] of [
      ["sk_nope", "Invalid authorization header format"],
      ["bearer x", "Invalid authorization header format"],
      ["Bearer x.y.z", "Invalid token"],
    ] as const) {
      const headers = { "x-api-key": "", authorization };
      const { status, body } = await service.ask("GET", "/connections", undefined, headers);
      deepEqual([status, body], [401, { error }], authorization);
    }
  }),
  rule("X-Tenant-ID is not read", async (service) => {
    equal((await service.ask("GET", "/connections", undefined, { "x-tenant-id": "tenant_nope" })).status, 200);
  }),
  rule("another environment in the header is ignored by a bound key, and refused for others", async (service) => {
    const { id, environment_id: environment } = await service.create("s3");
    const { status, body } = await service.ask("GET", `/connections/${id}`, undefined, {
      "x-environment-id": "env_nope",
    });
    if (status === 200) equal(body.environment_id, environment);
    else deepEqual([status, body], [403, { error: "Access denied", message: "Invalid or inaccessible environment" }]);
  }),
];
