import fc from "fast-check";
import { nothingGiven, readGiven } from "../../../src/load/given.js";
import type { JsonObject } from "../../../src/model/json.js";
import { reconcile } from "../../../src/reconcile.js";
import { allSites, sitesFor } from "../../../src/setup/sites.js";
import { sealed } from "../../../src/state/seal.js";
import { editedBytes } from "../edits.js";
import { editedJson } from "../json-edits.js";
import { MemoryService, memoryFiles, rowOf } from "../memory.js";
import type { Seen } from "../seen.js";
import { invocationOf, ran, worldOf } from "../story.js";
import type { Target } from "../target.js";

const definitions = `name: Stripe
provider_type: stripe
encrypted_secret_data: { secret_key: "\${SK}", webhook_secret: "\${SK}" }
metadata: { team: billing, note: "\${SK}" }
sync_config: { invoice: { outbound: true }, customer: { inbound: true } }
---
name: Exports
provider_type: s3
encrypted_secret_data: { aws_access_key_id: "\${SK}", aws_secret_access_key: "\${SK}" }
metadata: { team: data }
sync_config: { s3: { bucket: b, region: eu } }
`;

const disk = new Map<string, Uint8Array>([["connections/a.yaml", Buffer.from(definitions)]]);

const rows = [
  rowOf({
    id: "conn_stripe",
    name: "Stripe of old",
    provider_type: "stripe",
    metadata: { team: "old", kept: [1, { a: "b" }] },
    sync_config: { invoice: { outbound: false }, deal: { outbound: true } },
  }),
];

const service = () => new MemoryService(rows);

/** A plan as it is saved, and what carrying it out writes. */
const good = await (async () => {
  const files = memoryFiles(disk);
  const saves = { file: "plan.json", expiresInMs: 86_400_000, sameTarget: "" };
  const { world } = worldOf({ files, send: service().send });
  const plans: object[] = [];
  for (const more of [{}, { writeSecrets: "all" }, { adopt: true }, { replaces: ["Stripe"] }] as const) {
    const { saved, problems } = await reconcile(invocationOf("plan", { saves, ...more }), world);
    if (saved === undefined) throw new Error(`no plan was saved: ${JSON.stringify(problems)}`);
    plans.push(JSON.parse(JSON.stringify(saved.document)));
  }
  const recoveries: object[] = [];
  const refusing = new MemoryService(rows);
  const keeping = worldOf({
    files,
    send: async (request) =>
      request.method === "POST"
        ? { status: 400, contentType: "application/json", contentEncoding: "", text: "{}" }
        : refusing.send(request),
  }).world;
  const recovering = {
    ...keeping,
    recoveries: {
      keep(id: string, text: string) {
        recoveries.push(JSON.parse(text));
        return `flexprice-sync-recovery-${id}.json`;
      },
      remove: () => {},
    },
  };
  await reconcile(invocationOf("apply", { replaces: ["Stripe"] }), recovering);
  if (recoveries.length === 0) throw new Error("the replace that broke off has left no file");
  return { plans, recoveries };
})();

/** A document after its digest was made anew: whoever alters one on purpose can do that. */
function resealed(text: string): string {
  try {
    const { digest: _digest, ...document } = JSON.parse(text) as JsonObject;
    return JSON.stringify(sealed(document));
  } catch {
    return text;
  }
}

function inputsOf(documents: readonly object[]): fc.Arbitrary<Uint8Array> {
  const texts = documents.map((document) => `${JSON.stringify(document, null, 2)}\n`);
  const bytes = (text: string) => Buffer.from(text);
  return fc.oneof(
    { arbitrary: editedJson(documents).map(resealed).map(bytes), weight: 10 },
    { arbitrary: editedBytes(texts), weight: 4 },
    { arbitrary: editedJson(documents).map(bytes), weight: 3 },
    { arbitrary: editedJson(documents).map((text) => bytes(`${text} `.repeat(2))), weight: 1 },
  );
}

/** Carries a file out, as `apply` does that is given it. */
async function carriedOut(name: string, input: Uint8Array, option: "planFile" | "recoveryFile") {
  const files = new Map<string, Uint8Array>([...disk, [name, input]]);
  const before = option === "planFile" ? service() : new MemoryService([]);
  const all = memoryFiles(files);
  const given = readGiven({ [option]: name }, all);
  const { sites, problems } = sitesFor(allSites(undefined), { command: "apply", env: [], paths: [] }, given, all);
  const asked = invocationOf("apply", { given, problems, yes: false });
  const environments = asked.environments.flatMap((one) =>
    sites.map(({ name: environment }) => ({ ...one, name: environment })),
  );
  const { run, seen } = await ran(
    { ...asked, environments },
    { files: all, send: before.send },
    { files, writes: before.writes },
  );
  return { run, seen, service: before };
}

/** A write without its marks, which a salt of the file makes others. */
function unmarked(service: MemoryService): readonly string[] {
  return service.writes.map((write, at) => {
    const body = (service.bodies[at] ?? "").replaceAll(/"flexprice_sync":"(?:[^"\\]|\\.)*",?/g, "");
    return `${write} ${body}`;
  });
}

/** What this run would plan itself, with the options that a plan can name. */
const rightWrites = await (async () => {
  const right = new Set<string>();
  const files = memoryFiles(disk);
  for (const adopt of [false, true])
    for (const writeSecrets of ["none", "all"] as const)
      for (const replaces of [[], ["Stripe"]])
        for (const only of [[], ["Stripe"], ["Exports"]]) {
          const live = service();
          const { world } = worldOf({ files, send: live.send });
          await reconcile(invocationOf("apply", { adopt, writeSecrets, replaces, only, given: nothingGiven }), world);
          for (const write of unmarked(live)) right.add(write);
        }
  return right;
})();

/** Saved plans: what is in the file is not believed, and nothing is written but what this run would plan itself. */
export const plans: Target = {
  name: "plans",
  extension: "json",
  share: 14,
  inputs: inputsOf(good.plans),
  async run(input): Promise<Seen> {
    const { seen, service: after } = await carriedOut("plan.json", input, "planFile");
    const wrong = unmarked(after).filter((write) => !rightWrites.has(write));
    return { ...seen, complaints: wrong.map((write) => `write: a plan in a file has brought ${write.slice(0, 300)}`) };
  },
};

/** What a replace has left: it creates one connection, the one of the definition, or none. */
export const recoveries: Target = {
  name: "recoveries",
  extension: "json",
  share: 8,
  inputs: inputsOf(good.recoveries),
  async run(input): Promise<Seen> {
    const { seen, service: after } = await carriedOut(
      "flexprice-sync-recovery-conn_stripe.json",
      input,
      "recoveryFile",
    );
    const isRight =
      after.writes.length === 0 || (after.writes.length === 1 && after.writes[0] === "POST /v1/connections");
    return { ...seen, complaints: isRight ? [] : [`write: a recovery file has brought ${after.writes.join(", ")}`] };
  },
};
