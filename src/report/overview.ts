import type { Run } from "../model/run.js";
import { fixedLines } from "./fleet.js";
import { NOTHING_TO_CHANGE, noteLines } from "./notes.js";
import { plainPaint } from "./paint.js";
import { dangersOf, type ShownChange, shownIn, whoseIn } from "./shown.js";
import { counted } from "./text.js";

/** What stands at the top of a report that people read, and what it is about; each kind of report gives it its own look. */
export interface Overview {
  readonly lines: readonly string[];
  readonly shown: readonly ShownChange[];
  readonly dangers: ReturnType<typeof dangersOf>;
  readonly dangerCount: number;
  readonly dangersHeading: string;
  /** What is no change but should be known, each with what belongs to it. */
  readonly notes: readonly { readonly whose: string; readonly text: string; readonly more: readonly string[] }[];
  readonly notesHeading: string;
  /** What to say where every environment has a plan, and none of them anything to show. */
  readonly nothing?: string;
}

export function overviewOf(run: Run): Overview {
  const shown = shownIn(run);
  const dangers = dangersOf(shown);
  const dangerCount = dangers.reduce((sum, { of }) => sum + of.length, 0);
  const plans = run.targets.flatMap(({ plan }) => plan ?? []);
  const isCalm = plans.length > 0 && plans.length === run.environments.length && shown.length === 0;
  // Once it is carried out, nobody has to look any more.
  const isCarriedOut = run.targets.some(({ outcomes }) => outcomes !== undefined);
  const advice = isCarriedOut ? " of the plan" : `: look at ${dangerCount === 1 ? "this" : "these"} first`;
  return {
    lines: fixedLines(run),
    shown,
    dangers,
    dangerCount,
    dangersHeading: `${counted(dangerCount, "danger")}${advice}`,
    notes: notesIn(run),
    notesHeading: isCarriedOut ? "To know of the plan" : "To know",
    ...(isCalm ? { nothing: NOTHING_TO_CHANGE } : {}),
  };
}

function notesIn(run: Run): Overview["notes"] {
  return run.targets.flatMap((target) => {
    const notes: { readonly whose: string; readonly text: string; readonly more: string[] }[] = [];
    for (const line of target.plan === undefined ? [] : noteLines(target, target.plan, plainPaint)) {
      // What belongs to the line before is indented.
      if (line.startsWith(" ")) notes.at(-1)?.more.push(line.trim());
      else notes.push({ whose: whoseIn(run, target), text: line, more: [] });
    }
    return notes;
  });
}
