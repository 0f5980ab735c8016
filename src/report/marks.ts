import type { OutcomeStatus } from "../model/outcome.js";
import { type Action, type Change, isBlocked } from "../model/plan.js";
import { assertNever } from "../model/problem.js";
import type { Tone } from "./paint.js";

/** How something is marked in every report: a symbol never stands without its word. */
export interface Mark {
  readonly symbol: string;
  readonly word: string;
  readonly tone: Tone;
}

/** What is to be done with a connection; `blocked` where nothing is, because nothing can be. */
export function markOf(change: Change): Mark {
  if (change.action === "none" && isBlocked(change)) return { symbol: "!", word: "blocked", tone: "bad" };
  return actionMark(change.action);
}

function actionMark(action: Action): Mark {
  switch (action) {
    case "create":
      return { symbol: "+", word: "create", tone: "good" };
    case "update":
      return { symbol: "~", word: "update", tone: "change" };
    case "replace":
      return { symbol: "±", word: "replace", tone: "bad" };
    case "archive":
      return { symbol: "-", word: "archive", tone: "bad" };
    case "none":
      return { symbol: " ", word: "unchanged", tone: "faint" };
    default:
      return assertNever(action);
  }
}

/** What became of a change. */
export function outcomeMark(status: OutcomeStatus): Mark {
  const word = status.replace("-", " ");
  switch (status) {
    case "created":
      return { symbol: "+", word, tone: "good" };
    case "updated":
      return { symbol: "~", word, tone: "good" };
    case "replaced":
      return { symbol: "±", word, tone: "good" };
    case "archived":
      return { symbol: "-", word, tone: "good" };
    case "unchanged":
      return { symbol: " ", word, tone: "faint" };
    case "failed":
    case "not-converged":
      return { symbol: "!", word, tone: "bad" };
    case "unknown":
    case "not-started":
      return { symbol: "?", word, tone: "warn" };
    default:
      return assertNever(status);
  }
}
