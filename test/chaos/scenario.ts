import type { Json, JsonObject } from "../../src/model/json.js";
import type { SeedConnection } from "../../src/sandbox/seed.js";
import { Draws } from "./draws.js";

/** What a file says of one connection. */
export interface Wanted {
  readonly name: string;
  readonly provider: string;
  readonly metadata?: JsonObject;
  readonly syncConfig?: JsonObject;
  readonly exact: readonly ("metadata" | "sync_config")[];
}

/** How a run is made, and how it ends. */
export type Step =
  | { readonly kind: "apply" | "saved" | "prune" }
  | { readonly kind: "replace"; readonly names: readonly string[] }
  /** Told to end after so long, and broken off so much later. */
  | { readonly kind: "interrupt"; readonly afterMs: number; readonly graceMs: number }
  /** The process is gone after so long, in the middle of whatever it does. */
  | { readonly kind: "crash"; readonly afterMs: number; readonly names: readonly string[] };

export interface Turn {
  readonly step: Step;
  /** What the files say by then. */
  readonly wanted: readonly Wanted[];
  /** What a person changes on the service before the run, in rows by their names. */
  readonly edits: readonly Edit[];
}

export interface Edit {
  readonly name: string;
  readonly key: string;
  readonly value: Json;
}

/** One world: what is there, what is wanted, what goes wrong. */
export interface Scenario {
  readonly seed: number;
  readonly rows: readonly SeedConnection[];
  readonly turns: readonly Turn[];
  readonly parallelism: number;
  readonly stamps: boolean;
  /** Whose definitions these are; only whoever says that may prune. */
  readonly owner?: string;
  readonly hasKey: boolean;
  readonly adopt: boolean;
  readonly failFast: boolean;
  readonly writeSecrets: boolean;
  /** As `--faults` takes it. */
  readonly faults: string;
  /** How long after the last request something can still happen: jobs that write back, reads that lag. */
  readonly settleMs: number;
}

/** Credentials that a create needs; of those that are in the file the value is in a variable. */
export const credentials: Readonly<Record<string, object>> = {
  stripe: { secret_key: "${SECRET}", webhook_secret: "${SECRET}" },
  hubspot: { access_token: "${SECRET}", client_secret: "${SECRET}" },
  razorpay: { key_id: "${SECRET}", secret_key: "${SECRET}" },
  chargebee: { site: "acme", api_key: "${SECRET}", webhook_username: "${SECRET}", webhook_password: "${SECRET}" },
  quickbooks: {
    client_id: "${SECRET}",
    client_secret: "${SECRET}",
    realm_id: "1",
    environment: "sandbox",
    refresh_token: "${SECRET}",
    webhook_verifier_token: "${SECRET}",
  },
  nomod: { api_key: "${SECRET}", webhook_secret: "${SECRET}" },
  flexprice: { anything: "${SECRET}" },
  s3: { aws_access_key_id: "${SECRET}", aws_secret_access_key: "${SECRET}" },
};

/** Keys of metadata that no file ever names: they are somebody else's. */
export const KEPT_KEYS = ["by_hand", "by_dashboard"] as const;
/** Parts of sync_config that no file ever names. */
export const KEPT_ENTITIES = ["plan", "deal"] as const;

const KEYS = ["team", "tier", "a.b", "list"] as const;
const VALUES: readonly Json[] = ["x", "y", 1, 2.5, true, "1", ["a", "b"], [], { x: 1 }, { x: [2] }, null];

