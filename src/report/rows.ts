import type { Json } from "../model/json.js";
import type { Change, Consequence, FieldChange, SecretChange, StampPart } from "../model/plan.js";
import { assertNever } from "../model/problem.js";
import type { Mark } from "./marks.js";
import { isUnseen } from "./notes.js";

/** One line of what a change consists of; every report shows the same ones. */
export interface Row extends Mark {
  readonly path: string;
  /** Absent where there was none, and of a credential. */
  readonly before?: Json;
  /** Absent where there will be none, and of a credential. */
  readonly after?: Json;
  /** What stands in place of a value, or behind the values. */
  readonly note?: string;
  /** What the change means; absent of a credential, and where nothing is written. */
  readonly consequence?: Consequence;
}

/** Fields in their order, then credentials. */
export function rowsOf(change: Change): readonly Row[] {
  const meant = new Map(change.consequences.map((consequence) => [consequence.path, consequence]));
  const fields = change.fields.map((field) => {
    const consequence = field.state === undefined ? meant.get(field.path) : undefined;
    return { ...fieldRow(field), ...(consequence === undefined ? {} : { consequence }) };
  });
  return [...fields, ...change.secrets.filter(isShownSecret).map(secretRow)];
}

/** Whether a person should see a change at all. */
export function isWorthShowing({ action, fields, secrets }: Change): boolean {
  return (
    action !== "none" || fields.length > 0 || secrets.some(({ state }) => state === "blocked" || state === "unresolved")
  );
}

/** Dangers of the change as a whole; those of a field stand beside it. */
export function generalDangers({ dangers, consequences }: Change): readonly string[] {
  const told = new Set(consequences.map((consequence) => consequence.sentence));
  return dangers.filter((danger) => !told.has(danger));
}

/** What to say of a change of which nothing but our own note about the connection is written; for somebody who wonders why. */
export function stampOnlyText(change: Change): string | undefined {
  return isStampOnly(change) ? `only its stamp is written: ${stampWords(change)}` : undefined;
}

function stampWords({ stampParts }: Change): string {
  const words: Readonly<Record<StampPart, string>> = {
    first: "there was none",
    replaced: "the one there is not believed",
    owner: "the owner",
    id: "the connection's id",
    paths: "which fields are ours",
    secrets: "fingerprints of secrets",
    protect: "whether it is protected",
  };
  return stampParts.map((part) => words[part]).join(", ");
}

function isStampOnly({ action, fields, secrets }: Change): boolean {
  const changesMore = fields.some(({ state }) => state === undefined) || secrets.some(({ isSent }) => isSent);
  return action === "update" && !changesMore;
}

const CANNOT_CHANGE = "blocked: cannot be changed on an existing connection";

function fieldRow({ path, kind, before, after, state, variable, why }: FieldChange): Row {
  if (state === "unresolved") return unresolvedRow(path, variable, why);
  const at = { path, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) };
  if (state === "blocked") return { ...at, symbol: "!", word: "blocked", tone: "bad", note: CANNOT_CHANGE };
  if (kind === "add") return { ...at, symbol: "+", word: "add", tone: "good" };
  if (kind === "edit") return { ...at, symbol: "~", word: "change", tone: "change" };
  const note = before === true ? "removed (turned off)" : "removed";
  return { ...at, symbol: "-", word: "remove", tone: "bad", note };
}

function unresolvedRow(path: string, variable: string | undefined, why: FieldChange["why"]): Row {
  const reasons = {
    unset: "is not set",
    empty: "is set but empty",
    unreadable: "cannot be read",
    "no-setting": "is not defined",
  };
  const note = `unresolved: ${variable ?? "its variable"} ${reasons[why ?? "unset"]}`;
  return { symbol: "?", word: "unresolved", tone: "warn", path, note };
}

/** Secrets that cannot be compared are counted elsewhere, not listed: there is nothing to decide about them. */
function isShownSecret(secret: SecretChange): boolean {
  return secret.isSent || isAssumed(secret) || (secret.state !== "unknown" && secret.state !== "unchanged");
}

/** Whether a value is taken on somebody's word, and not only proven anew under another key. */
function isAssumed({ isRecorded, evidence }: SecretChange): boolean {
  return isRecorded && evidence !== "equal-under-previous-key";
}

function secretRow(secret: SecretChange): Row {
  const { path, variable, state, why, isSent } = secret;
  const from = variable === undefined ? "(value from the file)" : `(secret from ${variable})`;
  switch (state) {
    case "new": {
      const late = secret.evidence === "not-sent-yet" ? "  not sent yet: the create before broke off" : "";
      return { symbol: "+", word: "add", tone: "good", path, note: `${from}${late}` };
    }
    case "changed": {
      const words = variable === undefined ? "changed" : `(secret from ${variable}: changed)`;
      const unseen = isUnseen(secret) ? "  sent as you asked; nothing tells whether it differs" : "";
      return { symbol: "~", word: "change", tone: "change", path, note: `${words}${unseen}` };
    }
    case "blocked":
      return { symbol: "!", word: "blocked", tone: "bad", path, note: `${from}  ${CANNOT_CHANGE}` };
    case "unresolved":
      return unresolvedRow(path, variable, why);
    case "unknown":
    case "unchanged": {
      const along = `${from}  sent along: the service takes them together`;
      const assumed = `${from}  taken on your word for what the service has; not sent`;
      return { symbol: " ", word: "unchanged", tone: "faint", path, note: isSent ? along : assumed };
    }
    default:
      return assertNever(state);
  }
}
