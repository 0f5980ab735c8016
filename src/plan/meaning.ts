import type { Catalogue, Effect, Meaning } from "../model/catalogue.js";
import type { Desired } from "../model/connection.js";
import { ownValue } from "../model/json.js";
import type { FieldChange } from "../model/plan.js";
import { factsAt } from "../state/units.js";

export interface Dangers {
  /** Sentences in the words of a billing person, in the order of the fields. */
  readonly sentences: readonly string[];
  /** Whether the definition is protected against them: then a plain yes is not enough. */
  readonly guarded: boolean;
}

/**
 * Which of the changes somebody should think about first. What is dangerous for whom is data of the schema: turning off
 * something the provider acts on, and what its `x-effects` mark.
 */
export function dangersOf(fields: readonly FieldChange[], desired: Desired, catalogue: Catalogue): Dangers {
  const { providerType, protect } = desired.definition;
  const provider = ownValue(catalogue.providers, providerType);
  const sentences: string[] = [];
  let guarded = false;
  for (const field of fields.filter(({ state, keys }) => state === undefined && keys[0] === "sync_config")) {
    const turn = turnOf(field);
    const effect = ownValue(provider?.effects ?? {}, field.keys.slice(1).join("."));
    const meaning = factsAt(field.keys, catalogue.syncConfig)?.meaning ?? {};
    const sentence = isDangerous(turn, effect)
      ? wordsFor(turn, effect, meaning, provider?.title ?? providerType)
      : undefined;
    const outboundOff = turn === "off" && field.keys.at(-1) === "outbound";
    if (sentence !== undefined) sentences.push(sentence);
    else if (protect && outboundOff) sentences.push(`${field.path} is turned off on a protected connection`);
    if (protect && (sentence !== undefined || outboundOff)) guarded = true;
  }
  return { sentences, guarded };
}

type Turn = "on" | "off" | "changed" | "filled" | "removed";

function turnOf({ kind, before, after }: FieldChange): Turn {
  if (after === true) return "on";
  if (before === true) return "off";
  if (kind === "remove") return "removed";
  return kind === "add" ? "filled" : "changed";
}

function isDangerous(turn: Turn, effect: Effect | undefined): boolean {
  const isChanged = turn === "removed" && effect?.danger === "changed";
  return effect !== undefined && (turn === "off" || turn === effect.danger || isChanged);
}

function wordsFor(turn: Turn, effect: Effect | undefined, general: Meaning, provider: string): string | undefined {
  if (turn === "filled") return undefined;
  return (effect?.[turn] ?? general[turn])?.replaceAll("{provider}", provider);
}
