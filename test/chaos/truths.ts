import { isDeepStrictEqual } from "node:util";
import { isObject, type Json, type JsonObject } from "../../src/model/json.js";
import type { OutcomeStatus } from "../../src/model/outcome.js";
import type { StoredConnection } from "../../src/sandbox/stored.js";
import { type Asked, CANARY, type Told, type ToldOutcome } from "./runner.js";
import { KEPT_ENTITIES, KEPT_KEYS, type Scenario, type Wanted } from "./scenario.js";
import { API_KEY } from "./service.js";
import type { ServiceLog, Written } from "./service-log.js";

/*
 * What must be true of a run, whatever went wrong in it, held against what the server itself has seen and stored. Every function
 * gives what is not true, as sentences.
 */

type Said = readonly string[];

/** A row and a definition that are of one connection. */
export function isOf({ name, provider }: Wanted, row: StoredConnection): boolean {
  return row.providerType === provider && (provider !== "s3" || row.name === name);
}

/** Whether a row has all that its definition says. */
export function isAsWanted({ name, metadata, syncConfig }: Wanted, row: StoredConnection): boolean {
  const hasMetadata = Object.entries(metadata ?? {}).every(
    ([key, value]) => Object.hasOwn(row.metadata ?? {}, key) && isDeepStrictEqual(row.metadata?.[key], value),
  );
  const hasSync = Object.entries(syncConfig ?? {}).every(([entity, sides]) =>
    Object.entries(sides as JsonObject).every(([side, value]) => sideOf(row.syncConfig, entity, side) === value),
  );
  return row.name === name && hasMetadata && hasSync;
}

function sideOf(syncConfig: JsonObject | null, entity: string, side: string): Json {
  const block = syncConfig?.[entity];
  return isObject(block) ? (block[side] ?? false) : false;
}

/** Two live rows of one definition are two ways to send one invoice. */
export function twinsIn(live: readonly StoredConnection[], wanted: readonly Wanted[]): Said {
  return wanted.flatMap((one) => {
    const ids = live.filter((row) => isOf(one, row)).map(({ id }) => id);
    return ids.length > 1 ? [`"${one.name}" is there ${ids.length} times: ${ids.join(", ")}`] : [];
  });
}

/** Never more requests at once than were allowed. */
export function crowding({ parallelism }: Scenario, log: ServiceLog): Said {
  const most = log.mostInFlight();
  return most > parallelism ? [`${most} requests were in flight, and ${parallelism} are allowed`] : [];
}

/** What a run that only reads must not have done. */
export function readingOnly(log: ServiceLog): Said {
  return [
    ...log.writes().map(({ method, path }) => `a plan sent ${method} ${path}`),
    ...log.written.map(({ after }) => `a plan changed ${after.id}`),
  ];
}

/** A prune archives what this owner made and no file names any more, and does nothing else. */
export function wrongPrunes({ owner = "" }: Scenario, { written }: ServiceLog, wanted: readonly Wanted[]): Said {
  return written
    .filter(({ before, after }) => {
      const isOurs = String(before?.metadata?.["flexprice_sync"]).includes(`"owner":"${owner}"`);
      return after.status !== "archived" || !isOurs || wanted.some((one) => isOf(one, after));
    })
    .map(({ after }) => `a prune changed ${after.id}, which is not to be pruned`);
}

/**
 * A PUT is sent only where it makes a difference. What is done late, or was seen late, may have been a difference before.
 *
 * @param gaveUp - connections of which a PUT was not waited for: nobody can tell when that is done
 */
export function idleWrites({ faults }: Scenario, log: ServiceLog, gaveUp: readonly string[]): Said {
  if (/lag=|rewrite=/.test(faults)) return [];
  return log.written
    .filter(({ before, after }) => before !== undefined && before.status === after.status)
    .filter(({ before, after }) => isDeepStrictEqual(contentOf(before), contentOf(after)))
    .filter(({ after }) => !gaveUp.includes(after.id))
    .map(({ after }) => `a PUT to ${after.id} changed nothing`);
}

function contentOf(row: StoredConnection | undefined): unknown {
  if (row === undefined) return undefined;
  const { updatedAt: _at, updatedBy: _by, syncConfig, metadata, ...others } = row;
  return { ...others, metadata: metadata ?? {}, syncConfig: syncConfig ?? {} };
}

/** What no definition names, or a definition does not name of its row, is as its owner left it. */
export function lostParts(before: StoredConnection, after: StoredConnection, wanted: readonly Wanted[]): Said {
  const claims = wanted.filter((one) => isOf(one, before));
  if (claims.length === 0) {
    return isDeepStrictEqual(contentOf(before), contentOf(after)) && after.status === before.status
      ? []
      : [`${before.id}, which no definition names, was changed`];
  }
  const isExact = (map: "metadata" | "sync_config") => claims.some(({ exact }) => exact.includes(map));
  const keys = isExact("metadata") ? [] : KEPT_KEYS;
  const entities = isExact("sync_config") ? [] : KEPT_ENTITIES;
  return [
    ...keys
      .filter((key) => !isDeepStrictEqual(before.metadata?.[key], after.metadata?.[key]))
      .map((key) => `metadata.${key} of ${before.id} was lost or changed`),
    ...entities
      .filter((entity) =>
        ["inbound", "outbound"].some(
          (side) => sideOf(before.syncConfig, entity, side) !== sideOf(after.syncConfig, entity, side),
        ),
      )
      .map((entity) => `sync_config.${entity} of ${before.id} was lost or changed`),
  ];
}

