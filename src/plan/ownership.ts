import type { SyncGroup } from "../model/catalogue.js";
import { ownValue } from "../model/json.js";
import type { Unit } from "../state/units.js";

/** A group of sync_config, without the top: `["s3"]`. */
type GroupKeys = readonly string[];

/**
 * Of the units that could be taken away, those without which the service refuses what stays beside them: the fields that a
 * block demands, fields that go together, and what the provider is nothing without.
 *
 * @param left - what could be taken away
 * @param others - what the row may have around them, those to be taken away among them
 * @param demanded - paths in sync_config without which the provider's connection could not be made
 */
export function neededAround(
  left: readonly Unit[],
  others: readonly Unit[],
  demanded: readonly string[],
  facts: SyncGroup,
): ReadonlySet<Unit> {
  const needed = new Set(left.filter(({ keys }) => demanded.includes(keys.slice(1).join("."))));
  let before = -1;
  // What stays for one reason may be the reason for another to stay.
  while (needed.size > before) {
    before = needed.size;
    const stays = others.filter((unit) => !unit.isDefault && (!left.includes(unit) || needed.has(unit)));
    for (const unit of left) {
      const name = nameOf(unit);
      const group = groupAt(unit.keys.slice(1, -1), unit, facts);
      const beside = stays.filter((other) => isInside(other, unit));
      const isDemanded = group?.required.includes(name) === true && beside.length > 0;
      const isPaired =
        group?.together.includes(name) === true && beside.some((other) => group.together.includes(nameOf(other)));
      if (isDemanded || isPaired) needed.add(unit);
    }
  }
  return needed;
}

/** The last step to a unit. */
function nameOf({ keys }: Unit): string {
  return String(keys.at(-1));
}

/** Whether a unit is in the group of another, or deeper in it. */
function isInside({ keys }: Unit, { keys: beside }: Unit): boolean {
  return keys.length >= beside.length && beside.slice(0, -1).every((step, at) => keys[at] === step);
}

function groupAt(keys: GroupKeys, { keys: [top] }: Unit, facts: SyncGroup): SyncGroup | undefined {
  if (top !== "sync_config") return undefined;
  return keys.reduce<SyncGroup | undefined>((group, step) => {
    const member = group === undefined ? undefined : ownValue(group.members, step);
    return member?.kind === "group" ? member : undefined;
  }, facts);
}

/**
 * Of the units that would be written, those in a block that cannot become what the file says, and that the service refuses
 * as it would be then: without a field that it demands there.
 *
 * @param refused - what cannot be changed
 * @param present - what the row has
 */
export function stuckBeside(
  refused: readonly Unit[],
  wanted: readonly Unit[],
  present: readonly Unit[],
  facts: SyncGroup,
): readonly Unit[] {
  return wanted.filter((unit) => {
    const block = ownValue(facts.members, String(unit.keys[1]));
    const isInBlock = ({ keys }: Unit) => keys[0] === "sync_config" && keys[1] === unit.keys[1];
    if (!isInBlock(unit) || block?.kind !== "group" || !refused.some(isInBlock)) return false;
    const filled = [...wanted, ...present].filter((one) => isInBlock(one) && !one.isDefault);
    return !block.required.every((field) => filled.some(({ keys }) => keys[2] === field));
  });
}
