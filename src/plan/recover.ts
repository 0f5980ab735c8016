import type { Desired } from "../model/connection.js";
import { writes } from "../model/plan.js";
import { error, type Problem, shellWord, warning } from "../model/problem.js";
import type { RecoveryDocument } from "../model/recovery.js";
import { carriedFrom } from "../state/recovery.js";
import { isWrittenBy, readStamps } from "../state/stamp.js";
import type { Asked, Present, PresentTarget } from "./request.js";
import { elsewhere, otherTarget } from "./stale.js";

const FILE = "recovery file";

/** Narrows what is asked for to the one definition whose replace broke off, with what its connection had. */
export function askedByRecovery(asked: Asked, recovery: RecoveryDocument, target: PresentTarget | undefined): Asked {
  const { connection, definition, left_out: leftOut, salt } = recovery;
  const isMeant = ({ name, definition: one }: Desired) =>
    one.providerType === connection.provider_type && (name === definition.name || one.origin.file === definition.file);
  const meant = asked.desired.find(isMeant);
  if (meant === undefined) {
    const detail = `the ${FILE} is of "${definition.name}" (${connection.provider_type}), and no definition is.`;
    const hint = `it was at ${definition.file}; name its folder with --dir.`;
    return { ...asked, problems: [...asked.problems, error("STALE.OTHER_DEFINITIONS", detail, { hint })] };
  }
  const place = { file: meant.definition.origin.file, line: meant.definition.origin.line, column: 1 };
  const problems: Problem[] = [...asked.problems];
  if (target !== undefined) problems.push(...otherTarget(recovery.target, target, FILE));
  if (!asked.selected.has(meant)) {
    const detail = `--only does not name "${meant.name}", which the ${FILE} is of.`;
    problems.push(error("LOAD.NOTHING_SELECTED", detail, { hint: `use --only ${shellWord(meant.name)}.` }));
  }
  if (leftOut.length > 0) {
    const detail = `${connection.id} also had ${leftOut.join(", ")}, taken from a variable and in no file; "${meant.name}" will not have it.`;
    problems.push(warning("PLAN.NOT_RECOVERED", detail, { place, hint: "declare it, or set it again by hand." }));
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
      recovers: { desired: wanted, carried: carriedFrom(recovery) },
      saltFor: (desired) => (desired === wanted && salt !== "" ? salt : asked.request.saltFor(desired)),
    },
    isConsented: true,
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
  const { file, line } = wanted.definition.origin;
  const place = { file, line, column: 1 };
  if (row.id === connection.id) {
    const detail = `${row.id} ("${wanted.name}") is still there, so nothing was archived.`;
    const hint = `delete the ${FILE}; apply --replace ${shellWord(wanted.name)} begins anew.`;
    return [error("STALE.NOTHING_TO_RECOVER", detail, { place, hint })];
  }
  const reading = readStamps([row]).get(row);
  if (reading?.kind === "own" && isWrittenBy(reading.stamp, salt)) return [];
  const now = [...planned.sources].find(([, { desired }]) => desired === wanted)?.[0];
  // Without a stamp nothing tells who made it: what equals the definition is taken for done.
  if (salt === "" && now !== undefined && !writes(now)) return [];
  const detail = `somebody made ${row.id} in the place of ${connection.id} ("${wanted.name}") meanwhile.`;
  const hint = `look at it; what ${connection.id} had is in the ${FILE}.`;
  return [error("STALE.NEW_TWIN", detail, { place, hint })];
}
