import { type Account, type EnvironmentFacts, type ErrorShape, FIRST_WRITE_SHOWS } from "../model/account.js";
import type { Catalogue } from "../model/catalogue.js";
import type { Check } from "../model/check.js";
import type { Desired, Observed } from "../model/connection.js";
import type { FingerprintKeys } from "../model/fingerprint.js";
import { isObject, ownValue } from "../model/json.js";
import type { Change, Plan, Source } from "../model/plan.js";
import { error, type Problem } from "../model/problem.js";
import { variablesIn } from "../model/reference.js";
import type { KnownSecrets } from "../model/secret.js";

/*
 * What is told of each thing that is looked at. Facts of the service: the API contract that this project keeps
 * (docs/decisions/0002).
 */

/** A check before it is known which environment it is about. */
export type Finding = Omit<Check, "environment">;

export function ok(name: string, message: string): Finding {
  return { name, status: "ok", message };
}

export function warn(name: string, message: string, hint: string): Finding {
  return { name, status: "warn", message, hint };
}

/** A problem, as the check that failed by it. */
export function fail(name: string, problem: Problem): Finding {
  const { message, hint } = problem;
  return { name, status: "fail", message, problem, ...(hint === undefined ? {} : { hint }) };
}

/** Names of variables; never what they hold. @param missing - those without a value */
export function variablesCheck(named: readonly string[], missing: readonly string[]): Finding {
  if (missing.length === 0) return ok("variables", `all ${named.length} that the definitions take are set.`);
  const hint = "set them where this runs with secrets; plan goes without them, a write that needs one does not.";
  return warn("variables", `${missing.length} of ${named.length} are not set or empty: ${missing.join(", ")}.`, hint);
}

export function fingerprintsCheck({ current, previous }: FingerprintKeys, isStamped: boolean): Finding {
  if (!isStamped) return ok("fingerprints", "stamps are off, so there are none.");
  if (current === undefined) {
    const hint = "make a key with flexprice-sync keygen, and give it to every run as FLEXPRICE_SYNC_FINGERPRINT_KEY.";
    return warn("fingerprints", "there is no key for them, so nothing tells whether a secret changed.", hint);
  }
  const exchanged = previous === undefined ? "" : ` (${previous.id} before it, while it is being exchanged)`;
  return ok("fingerprints", `made with the key ${current.id}${exchanged}.`);
}

export function keyCheck({ id, name, isService }: Account): Finding {
  const whose = name === undefined ? id : `${name} (${id})`;
  return ok("key", `it belongs to the ${isService ? "service account" : "user"} ${whose}.`);
}

export function tenantCheck({ tenant: { id, name, status } }: Account): Finding {
  if (status !== "suspended") return ok("tenant", `${name === "" ? id : `${name} (${id})`}.`);
  const detail = `${name} (${id}) is suspended: it can be read, and every write is refused.`;
  const hint = "ask whoever runs the tenant's account.";
  return fail("tenant", error("SERVICE.FORBIDDEN", detail, { hint }));
}

const WRITERS: ReadonlySet<string> = new Set(["super_admin", "all_writer"]);

/** Whether a key can write. A key has a copy of its user's roles from when it was made, which no call shows. */
export function roleCheck({ roles }: Account): Finding {
  const copied = "its key has a copy of that from when it was made";
  if (roles.some((role) => WRITERS.has(role))) return ok("role", `${roles.join(", ")}: enough to write; ${copied}.`);
  const hint =
    "plan and pull work; for apply take a key of a person with all_writer, or of a service account with super_admin.";
  if (roles.length === 0) return warn("role", "it has none, so it can read and not write.", hint);
  return warn("role", `${roles.join(", ")}: not enough to write.`, hint);
}

/** Which environment the rows show, and whether that is the one that is meant. */
export function environmentCheck(
  seen: string | null,
  expected: string | undefined,
  facts: EnvironmentFacts | undefined,
): Finding {
  const id = seen ?? expected;
  const named =
    facts === undefined || facts.name === "" ? "" : ` (${[facts.name, facts.type].filter(Boolean).join(", ")})`;
  if (seen !== null && expected !== undefined) return ok("environment", `${seen}${named}, as expected.`);
  if (seen !== null) {
    const hint = `write environment_id: ${seen} into the settings, or set FLEXPRICE_ENVIRONMENT_ID: then a key of another environment is refused.`;
    return warn("environment", `${seen}${named}; nothing says that this is the one you mean.`, hint);
  }
  const hint = FIRST_WRITE_SHOWS;
  if (id === undefined) return warn("environment", "not known: there is no connection to show it.", hint);
  return warn("environment", `${id}${named} is expected; no connection confirms that the key belongs to it.`, hint);
}

/** Seconds that the clocks of two machines may differ by before it matters. */
const MOST_SKEW_MS = 60_000;

/** @param skewMs - how far the service's clock is ahead; absent where it does not say */
export function clockCheck(skewMs: number | undefined): Finding {
  if (skewMs === undefined)
    return warn("clock", "the service does not say what time it has.", "nothing has to be done.");
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  if (Math.abs(skewMs) <= MOST_SKEW_MS) return ok("clock", `as the service's, to within ${Math.max(1, seconds)} s.`);
  const hint =
    "set the clock of this machine: a saved plan expires by it, and waits that the service asks for go by it.";
  return warn("clock", `this machine is ${seconds} s ${skewMs > 0 ? "behind" : "ahead of"} the service.`, hint);
}

export function serviceCheck(shape: ErrorShape): Finding {
  switch (shape) {
    case "present":
      return ok("service", "it words its errors as it has since April 2026.");
    case "old":
      return warn(
        "service",
        "it is from before April 2026: newer credentials, such as those of Zoho Books, it may not update although it answers 200.",
        "update the server; until then look at what a write of credentials has done.",
      );
    default:
      return warn(
        "service",
        "it words its errors in no known form: something may stand between here and it, or it is of another version.",
        "look at what a wrong id is answered with: plan -v.",
      );
  }
}

