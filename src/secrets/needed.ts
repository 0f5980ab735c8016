import type { Desired } from "../model/connection.js";
import type { Change, Source } from "../model/plan.js";
import type { Problem } from "../model/problem.js";
import { problemOfReference, unresolvedOf } from "./resolve.js";

/** Every variable without a value that some definition names. */
export function missingVariables(desired: readonly Desired[], severity: Problem["severity"]): readonly Problem[] {
  return desired.flatMap((one) => unresolvedOf(one).map((reference) => problemOfReference(one, reference, severity)));
}

/** A reference without a value stops apply where a write needs it or where it hides whether one is needed; else it is a warning. */
export function unresolvedForApply(sources: ReadonlyMap<Change, Source>): readonly Problem[] {
  return [...sources].flatMap(([change, { desired }]) => {
    const needed = new Set(change.secrets.filter(({ isSent }) => isSent).map(({ path }) => path));
    const inCredentials = new Map(
      desired.credentials.flatMap(({ path, value }) => (value.kind === "unresolved" ? [[value.reference, path]] : [])),
    );
    return unresolvedOf(desired).map((reference) => {
      const path = inCredentials.get(reference);
      const isMadeAnew = change.action === "create" || change.action === "replace";
      // What is in no credential hides whether something differs.
      const isNeeded = isMadeAnew || path === undefined || needed.has(path);
      return problemOfReference(desired, reference, isNeeded ? "error" : "warning");
    });
  });
}
