import type { OutcomeStatus } from "../../src/model/outcome.js";
import { isRecoveryFile, recoveryFileOf } from "../../src/model/recovery.js";
import { credentials, type Scenario, type Wanted } from "./scenario.js";
import type { ChaoticService } from "./service.js";

/** Secrets of the files. */
export const CANARY = "canary-5ecr3t-of-chaos";

/** What a run is asked for, and what happens to it. */
export interface Asked {
  readonly command: "plan" | "apply" | "prune";
  readonly out?: string;
  readonly planFile?: string;
  /** Of the archived connection with this id. */
  readonly recovers?: string;
  readonly only?: readonly string[];
  readonly replaces?: readonly string[];
  /** Without faults: as a user's run is, with time enough. */
  readonly isCalm?: boolean;
  /** Told to end after so long, and broken off so much later. */
  readonly ends?: { readonly afterMs: number; readonly graceMs: number };
  readonly crashAfterMs?: number;
}

/** What a run told of a connection. */
export interface ToldOutcome {
  readonly name: string;
  readonly action: string;
  /** Of the connection that was there. */
  readonly id?: string;
  readonly status: OutcomeStatus;
  /** Of the connection that was made. */
  readonly made?: string;
}

/** What a run told. */
export interface Told {
  readonly exitCode: number;
  /** Absent where it did not come to a plan. */
  readonly summary?: Readonly<Record<string, number>>;
  /** Absent where nothing was to be written, or it did not come to that. */
  readonly outcomes: readonly ToldOutcome[];
  /** `CODE: message`. */
  readonly errors: readonly string[];
  /** Ids of connections of which a PUT was given up, for its answer did not come in time. */
  readonly gaveUp: readonly string[];
  /** Everything that it told, in every form. */
  readonly text: string;
}

/** Makes the runs of one scenario, one after another, in one folder. */
export interface Runner {
  /** What the files say. */
  wanted: readonly Wanted[];
  /** @returns nothing where its process was gone before its end */
  readonly run: (asked: Asked) => Promise<Told | undefined>;
  /** Ids of archived connections that the folder still has something of. */
  readonly recoveries: () => readonly string[];
  readonly hasFile: (name: string) => boolean;
  readonly close: () => void;
}

export type RunnerOf = (scenario: Scenario, service: ChaoticService) => Runner;

/** The bytes of a fingerprint key. */
export const FINGERPRINT_KEY = Buffer.from(Array.from({ length: 32 }, (_, at) => at * 7)).toString("base64");

/** JSON is YAML: the definitions as one file of several documents. */
export function fileOf(wanted: readonly Wanted[]): string {
  return wanted.map((one) => JSON.stringify(definitionOf(one))).join("\n---\n");
}

function definitionOf({ name, provider, metadata, syncConfig, exact }: Wanted): object {
  return {
    name,
    provider_type: provider,
    encrypted_secret_data: credentials[provider],
    ...(metadata === undefined ? {} : { metadata }),
    ...(syncConfig === undefined ? {} : { sync_config: syncConfig }),
    ...(exact.length === 0 ? {} : { exact }),
  };
}

/** Options that a run of one's own may have; what a file of an earlier run leads is decided there. */
export function wishesOf(
  { adopt, writeSecrets, stamps }: Scenario,
  { command, planFile, recovers, isCalm = false }: Asked,
) {
  const isOwn = planFile === undefined && recovers === undefined && command !== "prune";
  return { adopt: isOwn && adopt && stamps, writeSecrets: isOwn && !isCalm && writeSecrets && stamps };
}

/** Ids of the connections of which a folder has a recovery file. */
export function recoveredIn(files: readonly string[]): readonly string[] {
  const [before = "", after = ""] = recoveryFileOf("ID").split("ID");
  return files
    .filter(isRecoveryFile)
    .map((name) => name.slice(before.length, name.length - after.length))
    .sort();
}

/** The connection of a PUT that was given up. */
export function givenUpIn(failed: {
  readonly method: string;
  readonly url: string;
  readonly reason: string;
}): readonly string[] {
  const { method, url, reason } = failed;
  return method === "PUT" && /within|broken off/.test(reason) ? [url.slice(url.lastIndexOf("/") + 1)] : [];
}