/** The scenario of a seed. */
export function scenarioOf(seed: number): Scenario {
  const draws = new Draws(seed);
  const single = draws.some(
    Object.keys(credentials).filter((provider) => provider !== "s3"),
    45,
  );
  const many = Array.from({ length: draws.between(0, 5) }, () => "s3");
  const first = [...single, ...many].map((provider, at) => wantedOf(provider, `${provider} ${at}`, draws));
  const wanted = first.length > 0 ? first : [wantedOf("s3", "s3 0", draws)];
  const claimed = draws.some(wanted, 60);
  const free = Object.keys(credentials).filter((provider) => wanted.every((one) => one.provider !== provider));
  const others = [
    ...draws.some(free, 30).map((provider) => ({ provider, name: `somebody's ${provider}` })),
    ...Array.from({ length: draws.between(0, 3) }, (_, at) => ({ provider: "s3", name: `somebody's ${at}` })),
  ];
  const rows = [
    ...claimed.map((one) => rowOf(one.provider, one.name, draws, draws.isChosen(30) ? one : undefined)),
    ...others.map(({ provider, name }) => rowOf(provider, name, draws, undefined)),
  ].map((row, at) => ({ ...row, id: `conn_${at}` }));
  const { faults, settleMs } = faultsOf(seed, draws);
  const stamps = draws.isChosen(85);
  const isOwned = stamps && draws.isChosen(50);
  return {
    seed,
    rows,
    turns: turnsOf(wanted, rows, isOwned, draws),
    parallelism: draws.between(1, 8),
    stamps,
    ...(isOwned ? { owner: "chaos" } : {}),
    hasKey: draws.isChosen(50),
    adopt: draws.isChosen(15),
    failFast: draws.isChosen(10),
    writeSecrets: draws.isChosen(15),
    faults,
    settleMs,
  };
}

function wantedOf(provider: string, name: string, draws: Draws): Wanted {
  return {
    name,
    provider,
    ...(draws.isChosen(80) ? { metadata: metadataOf(draws) } : {}),
    ...(draws.isChosen(60) ? { syncConfig: syncOf(draws) } : {}),
    exact: [],
  };
}

function metadataOf(draws: Draws): JsonObject {
  return Object.fromEntries(draws.some(KEYS, 50).map((key) => [key, draws.oneOf(VALUES)]));
}

function syncOf(draws: Draws): JsonObject {
  const customer = draws.some(["inbound", "outbound"], 60).map((side) => [side, draws.isChosen(50)] as const);
  return {
    ...(draws.isChosen(70) ? { invoice: { outbound: draws.isChosen(60) } } : {}),
    ...(customer.length > 0 ? { customer: Object.fromEntries(customer) } : {}),
  };
}

/** @param like - what it already is like; by chance where that is nothing */
function rowOf(provider: string, name: string, draws: Draws, like: Wanted | undefined): SeedConnection {
  const own = Object.fromEntries(draws.some(KEPT_KEYS, 70).map((key) => [key, draws.oneOf(VALUES)]));
  const entities = Object.fromEntries(
    draws.some(KEPT_ENTITIES, 60).map((entity) => [entity, { [entity === "plan" ? "inbound" : "outbound"]: true }]),
  );
  const metadata = { ...(like?.metadata ?? metadataOf(draws)), ...own };
  const syncConfig = { ...(like?.syncConfig ?? syncOf(draws)), ...entities };
  return {
    name,
    provider_type: provider,
    metadata: draws.isChosen(10) && like === undefined ? null : metadata,
    sync_config: syncConfig,
    encrypted_secret_data: Object.fromEntries(Object.keys(credentials[provider] ?? {}).map((field) => [field, "old"])),
  };
}

/** @param isOwned - definitions may leave the files, and their connections be pruned */
function turnsOf(
  wanted: readonly Wanted[],
  rows: readonly SeedConnection[],
  isOwned: boolean,
  draws: Draws,
): readonly Turn[] {
  const turns: Turn[] = [];
  let now = wanted;
  for (let turn = draws.between(1, 3); turn > 0; turn -= 1) {
    const step: Step = isOwned && draws.isChosen(30) ? { kind: "prune" } : stepOf(now, draws);
    turns.push({ step, wanted: now, edits: editsOf(rows, draws) });
    const left = isOwned ? draws.some(now, 80) : now;
    // A prune without any definition is refused.
    if (left.length > 0) now = left;
    now = now.map((one) => (draws.isChosen(30) ? { ...one, ...changed(one, draws) } : one));
  }
  return turns;
}

