import type { Catalogue, Effect, Meaning } from "../model/catalogue.js";
import type { Desired } from "../model/connection.js";
import { ownValue } from "../model/json.js";
import type { Consequence, FieldChange } from "../model/plan.js";
import { factsAt, saysNothing } from "../state/units.js";

/**
 * What each change means, in the words of a billing person. Which part means what for whom, and what is dangerous, is data of the
 * schema: `x-meaning` has the general sentences, a provider's `x-effects` what it acts on.
 *
 * @returns one for each field that is written, in their order
 */
export function consequencesOf(
  fields: readonly FieldChange[],
  desired: Desired,
  catalogue: Catalogue,
): readonly Consequence[] {
  const { protect, origin } = desired.definition;
  return fields
    .filter(({ state }) => state === undefined)
    .map((field) => {
      const { path } = field;
      const place = origin.locate(field.keys, "value");
      const meant = meaningOf(field, desired.definition.providerType, catalogue);
      if (meant.weight === "none" && protect && isOutboundOff(field))
        return { path, place, sentence: `${path} is turned off on a protected connection`, weight: "danger" };
      return { path, place, ...meant };
    });
}

/** Whether a field stops something from being pushed, whether or not the service acts on it. */
function isOutboundOff(field: FieldChange): boolean {
  return field.keys[0] === "sync_config" && field.keys.at(-1) === "outbound" && turnOf(field) === "off";
}

function meaningOf(
  field: FieldChange,
  providerType: string,
  catalogue: Catalogue,
): Omit<Consequence, "path" | "place"> {
  const { meanings } = catalogue;
  const [top, ...rest] = field.keys;
  const provider = ownValue(catalogue.providers, providerType);
  const words = (sentence: string) => sentence.replaceAll("{provider}", provider?.title ?? providerType);
  const turn = top === "metadata" ? turnOfText(field) : turnOf(field);
  if (top === "name") return { sentence: words(meanings.name.changed ?? meanings.unheardOf), weight: "change" };
  const effect = ownValue(provider?.effects ?? {}, (top === "metadata" ? field.keys : rest).join("."));
  const facts = top === "metadata" ? undefined : factsAt(field.keys, catalogue.syncConfig);
  if (top !== "metadata" && facts === undefined) return { sentence: words(meanings.unheardOf), weight: "change" };
  const sentence = turn === undefined ? undefined : sentenceFor(turn, effect, facts?.meaning ?? {});
  if (effect === undefined || turn === undefined || sentence === undefined)
    return { sentence: words(top === "metadata" ? meanings.note : meanings.withoutEffect), weight: "none" };
  return { sentence: words(sentence), weight: isDangerous(turn, effect) ? "danger" : "change" };
}

type Turn = "on" | "off" | "changed" | "filled" | "removed";

/** In the metadata the service acts on texts only: of anything else it is as if it were not there. */
function turnOfText({ before, after }: FieldChange): Turn | undefined {
  const [had, has] = [before, after].map((value) => typeof value === "string" && value !== "");
  if (had) return has ? "changed" : "removed";
  return has ? "filled" : undefined;
}

function turnOf({ kind, before, after }: FieldChange): Turn {
  if (after === true) return "on";
  if (before === true) return "off";
  if (kind === "remove" || (after !== undefined && saysNothing(after))) return "removed";
  return kind === "add" ? "filled" : "changed";
}

function isDangerous(turn: Turn, { danger }: Effect): boolean {
  return turn === "off" || turn === danger || (turn === "removed" && danger === "changed");
}

function sentenceFor(turn: Turn, effect: Effect | undefined, general: Meaning): string | undefined {
  return effect?.[turn] ?? general[turn];
}