/** A run, and what the server knows of it. */
export interface Seen {
  /** What files say or have said. */
  readonly wanted: readonly Wanted[];
  readonly command: Asked["command"];
  readonly scenario: Scenario;
  readonly log: ServiceLog;
  readonly live: readonly StoredConnection[];
}

const DONE: readonly OutcomeStatus[] = ["created", "updated", "replaced", "archived", "unchanged"];
const CHANGED: readonly OutcomeStatus[] = ["created", "updated", "replaced", "archived", "not-converged", "unknown"];

/** What is told of every connection happened to it, and nothing else; and the exit code says the same. */
export function untrueOutcomes({ exitCode, outcomes, errors }: Told, seen: Seen): Said {
  const { wanted, scenario, log } = seen;
  const said = outcomes.flatMap((outcome) => {
    const one = wanted.find(({ name }) => name === outcome.name);
    return one === undefined ? [`"${outcome.name}" is told of, which no definition names`] : untrue(outcome, one, seen);
  });
  const isDone = outcomes.every(({ status }) => DONE.includes(status));
  const mayBeChanged = outcomes.some(({ status }) => CHANGED.includes(status));
  const saysNothing = exitCode === 1 || exitCode === 3 || exitCode === 5;
  return [
    ...said,
    ...(exitCode === 0 && !isDone ? ["it ended with 0, and not everything is done"] : []),
    ...(exitCode === 0 && errors.length > 0 ? [`it ended with 0 in spite of ${errors[0]}`] : []),
    ...(outcomes.some(({ status }) => status === "unknown") && ![4, 130, 143].includes(exitCode)
      ? [`a write is unknown, and it ended with ${exitCode}`]
      : []),
    ...(saysNothing && log.written.length > 0 && !isOnlyByFault(log, scenario)
      ? [`it ended with ${exitCode}, which says that nothing was written, and something was`]
      : []),
    ...(saysNothing && mayBeChanged ? [`something is said to be written, and it ended with ${exitCode}`] : []),
  ];
}

/** A mistake of the program's own. */
export function bugs({ errors, text }: Told): Said {
  return [
    ...errors.filter((error) => error.startsWith("INTERNAL")),
    ...(/\n {4}at /.test(text) ? ["there is a stack trace"] : []),
  ];
}

/** What was answered as failed was done all the same, and nobody can see that in time: a create, or where reads lag. */
function isOnlyByFault({ written }: ServiceLog, { faults }: Scenario): boolean {
  const isCreates = written.every(({ before }) => before === undefined);
  return /50[0-4]-after/.test(faults) && (isCreates || /lag=/.test(faults));
}

function untrue(
  { action, id, name, status, made }: ToldOutcome,
  one: Wanted,
  { command, scenario, log, live }: Seen,
): Said {
  const isJudged = ({ after }: Written) => isOf(one, after) || after.id === id;
  const written = log.written.filter(isJudged);
  const wrong = (what: string) => [`"${name}" (${action}) is said to be ${status}, and ${what}`];
  const hasBeen = written.some(({ after }) => after.status === "published" && isAsWanted(one, after));
  const now = live.find((row) => isOf(one, row));
  const isNow = now !== undefined && isAsWanted(one, now);
  switch (status) {
    case "created":
    case "replaced": {
      const create = written.find(({ before, after }) => before === undefined && after.id === made);
      if (create === undefined) return wrong("no request created it");
      if (status === "replaced" && !written.some(({ after }) => after.id === id && after.status === "archived"))
        return wrong("the old one was not archived");
      return hasBeen && (isNow || /rewrite/.test(scenario.faults)) ? [] : wrong("it is not as its definition says");
    }
    case "updated":
      return hasBeen && (isNow || /rewrite/.test(scenario.faults)) ? [] : wrong("no request made it so");
    case "unchanged":
      // A prune leaves alone what has a definition, whatever it is like.
      return written.length === 0 && (isNow || command === "prune")
        ? []
        : wrong("it was changed, or is not as its definition says");
    case "not-started":
      return written.length === 0 ? [] : wrong("it was changed");
    case "failed": {
      // What is made in two steps can fail in the second one, which is told.
      const isHalf = action === "replace" || made !== undefined;
      return written.length === 0 || isHalf || isOnlyByFault(log, scenario) ? [] : wrong("it was changed");
    }
    case "not-converged":
      return isNow && !/rewrite|lag|refresh/.test(scenario.faults) ? wrong("it is as its definition says") : [];
    case "archived":
      return written.some(({ after }) => after.status === "archived") ? [] : wrong("it was not archived");
    case "unknown":
      return [];
  }
}

/** No secret is in anything that a run tells. */
export function leaks({ text }: Told): Said {
  return [CANARY, API_KEY].some((secret) => text.includes(secret)) ? ["a secret shows"] : [];
}

/** The state that everything ends in. */
export function unfinished(live: readonly StoredConnection[], wanted: readonly Wanted[]): Said {
  return wanted.flatMap((one) => {
    const row = live.find((candidate) => isOf(one, candidate));
    if (row === undefined) return [`"${one.name}" is not there at the end`];
    return isAsWanted(one, row) ? [] : [`"${one.name}" is not as its definition says at the end`];
  });
}
