import fc from "fast-check";
import { isObject, type Json, type JsonObject } from "../../../src/model/json.js";
import { reconcile } from "../../../src/reconcile.js";
import { edited, edits } from "../edits.js";
import { editedJson, jsonEdits, jsonWith, jsonWithin } from "../json-edits.js";
import { MemoryService, memoryFiles, rowsIn } from "../memory.js";
import { definitionTexts, matchingRows, recordedAnswers } from "../samples.js";
import { API_KEY, CANARY, idsIn, joined, type Seen } from "../seen.js";
import { invocationOf, ran, worldOf } from "../story.js";
import type { Target } from "../target.js";

const names = ["stripe", "exports", "hubspot", "chargebee", "paddle", "quickbooks"];

const disk = new Map<string, Uint8Array>(
  definitionTexts
    .filter(
      (text) =>
        names.some((name) => text.includes(`provider_type: ${name === "exports" ? "s3" : name}\n`)) &&
        !text.includes("&"),
    )
    .map((text, index) => [`connections/${index}.yaml`, Buffer.from(text)] as const),
);

/** Rows as they are after an apply of ours, with real stamps. */
const rows = await (async () => {
  const service = new MemoryService(matchingRows);
  const { world } = worldOf({ files: memoryFiles(disk), send: service.send });
  await reconcile(invocationOf("apply", { adopt: true, writeSecrets: "all" }), world);
  return service.rows;
})();

const stampsOf = rows.flatMap(({ metadata }) =>
  isObject(metadata) && typeof metadata["flexprice_sync"] === "string" ? metadata["flexprice_sync"] : [],
);

/** Texts that the service may repeat although nobody should see them. */
const secrets = [CANARY, API_KEY, `Bearer ${API_KEY}`, Buffer.from(CANARY).toString("base64"), `a ${CANARY} b`];

const listOf = (all: readonly Json[]) => ({ connections: all, total: all.length, limit: 50, offset: 0 });

/** The text of a stamp: one of ours with edits, as data or as text. */
const stamp = fc.oneof(
  {
    arbitrary: editedJson(
      stampsOf.map((text) => JSON.parse(text)),
      secrets,
    ),
    weight: 6,
  },
  {
    arbitrary: fc
      .record({ number: fc.nat(99), done: edits })
      .map(({ number, done }) => Buffer.from(edited(stampsOf, number, done)).toString("utf8")),
    weight: 3,
  },
  {
    arbitrary: fc.constantFrom(
      "",
      "{}",
      "[]",
      "null",
      '{"v":1}',
      '{"v":2}',
      '{"v":1e400}',
      "x".repeat(300_000),
      ...secrets,
    ),
    weight: 1,
  },
);

const stamped = fc
  .record({ at: fc.nat(99), stamp, more: fc.option(jsonEdits(secrets), { freq: 1 }) })
  .map(({ at, stamp: text, more }) => {
    const all = rows.map((row, index): JsonObject => {
      if (index !== at % rows.length) return row;
      const { metadata } = row;
      return { ...row, metadata: { ...(isObject(metadata) ? metadata : {}), flexprice_sync: text } };
    });
    return more === null ? JSON.stringify(listOf(all)) : jsonWith(listOf(all), more);
  });

/** One row in which one part is wrong: the others are read with it. */
const wrongWithin = fc
  .record({ at: fc.nat(99), part: fc.constantFrom("metadata", "sync_config"), done: jsonEdits(secrets) })
  .map(({ at, part, done }) => {
    const all = rows.map((row, index) =>
      index === at % rows.length ? jsonWithin(row, part, done) : JSON.stringify(row),
    );
    return `{"connections":[${all.join(",")}],"total":${all.length}}`;
  });

/** Rows of the service as it answers them, and our stamps on them: planned, applied, adopted and pruned. */
export const stamps: Target = {
  name: "stamps",
  extension: "json",
  share: 12,
  inputs: fc
    .oneof(
      { arbitrary: stamped, weight: 6 },
      { arbitrary: wrongWithin, weight: 6 },
      { arbitrary: editedJson([listOf(rows), listOf(matchingRows)], secrets), weight: 5 },
      { arbitrary: editedJson(recordedAnswers, secrets), weight: 1 },
    )
    .map((text) => Buffer.from(text)),
  async run(input): Promise<Seen> {
    const list = Buffer.from(input).toString("utf8");
    const files = memoryFiles(disk);
    const applied = new MemoryService(rowsIn(list), list);
    const first = await ran(
      invocationOf("apply"),
      { files, send: applied.send, hasKey: input.length % 3 > 0 },
      { files: disk, writes: applied.writes },
    );
    const adopting = invocationOf("apply", { adopt: true, writeSecrets: "all" });
    const adopted = new MemoryService(rowsIn(list), list);
    const second = await ran(
      adopting,
      { files, send: adopted.send },
      { files: disk, writes: adopted.writes },
      first.run,
    );
    const pruned = new MemoryService(rowsIn(list), list);
    const third = await ran(
      invocationOf("prune"),
      { files, send: pruned.send },
      { files: disk, writes: pruned.writes },
      first.run,
    );
    const wrong = pruned.writes.filter((write) => !mayBePruned(write, rowsIn(list)));
    const { noWrites: _reads, ...prune } = third.seen;
    return joined([
      first.seen,
      second.seen,
      { ...prune, ids: idsIn(list), complaints: wrong.map((write) => `write: prune has sent ${write}`) },
    ]);
  },
};

/** Only what carries our owner's stamp, with its own id or none, is archived. */
function mayBePruned(write: string, all: readonly JsonObject[]): boolean {
  const [method, path = ""] = write.split(" ");
  const row = all.find(({ id }) => id === decodeURIComponent(path.split("/").at(-1) ?? ""));
  if (method !== "DELETE" || !isObject(row?.["metadata"])) return false;
  const text = row["metadata"]["flexprice_sync"];
  const { owner, id, protect } = JSON.parse(String(text)) as JsonObject;
  return owner === "acme" && (id === undefined || id === null || id === row["id"]) && protect !== true;
}
