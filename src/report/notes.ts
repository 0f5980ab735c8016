import type { Change, Evidence, Plan, SecretChange, Summary } from "../model/plan.js";
import { shellWord } from "../model/problem.js";
import type { Run, RunToSave, TargetRun } from "../model/run.js";
import { MASK } from "../model/secret.js";
import type { Paint } from "./paint.js";
import { counted, printable } from "./text.js";

/** What a plan says that has nothing to do. */
export const NOTHING_TO_CHANGE = "Nothing to change: no difference in what can be compared.";

/** Behind the id of an environment, where the service has not shown it. */
export function surenessOf({ isConfirmed }: TargetRun): string {
  return isConfirmed ? "" : " (expected; no connection confirms it)";
}

const unknownWords: Readonly<Partial<Record<Evidence, string>>> = {
  "stamps-off": "FLEXPRICE_SYNC_STAMP is off, so no fingerprint is read",
  "no-stamp": "the connection carries no stamp, so there is no fingerprint",
  "no-key": "FLEXPRICE_SYNC_FINGERPRINT_KEY is not set (flexprice-sync keygen makes a key)",
  "other-key":
    "the fingerprint was made with another key; one that was in use before goes into FLEXPRICE_SYNC_FINGERPRINT_KEY_PREVIOUS",
  "no-record": "there is no fingerprint of what the service was given",
};

/** What to know of secrets that nothing tells of: how many, why, and the ways out. */
function unknownLines(secrets: readonly SecretChange[], paint: Paint, connections: number): readonly string[] {
  const unknown = secrets.filter(({ state, isSent }) => state === "unknown" && !isSent);
  if (unknown.length === 0) return [];
  const reasons = Object.entries(unknownWords).flatMap(([reason, words]) => {
    const count = unknown.filter(({ evidence }) => evidence === reason).length;
    return count === 0 ? [] : [{ count, words }];
  });
  const because = reasons.map(({ count, words }) => `  ${reasons.length > 1 ? `${count} of them: ` : ""}${words}.`);
  const canBeRecorded = unknown.some(({ evidence }) => evidence === "no-record" || evidence === "other-key");
  return [
    `${paint("warn", "?")} ${counted(unknown.length, "credential")} of ${counted(connections, "connection")} cannot be compared, for the service shows none, and ${unknown.length === 1 ? "is" : "are"} not sent:`,
    ...because,
    "  --write-secrets sends what the service can change; for the rest the way out is a new connection (--replace).",
    ...(canBeRecorded
      ? ["  If you know that the service has these values, apply --adopt --assume-secrets records them on your word."]
      : []),
  ];
}

/** What to know while a key is being exchanged: whether the one before is still needed. */
function previousKeyLines({ previousKey }: Summary): readonly string[] {
  if (previousKey === 0) return [];
  const are = `${counted(previousKey, "fingerprint")} ${previousKey === 1 ? "is" : "are"}`;
  return [`${are} of the previous key: apply --adopt renews what is equal; keep that key until none is left.`];
}

/** Connections that are no longer in a file, by name. */
const MOST_STAMPED = 20;

/** What is not a change but should be known, a line each. */
export function noteLines(
  { assumeUpdatable }: TargetRun,
  { changes, summary, unclaimed }: Plan,
  paint: Paint,
): readonly string[] {
  const secrets = changes.flatMap((change) => change.secrets);
  const blocked = secrets.filter(({ state }) => state === "blocked").length;
  const marked = changes.filter((change) => change.stamp).length;
  const stamped = unclaimed.filter((row) => row.stamped);
  const lines: string[] = [...unknownLines(secrets, paint, summary.unknown), ...previousKeyLines(summary)];
  lines.push(...tracelessLines(secrets), ...assumedLines(changes, assumeUpdatable ?? [], paint));
  if (blocked > 0)
    lines.push(
      `${paint("bad", "!")} ${counted(blocked, "credential")} cannot be changed on an existing connection: the way out is a new one (--replace).`,
    );
  if (summary.replace > 0)
    lines.push(
      `${paint("bad", "±")} ${counted(summary.replace, "connection")} ${summary.replace === 1 ? "is" : "are"} archived and made anew: apply needs --allow-dangerous for that, or a yes on a terminal.`,
    );
  if (marked > 0)
    lines.push(
      `${counted(marked, "change")} ${marked === 1 ? "writes" : "write"} the stamp by which a later run knows what is ours.`,
    );
  if (summary.keptKeys > 0)
    lines.push(`${counted(summary.keptKeys, "key")} that no file names ${summary.keptKeys === 1 ? "is" : "are"} kept.`);
  if (unclaimed.length > 0)
    lines.push(
      `${counted(unclaimed.length, "connection")} of the service ${unclaimed.length === 1 ? "is" : "are"} in no file and left alone.`,
    );
  for (const { name, providerType, id, owner } of stamped.slice(0, MOST_STAMPED)) {
    const whose = owner === undefined ? "" : `, by the owner ${printable(owner)}`;
    lines.push(
      `  kept by flexprice-sync before${whose}: ${printable(name)} (${printable(providerType)}, ${printable(id)})`,
    );
  }
  if (stamped.length > MOST_STAMPED)
    lines.push(`  and ${stamped.length - MOST_STAMPED} more that flexprice-sync kept before; --json names all.`);
  return lines;
}

