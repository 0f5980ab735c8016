import type { Catalogue, SyncGroup } from "../model/catalogue.js";
import type { Desired, Observed } from "../model/connection.js";
import { isKeptCredential } from "../model/credentials.js";
import { type JsonObject, ownValue, valueAt } from "../model/json.js";
import { type Plan, placeOf } from "../model/plan.js";
import { error, type Problem } from "../model/problem.js";
import { type RecoveryDocument, recoverCommand } from "../model/recovery.js";
import { type Edit, edited } from "../state/merge.js";
import type { Match } from "./match.js";

/**
 * What is lost when a connection is archived and another one made in its place, in the words of somebody who bills. Section 12
 * of the API contract that this project keeps says what the service does.
 */
export function replacementDangers(desired: Desired, row: Observed, catalogue: Catalogue): readonly string[] {
  const facts = ownValue(catalogue.providers, row.providerType);
  const provider = facts?.title ?? row.providerType;
  const declared = new Set(desired.credentials.map(({ field }) => field));
  const isKept = isKeptCredential(catalogue, row.providerType, row.syncConfig);
  const unnamed = Object.entries(facts?.fields ?? {})
    .filter(([field, { update }]) => update !== "server-managed" && !declared.has(field) && !isKept)
    .map(([field]) => field);
  return [
    `${row.id} is archived for good; the one in its place has another id`,
    "scheduled exports of the archived connection are deleted and have to be set up again",
    `until the new one is there nothing is synced with ${provider}, and what is under way fails`,
    `what was synced before counts as synced: to another ${provider} account it is not sent again`,
    ...(facts?.oauth === true ? ["the consent that somebody gave in the browser is lost"] : []),
    ...(unnamed.length === 0
      ? []
      : [`credentials that the file does not name are lost, if it has them: ${unnamed.join(", ")}`]),
    ...(desired.id === undefined ? [] : [`the file names ${desired.id}, and has to name the new one afterwards`]),
  ];
}

/** What would be lost only if the create fails: it may not stand in the file that is kept until then. */
export function leftOutDanger(paths: readonly string[]): readonly string[] {
  if (paths.length === 0) return [];
  const are = paths.length === 1 ? "repeats a value" : "repeat values";
  return [
    `${paths.join(", ")} ${are} of the environment and can be kept in no file: declare it, or it is lost if the create fails`,
  ];
}

/** The sync_config by which it is told what the service keeps itself on the new connection: the file says so, else it stays. */
export function keptAfter(desired: Desired, carried: Observed, facts: SyncGroup): JsonObject {
  const edits = Object.entries(facts.members).flatMap(([name, block]): readonly Edit[] => {
    if (block.kind !== "group" || block.managedBy === undefined) return [];
    const value = valueAt(desired.syncConfig, [name, block.managedBy]);
    return value === undefined ? [] : [{ keys: [name, block.managedBy], value }];
  });
  return edited(carried.syncConfig, edits);
}

/** Somebody wants a connection replaced that is not there. */
export function nothingToReplace({ definition, name }: Desired): Problem {
  const detail = `"${name}" is to be replaced, and the service has no such connection.`;
  const hint =
    "leave out --replace to create it; if a replace broke off before, apply --recover finishes it from the file that it left.";
  return error("PLAN.NOTHING_TO_REPLACE", detail, { place: definition.origin.locate(["name"], "value"), hint });
}

/** Whose connection a recovery file is of: the one of this name, or where the provider has one connection its only definition. */
export function definitionOf<T extends { readonly name: string; readonly providerType: string }>(
  { connection, definition }: RecoveryDocument,
  all: readonly T[],
  catalogue: Catalogue,
): T | undefined {
  const ofProvider = all.filter(({ providerType }) => providerType === connection.provider_type);
  const named = ofProvider.filter(({ name }) => name === definition.name);
  if (named.length === 1) return named[0];
  const isSole = ownValue(catalogue.providers, connection.provider_type)?.identity === "provider";
  return isSole && ofProvider.length === 1 ? ofProvider[0] : undefined;
}

/** A recovery file that was found. */
interface LeftReplace {
  readonly file: string;
  readonly document: RecoveryDocument;
}

/**
 * Connections that would be created, and that a replace before has archived without coming to its end: what they had beyond
 * their definitions is in its file and would be lost.
 *
 * @param target - where this run goes
 * @param sameTarget - options that lead there, for the command that is shown
 */
export function unfinishedIn(
  { changes }: Plan,
  left: readonly LeftReplace[],
  target: { readonly environment: string; readonly baseUrl: string; readonly environmentId: string | null },
  sameTarget: string,
  catalogue: Catalogue,
): readonly Problem[] {
  return left.flatMap(({ file: recovery, document }) => {
    const { target: place, connection } = document;
    // An environment can be called otherwise by now, and its address spelt otherwise; its id stays.
    const isById = place.environment_id !== null && target.environmentId !== null;
    const isHere = isById
      ? place.environment_id === target.environmentId
      : place.base_url === target.baseUrl && place.environment === target.environment;
    if (!isHere) return [];
    const change = definitionOf(document, changes, catalogue);
    if (change?.action !== "create") return [];
    const { name } = change;
    const detail = `"${name}" was to take the place of ${connection.id}, and that broke off; what only that connection had is in ${recovery}.`;
    const command = recoverCommand(recovery, name, sameTarget);
    const hint = `finish the replace with the command here; deleting the file instead creates it without what only that connection had: ${command}`;
    return [error("APPLY.UNFINISHED_REPLACE", detail, { ...placeOf(change), hint })];
  });
}

/** The same for definitions that name an archived connection by its id, for which no plan can be made. */
export function unfinishedAt(
  matches: ReadonlyMap<Desired, Match>,
  left: readonly LeftReplace[],
  sameTarget: string,
): readonly Problem[] {
  return [...matches].flatMap(([{ name, id, definition }, match]) => {
    const isGone = match.kind === "problem" && match.problem.code === "PLAN.ID_GONE";
    const found = isGone ? left.find(({ document }) => document.connection.id === id) : undefined;
    if (found === undefined) return [];
    const detail = `"${name}" names ${found.document.connection.id}, which a replace has archived; what it had is in ${found.file}.`;
    const hint = `finish it: ${recoverCommand(found.file, name, sameTarget)}`;
    return [error("APPLY.UNFINISHED_REPLACE", detail, { place: definition.origin.locate(["id"], "value"), hint })];
  });
}
