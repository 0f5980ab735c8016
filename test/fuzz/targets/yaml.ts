import fc from "fast-check";
import type { Run } from "../../../src/model/run.js";
import { editedBytes } from "../edits.js";
import { editedJson, jsonEdits, jsonWithin } from "../json-edits.js";
import { MemoryService, memoryFiles } from "../memory.js";
import { definitions, definitionTexts, matchingRows } from "../samples.js";
import { joined, nothingSeen, type Seen } from "../seen.js";
import { invocationOf, ran } from "../story.js";
import type { Target } from "../target.js";
import { isRefused } from "../told.js";
import { costlyTexts, yamlTexts } from "../yaml-texts.js";

const bytesOf = (text: string) => Buffer.from(text, "utf8");

/** Files of definitions: loaded, checked, planned against a service that is empty, and applied to one that has other things. */
export const yaml: Target = {
  name: "yaml",
  extension: "yaml",
  share: 28,
  inputs: fc.oneof(
    { arbitrary: editedBytes(definitionTexts), weight: 10 },
    // JSON is YAML; these are definitions in their shape, and more of them come through.
    { arbitrary: editedJson(definitions).map(bytesOf), weight: 10 },
    {
      arbitrary: fc
        .record({
          number: fc.nat(99),
          part: fc.constantFrom("metadata", "metadata", "sync_config", "encrypted_secret_data"),
          done: jsonEdits(),
        })
        .map(({ number, part, done }) =>
          bytesOf(jsonWithin(definitions[number % definitions.length] ?? {}, part, done)),
        ),
      weight: 10,
    },
    { arbitrary: yamlTexts.map(bytesOf), weight: 6 },
    { arbitrary: costlyTexts.map(bytesOf), weight: 1 },
    { arbitrary: fc.uint8Array({ maxLength: 200 }), weight: 1 },
  ),
  async run(input) {
    const files = new Map([["connections/a.yaml", input]]);
    const disk = memoryFiles(files);
    const empty = new MemoryService([]);
    const planned = await ran(invocationOf("plan"), { files: disk, send: empty.send }, { files, writes: empty.writes });
    const full = new MemoryService(matchingRows);
    const hasKey = input.length % 2 === 0;
    const told = { files, writes: full.writes };
    const applied = await ran(invocationOf("apply"), { files: disk, send: full.send, hasKey }, told, planned.run);
    if (!isRefused(planned.run)) return joined([planned.seen, applied.seen, lostIn(planned.run)]);
    const checked = await ran(
      invocationOf("validate"),
      { files: disk, send: empty.send },
      { files, writes: empty.writes },
      planned.run,
    );
    return joined([planned.seen, applied.seen, checked.seen]);
  },
};

/** A definition without a plan and without a word about it: a prune would take its connection for nobody's. */
function lostIn({ definitions: read, targets }: Run): Seen {
  const planned = targets[0]?.plan?.changes.length ?? 0;
  return planned === read
    ? nothingSeen
    : { ...nothingSeen, complaints: [`lost: ${read - planned} of ${read} definitions`] };
}
