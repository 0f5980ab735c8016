import type { Catalogue } from "../model/catalogue.js";
import type { Desired } from "../model/connection.js";
import { startOf } from "../model/location.js";
import { writes } from "../model/plan.js";
import { error, type Problem, shellWord, warning } from "../model/problem.js";
import type { RecoveryDocument } from "../model/recovery.js";
import { definitionMark } from "../state/plan-marks.js";
import { carriedFrom, ownershipFrom } from "../state/recovery.js";
import { isWrittenBy, readStamp } from "../state/stamp.js";
import { definitionOf } from "./replacement.js";
import type { Asked, Present, PresentTarget } from "./request.js";
import { elsewhere, otherSettings, otherTarget } from "./stale.js";

const FILE = "recovery file";

/** Narrows what is asked for to the one definition whose replace broke off, with what its connection had. */
export function askedByRecovery(
  asked: Asked,
  recovery: RecoveryDocument,
  target: PresentTarget | undefined,
  catalogue: Catalogue,
): Asked {
  const { connection, definition, left_out: leftOut, salt } = recovery;
  const named = asked.desired.map((desired) => {
    return { desired, name: desired.name, providerType: desired.definition.providerType };
  });
  const meant = definitionOf(recovery, named, catalogue)?.desired;
  if (meant === undefined) {
    const detail = `the ${FILE} is of "${definition.name}" (${connection.provider_type}), and no definition is.`;
    const hint = `it was at ${definition.file} and has to have that name; name its folder with --dir.`;
    return { ...asked, problems: [...asked.problems, error("STALE.OTHER_DEFINITIONS", detail, { hint })] };
  }
  const place = startOf(meant.definition.origin);
  const problems: Problem[] = [...asked.problems];
  if (target !== undefined)
    problems.push(...otherTarget(recovery.target, target, FILE), ...otherSettings(recovery, target, FILE));
  if (!asked.selected.has(meant)) {
    const detail = `--only does not name "${meant.name}", which the ${FILE} is of.`;
    problems.push(error("LOAD.NOTHING_SELECTED", detail, { hint: `use --only ${shellWord(meant.name)}.` }));
  }
  if (leftOut.length > 0) {
    const holds = leftOut.length === 1 ? "which holds or repeats a value" : "which hold or repeat values";
    const detail = `${connection.id} also had ${leftOut.join(", ")}, ${holds} of the environment and so could not be kept; "${meant.name}" will not have ${leftOut.length === 1 ? "it" : "them"}.`;
    problems.push(
      warning("PLAN.NOT_RECOVERED", detail, {
        place,
        hint: "declare what is missing in the file, or set it again by hand.",
      }),
    );
  }
  // The id that the file may still name is the archived one's.
  const { id, ...rest } = meant;
  const wanted: Desired = id === connection.id ? rest : meant;
  return {
    ...asked,
    desired: asked.desired.map((one) => (one === meant ? wanted : one)),
    selected: new Set([wanted]),
    request: {
      ...asked.request,
      recovers: {
        desired: wanted,
        carried: carriedFrom(recovery),
        ours: ownershipFrom(recovery, catalogue.syncConfig),
      },
      saltFor: (desired) => (desired === wanted && salt !== "" ? salt : asked.request.saltFor(desired)),
    },
    // What somebody agreed to is what the definition said then.
    isConsented: definition.digest === definitionMark(meant),
    problems,
    elsewhere: (environmentId) => elsewhere(recovery.target, environmentId, FILE),
    stale: (present) => notToRecover(wanted, recovery, present),
  };
}

/** Whether something else than the new connection is there already. */
function notToRecover(wanted: Desired, { connection, salt }: RecoveryDocument, present: Present): readonly Problem[] {
  const { planned } = present;
  const match = planned.matches.get(wanted);
  if (match?.kind !== "row") return [];
  const { row } = match;
  const place = startOf(wanted.definition.origin);
  if (row.id === connection.id) {
    const detail = `${row.id} ("${wanted.name}") is still there, so nothing was archived.`;
    const hint = `delete the ${FILE}; apply --replace ${shellWord(wanted.name)} begins anew.`;
    return [error("STALE.NOTHING_TO_RECOVER", detail, { place, hint })];
  }
  const reading = readStamp(row);
  if (reading.kind === "own" && isWrittenBy(reading.stamp, salt)) return [];
  const now = [...planned.sources].find(([, { desired }]) => desired === wanted)?.[0];
  // Without a stamp nothing tells who made it: what equals the definition is taken for done.
  if (salt === "" && now !== undefined && !writes(now)) return [];
  const detail = `somebody made ${row.id} in the place of ${connection.id} ("${wanted.name}") meanwhile.`;
  const hint = `look at it. If it is to stay, put there by hand what it lacks of ${connection.id}, which is in the ${FILE}, and delete that file; if not, archive it and recover again.`;
  return [error("STALE.NEW_TWIN", detail, { place, hint })];
}
