import type { Catalogue } from "../model/catalogue.js";
import type { Observed } from "../model/connection.js";
import { byText, ownValue } from "../model/json.js";
import type { Change } from "../model/plan.js";
import type { KnownSecrets } from "../model/secret.js";
import { readStamps } from "../state/stamp.js";
import { shownProvider } from "./match.js";
import { frozen, type Planned, summaryOf } from "./plan.js";

/** What a plan to prune goes by. */
export interface PruneContext {
  readonly observed: readonly Observed[];
  /** Ours; without one nothing is pruned. */
  readonly owner: string | undefined;
  readonly catalogue: Catalogue;
  readonly knownSecrets: KnownSecrets;
}

/**
 * Turns a plan into one that archives what no definition claims and what carries our owner's stamp, and does nothing else.
 * Protected connections stay, and so does every one whose stamp is not believed.
 */
export function prunePlan(planned: Planned, context: PruneContext): Planned {
  const { observed, owner } = context;
  const claimed = new Set([...planned.matches.values()].map((found) => (found.kind === "row" ? found.row : undefined)));
  const readings = readStamps(observed);
  const archives = new Map<Change, Observed>();
  for (const row of observed) {
    const reading = readings.get(row);
    if (claimed.has(row) || reading?.kind !== "own" || owner === undefined) continue;
    if (reading.stamp.owner !== owner || reading.stamp.protect) continue;
    archives.set(archiveOf(row, planned, context), row);
  }
  // Definitions stand in the plan as what stays: a share of the changes is a share of them.
  const kept = planned.plan.changes.map(
    (change): Change => ({
      ...change,
      action: "none",
      stamp: false,
      fields: [],
      secrets: [],
      consequences: [],
      dangers: [],
      guarded: false,
    }),
  );
  const changes = [...kept, ...archives.keys()].sort(
    (left, right) =>
      byText(left.providerType, right.providerType) ||
      byText(left.name, right.name) ||
      byText(left.id ?? "", right.id ?? ""),
  );
  const gone = new Set([...archives.values()].map(({ id }) => id));
  const unclaimed = planned.plan.unclaimed.filter(({ id }) => !gone.has(id));
  const plan = frozen({ version: 1 as const, changes, unclaimed, summary: summaryOf(changes, unclaimed, 0) });
  return { ...planned, plan, sources: new Map(), archives };
}

function archiveOf(
  row: Observed,
  { plan }: Planned,
  { catalogue, knownSecrets }: Pick<PruneContext, "catalogue" | "knownSecrets">,
): Change {
  const { id, providerType } = row;
  const facts = ownValue(catalogue.providers, providerType);
  const shown = shownProvider(row, catalogue, knownSecrets);
  const created = plan.changes.filter(
    ({ action, providerType: type }) => action === "create" && type === providerType && facts?.identity === "name",
  );
  return {
    action: "archive",
    name: knownSecrets.mask(row.name),
    providerType: shown,
    id,
    stamp: false,
    stampParts: [],
    fields: [],
    secrets: [],
    consequences: [],
    dangers: [
      `${id} is archived for good, with its credentials; nothing brings it back`,
      "its scheduled exports are deleted",
      `nothing is synced with ${facts?.title ?? shown} through it any more`,
      ...created.map(
        ({ name, file, line }) =>
          `may be the connection that "${name}" at ${file}:${line} renames: then give that definition id: ${id}`,
      ),
    ],
    guarded: true,
    isProtected: false,
    keptKeys: 0,
  };
}
