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

function meaningOf(field: FieldChange, providerType: string, { providers, syncConfig, meanings }: Catalogue): Meant {
  const provider = ownValue(providers, providerType);
  const effects = provider?.effects ?? {};
  const words = (sentence: string) => sentence.replaceAll("{provider}", provider?.title ?? providerType);
  const meant = (turn: Turn | undefined, effect: Effect | undefined, general: Meaning, otherwise: string): Meant => {
    const sentence = turn === undefined ? undefined : (effect?.[turn] ?? general[turn]);
    if (effect === undefined || turn === undefined || sentence === undefined)
      return { sentence: words(otherwise), weight: "none" };
    return { sentence: words(sentence), weight: isDangerous(turn, effect) ? "danger" : "change" };
  };
  const [top, ...rest] = field.keys;
  if (top === "metadata") return meant(turnOfText(field), ownValue(effects, field.keys.join(".")), {}, meanings.note);
  const general = top === "name" ? meanings.name : factsAt(field.keys, syncConfig)?.meaning;
  if (general === undefined) return { sentence: words(meanings.unheardOf), weight: "change" };
  // A name has an effect everywhere: people see it.
  const effect = top === "name" ? {} : ownValue(effects, rest.join("."));
  return meant(turnOf(field), effect, general, meanings.withoutEffect);
}

type Meant = Pick<Consequence, "sentence" | "weight">;

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
