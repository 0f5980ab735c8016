import { deepEqual, equal, notEqual } from "node:assert/strict";
import { type Rule, rule } from "../rule.js";
import type { Body } from "../service.js";

/** What is left of a connection that was deleted. */
export const archive: readonly Rule[] = [
  rule("a delete is 204 without a body; afterwards GET, PUT and DELETE are 404", async (service) => {
    const { id } = await service.create("s3");
    const { status, text } = await service.ask("DELETE", `/connections/${id}`);
    deepEqual([status, text], [204, ""]);
    for (const method of ["GET", "PUT", "DELETE"]) {
      const answer = await service.ask(method, `/connections/${id}`, method === "PUT" ? { name: "x" } : undefined);
      deepEqual([answer.status, answer.body.code], [404, "not_found"], method);
    }
  }),
  rule("nothing lists an archived row, and its provider is free again", async (service) => {
    const first = await service.create("stripe");
    await service.ask("DELETE", `/connections/${first.id}`);
    const second = await service.create("stripe");
    notEqual(second.id, first.id);
    for (const query of ["", "?status=archived", `?connection_ids=${first.id}`]) {
      const { body } = await service.ask("GET", `/connections${query}`);
      equal((body.connections ?? []).filter(({ id }: Body) => id === first.id).length, 0, query);
    }
  }),
];