/** Only what the file named before: a key that leaves it, or that has another value. */
function changed({ metadata, syncConfig }: Wanted, draws: Draws): Partial<Wanted> {
  const maps = [
    ...(metadata === undefined ? [] : (["metadata"] as const)),
    ...(syncConfig === undefined ? [] : (["sync_config"] as const)),
  ];
  return {
    ...(metadata === undefined ? {} : { metadata: metadataOf(draws) }),
    ...(syncConfig === undefined ? {} : { syncConfig: syncOf(draws) }),
    exact: draws.isChosen(15) && maps.length > 0 ? [draws.oneOf(maps)] : [],
  };
}

function stepOf(wanted: readonly Wanted[], draws: Draws): Step {
  const names = () => draws.some(wanted, 30).map(({ name }) => name);
  switch (draws.between(0, 9)) {
    case 0:
    case 1:
      return { kind: "saved" };
    case 2:
    case 3:
      return { kind: "replace", names: names() };
    case 4:
      return { kind: "interrupt", afterMs: draws.between(0, 150), graceMs: draws.between(0, 150) };
    case 5:
      return { kind: "crash", afterMs: draws.between(0, 200), names: draws.isChosen(50) ? names() : [] };
    default:
      return { kind: "apply" };
  }
}

function editsOf(rows: readonly SeedConnection[], draws: Draws): readonly Edit[] {
  const keys = [...KEYS, ...KEPT_KEYS];
  return draws
    .some(rows, 20)
    .map(({ name }) => ({ name, key: draws.oneOf(keys), value: draws.oneOf(VALUES.filter((one) => one !== null)) }));
}

const ANYWHERE = ["", "", "@POST", "@PUT", "@GET", "@list", "@DELETE", "@POST+PUT", "@POST+PUT+DELETE"];
/** Kinds that take no value of their own, at any request. */
const PLAIN = [
  ...["429", "429=seconds:1", "429=date:1", "500", "502", "503", "503=seconds:1", "504"],
  ...["500-after", "502-after", "503-after", "504-after", "reset", "reset-after", "cut", "html"],
  ...["gzip", "deflate", "br", "gzip-cut"],
];
/** No longer than a run looks for what it does not know to be done. */
const LONGEST_WAIT_MS = 450;

function faultsOf(seed: number, draws: Draws): Pick<Scenario, "faults" | "settleMs"> {
  let settleMs = 0;
  const rule = (): string => {
    const which = draws.isChosen(50) ? `#${draws.between(3, 40)}%` : countedOf(draws);
    const kind = draws.between(0, 9);
    if (kind < 6) return `${draws.oneOf(PLAIN)}${draws.oneOf(ANYWHERE)}${which}`;
    const ms = draws.between(20, LONGEST_WAIT_MS);
    if (kind === 6) return `slow=${ms}${draws.oneOf(ANYWHERE)}${which}`;
    if (kind === 7) return `late=${ms}${draws.oneOf(ANYWHERE)}${which}`;
    if (kind === 8) {
      settleMs = Math.max(settleMs, ms);
      return `lag=${ms}${draws.oneOf(["@GET", "@list"])}${which}`;
    }
    const soon = draws.between(1, 60);
    settleMs = Math.max(settleMs, soon);
    return draws.isChosen(50) ? `rewrite=${soon}${which}` : `refresh${which}`;
  };
  const rules = Array.from({ length: draws.between(1, 4) }, rule);
  const odd = draws.isChosen(10) ? ["old-errors"] : [];
  return { faults: [...rules, ...odd, `seed=${seed}`].join(", "), settleMs };
}

function countedOf(draws: Draws): string {
  const from = draws.between(1, 8);
  return `#${from}-${from + draws.between(0, 4)}`;
}