/** What is sent now and leaves no fingerprint cannot be told later from what is sent then; afterwards it is too late to say so. */
function tracelessLines(secrets: readonly SecretChange[]): readonly string[] {
  const sent = secrets.filter(({ isSent, state }) => isSent && state !== "unresolved");
  const count = sent.filter(({ evidence }) => evidence === "no-key").length;
  if (count === 0) return [];
  const leave = count === 1 ? "leaves no fingerprint" : "leave no fingerprints";
  return [
    `${counted(count, "credential")} that ${count === 1 ? "is" : "are"} sent ${leave}, so a later change of ${count === 1 ? "it" : "them"} will not be noticed: FLEXPRICE_SYNC_FINGERPRINT_KEY is not set (flexprice-sync keygen makes a key).`,
  ];
}

/** Credentials that are sent on the word of the settings: the service as we know it would take them with 200 and drop them. */
function assumedLines(changes: readonly Change[], assumed: readonly string[], paint: Paint): readonly string[] {
  const sent = changes
    .filter(({ action }) => action === "update")
    .flatMap(({ secrets }) => secrets.filter(({ isSent }) => isSent).map(({ path }) => path));
  const relied = assumed.filter((name) => sent.includes(`encrypted_secret_data.${name}`));
  if (relied.length === 0) return [];
  const are = relied.length === 1 ? "is" : "are";
  return [
    `${paint("warn", "!")} ${relied.join(", ")} ${are} sent because the settings assume that this server can change ${relied.length === 1 ? "it" : "them"} (assume_updatable); nothing shows whether it did.`,
  ];
}

/** What a saved plan does not hold down: without a key for fingerprints nothing tells one value of a secret from another. */
export function savedLines(plan: Plan, saved: RunToSave | undefined): readonly string[] {
  const takes = ({ secrets, fields }: Change) => secrets.length > 0 || fields.some(({ after }) => after === MASK);
  if (saved === undefined || !plan.changes.some(takes)) return [];
  if (saved.document.key_id === null) {
    return [
      "The saved plan knows no secret, for FLEXPRICE_SYNC_FINGERPRINT_KEY is not set: secret values are those at apply time.",
    ];
  }
  const open = plan.changes.flatMap(({ secrets }) => secrets.filter(({ state }) => state === "unresolved"));
  if (open.length === 0) return [];
  const have =
    open.length === 1
      ? "credential has no value now: what its variable holds"
      : "credentials have no value now: what their variables hold";
  return [`${open.length} ${have} at apply time is taken, unseen.`];
}

/** Where a plan is saved, and what for. */
export function keptText({ targets, saved }: Run): string {
  if (saved === undefined) return "";
  const { file, document, sameTarget } = saved;
  const changes = targets.flatMap(({ plan }) => plan?.changes ?? []);
  const kept = `The plan is saved in ${printable(file)}`;
  if (changes.some(({ action, isProtected }) => action === "replace" && isProtected))
    return `${kept}, but apply refuses it: it replaces a protected connection.\n`;
  const allows = changes.some(({ guarded }) => guarded) ? " --allow-dangerous" : "";
  const command = `flexprice-sync apply ${shellWord(file)}${allows}${sameTarget}`;
  return `${kept}. Until ${document.expires_at} this carries it out, and nothing else: ${printable(command)}\n`;
}

/** Whether it was asked to send a value of which nothing tells whether it differs. */
export function isUnseen({ evidence }: SecretChange): boolean {
  return evidence !== undefined && evidence in unknownWords;
}