/** Rows of a provider that may have one. */
export function twinsCheck(rows: readonly Observed[], { providers }: Catalogue): Finding {
  const byProvider = new Map<string, Observed[]>();
  for (const row of rows) byProvider.set(row.providerType, [...(byProvider.get(row.providerType) ?? []), row]);
  const twins = [...byProvider].filter(
    ([type, all]) => all.length > 1 && ownValue(providers, type)?.identity === "provider",
  );
  if (twins.length === 0) return ok("twins", "no provider has two connections that could be meant.");
  const told = twins.map(([type, all]) => `${type}: ${all.map(({ id }) => id).join(", ")}`).join("; ");
  const hint = "the service takes one of each: look which one works, archive the other, or give definitions their id:.";
  return warn("twins", `several connections of one provider: ${told}.`, hint);
}

/** Rows that consent in a browser began: one that was never finished stays and blocks others. */
export function consentCheck(rows: readonly Observed[], { providers }: Catalogue): Finding {
  const begun = rows.filter(
    ({ providerType, createdBy, tenantId }) =>
      ownValue(providers, providerType)?.oauth === true && createdBy !== undefined && createdBy === tenantId,
  );
  if (begun.length === 0) return ok("consent", "no connection was begun in a browser.");
  const told = begun.map(({ id, providerType }) => `${id} (${providerType})`).join(", ");
  const hint =
    "if it syncs, all is well: adopt it. If the consent was never finished, it blocks a new one until it is archived in the dashboard.";
  return warn("consent", `begun in a browser: ${told}.`, hint);
}

/** Connections that lost the mark by which a later run knows what is ours: consent in a browser empties the metadata, and so may a form. */
export function stampsCheck(sources: Iterable<Source>, isOn: boolean, knownSecrets: KnownSecrets): Finding {
  if (!isOn) return ok("stamps", "they are off.");
  const existing = [...sources].flatMap(({ observed, stamp }) =>
    observed === undefined ? [] : [{ row: observed, stamp }],
  );
  const bare = existing.filter(({ stamp }) => stamp === undefined).map(({ row }) => row);
  if (existing.length === 0) return ok("stamps", "there is no connection of a definition yet.");
  if (bare.length === 0) return ok("stamps", `on each of ${existing.length} that the definitions mean.`);
  const hint = "apply --adopt puts it on; until then removed keys are kept and changed secrets are unknown.";
  if (bare.length === existing.length) return warn("stamps", "no connection carries one.", hint);
  const told = bare.map(({ id, name }) => `"${knownSecrets.mask(name)}" (${id})`).join(", ");
  return warn("stamps", `${bare.length} of ${existing.length} carry none: ${told}.`, hint);
}

/** Differences that a visit to a form of the dashboard leaves: it drops the entities that it does not show, and consent empties the metadata. */
export function driftCheck(
  { changes }: Plan,
  sources: ReadonlyMap<Change, Source>,
  { catalogue, knownSecrets }: { readonly catalogue: Catalogue; readonly knownSecrets: KnownSecrets },
): Finding {
  const differing = changes.filter(({ action }) => action === "update" || action === "create");
  const edited = differing.filter((change) => looksLikeDashboard(change, sources.get(change), catalogue));
  if (edited.length > 0) {
    const told = edited.map(({ name, id }) => `"${knownSecrets.mask(name)}" (${id})`).join(", ");
    const hint = "look at plan; apply puts it back. docs/dashboard-edits.md says what such a visit does.";
    return warn("drift", `looks like an edit in the dashboard: ${told}.`, hint);
  }
  if (differing.length === 0) return ok("drift", "the service has what the definitions say, as far as it shows.");
  const are = differing.length === 1 ? "1 connection differs" : `${differing.length} connections differ`;
  return ok("drift", `${are} from the definitions; plan shows how.`);
}

/** Only what we have written before can have been taken away; consent takes the mark of that away, too. */
function looksLikeDashboard({ action, fields, id }: Change, source: Source | undefined, catalogue: Catalogue): boolean {
  const row = source?.observed;
  if (action !== "update" || row === undefined || id === undefined) return false;
  const owns = source?.stamp?.owns ?? {};
  const dropped = fields.filter(({ path, keys, before, after }) => {
    const [top, entity = ""] = keys;
    const isGone = isObject(row.syncConfig) && !Object.hasOwn(row.syncConfig, entity);
    return top === "sync_config" && isGone && after === true && before !== true && Object.hasOwn(owns, path);
  });
  const isByConsent = ownValue(catalogue.providers, row.providerType)?.oauth === true;
  const isEmptied = isByConsent && row.metadata === null && fields.some(({ keys }) => keys[0] === "metadata");
  return dropped.length > 0 || isEmptied;
}

/** Variables that definitions name, and those of them without a value. */
export function variablesOf(desired: readonly Desired[]): {
  readonly named: readonly string[];
  readonly missing: readonly string[];
} {
  const missing = new Set(
    desired.flatMap(({ credentials, unresolved }) => [
      ...credentials.flatMap(({ value }) => (value.kind === "unresolved" ? [value.reference.variable] : [])),
      ...unresolved.map(({ variable }) => variable),
    ]),
  );
  const named = desired.flatMap(({ definition: { credentials, metadata = {}, syncConfig = {} } }) => [
    ...credentials.flatMap(({ written }) => variablesIn(written)),
    ...variablesIn(metadata),
    ...variablesIn(syncConfig),
  ]);
  return { named: [...new Set(named)].sort(), missing: [...missing].sort() };
}
