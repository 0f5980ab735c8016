import type { Proposal } from "../apply/consent.js";
import { type Action, type Change, writes } from "../model/plan.js";
import type { TargetRun } from "../model/run.js";
import { ONLY_ENVIRONMENT } from "../model/settings.js";
import type { Paint } from "../report/paint.js";
import { dangersOf, shownIn } from "../report/shown.js";
import { counted, printable, someOf } from "../report/text.js";

/** Dangers that the question itself names; the plan above it has all of them. */
const MOST_DANGERS = 12;

/** What is written at one target. */
interface Writing {
  readonly target: TargetRun;
  readonly changes: readonly Change[];
}

/** Asks for consent, with targets, counts and dangers in the question. */
export function questionText(proposal: Proposal, command: "apply" | "prune", paint: Paint): string {
  const { open, environments } = proposal;
  const writing = open.flatMap((target): readonly Writing[] => {
    const changes = target.plan?.changes.filter(writes) ?? [];
    return changes.length === 0 ? [] : [{ target, changes }];
  });
  const isFleet = environments.length > 1;
  const left = environments.filter((name) => open.every(({ environment }) => environment !== name));
  const lines = [
    ...dangerLines(proposal, paint),
    ...(isFleet ? writing.map((one) => `  ${countsOf(one.changes, command)} ${placeOf(one.target)}`) : []),
    ...(left.length === 0
      ? []
      : [`  left out for ${left.length === 1 ? "its" : "their"} errors: ${someOf(left.map(printable))}`]),
  ];
  const all = writing.flatMap(({ changes }) => changes);
  const [only] = writing;
  const where = isFleet || only === undefined ? `in ${counted(writing.length, "environment")}` : placeOf(only.target);
  const verb = command === "prune" ? "Archive" : "Apply";
  const asked = paint("strong", `${verb} ${countsOf(all, command)} ${where}?`);
  return `${lines.map((line) => `${line}\n`).join("")}${asked} Only yes is taken: `;
}

function dangerLines({ environments, open }: Proposal, paint: Paint): readonly string[] {
  const dangers = dangersOf(shownIn({ environments, targets: open }));
  const label = `  ${paint("bad", "danger:")}`;
  const left = dangers.length - MOST_DANGERS;
  return [
    ...dangers.slice(0, MOST_DANGERS).map(({ danger, of }) => {
      const names = of.map(({ whose, change }) => printable(`${whose}${change.name}`));
      return `${label} ${someOf(names)}: ${printable(danger)}`;
    }),
    ...(left > 0 ? [`${label} ${left} more, which stand in the plan above`] : []),
  ];
}

/** `3 changes (1 to create, 2 to update)`. */
function countsOf(changes: readonly Change[], command: "apply" | "prune"): string {
  if (command === "prune") return counted(changes.length, "connection");
  const actions: readonly Action[] = ["create", "update", "replace", "archive"];
  const parts = actions.flatMap((action) => {
    const count = changes.filter((change) => change.action === action).length;
    return count === 0 ? [] : [`${count} to ${action}`];
  });
  return `${counted(changes.length, "change")} (${parts.join(", ")})`;
}

function placeOf({ environment, baseUrl, environmentId }: TargetRun): string {
  const name = environment === ONLY_ENVIRONMENT ? "" : `${printable(environment)}, `;
  return `at ${name}${printable(baseUrl)}${environmentId === null ? "" : `, ${printable(environmentId)}`}`;
}
