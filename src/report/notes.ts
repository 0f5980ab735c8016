import type { Evidence, Plan, SecretChange } from "../model/plan.js";
import type { Paint } from "./paint.js";
import { counted, printable } from "./text.js";

const unknownWords: Readonly<Partial<Record<Evidence, string>>> = {
  "stamps-off": "FLEXPRICE_SYNC_STAMP is off, so no fingerprint is read",
  "no-key": "without FLEXPRICE_SYNC_FINGERPRINT_KEY nothing tells whether they changed",
  "other-key":
    "their fingerprints were made with another key (one that was in use before goes into FLEXPRICE_SYNC_FINGERPRINT_KEY_PREVIOUS)",
  "no-record": "there is no fingerprint of what the service was given",
};

/** What to know of secrets that nothing tells of: how many, why, and the ways out. */
function unknownLines(secrets: readonly SecretChange[], connections: number, paint: Paint): readonly string[] {
  const unknown = secrets.filter(({ state, isSent }) => state === "unknown" && !isSent);
  if (unknown.length === 0) return [];
  const because = [...new Set(unknown.flatMap(({ evidence = "no-record" }) => unknownWords[evidence] ?? []))];
  const hasNoRecord = unknown.some(({ evidence }) => evidence === "no-record");
  return [
    `${paint("warn", "?")} ${counted(unknown.length, "credential")} of ${counted(connections, "connection")} cannot be compared, for the service shows none: ${because.join("; ")}.`,
    "  Nothing of that is sent. --write-secrets sends what the service can change; for the rest the way out is a new connection (--replace).",
    ...(hasNoRecord
      ? ["  If you know that the service has these values, apply --adopt --assume-secrets records them on your word."]
      : []),
  ];
}

/** What to know while a key is being exchanged: whether the one before is still needed. */
function previousKeyLines(secrets: readonly SecretChange[]): readonly string[] {
  const waiting = secrets.filter((one) => one.evidence === "equal-under-previous-key" && !one.isRecorded).length;
  const stuck = secrets.filter(
    (one) => one.evidence === "different-under-previous-key" && !one.isSent && !one.isRecorded,
  ).length;
  const are = (count: number) => `${counted(count, "fingerprint")} ${count === 1 ? "is" : "are"}`;
  return [
    ...(waiting > 0
      ? [`${are(waiting)} of the previous key: apply --adopt renews ${waiting === 1 ? "it" : "them"}.`]
      : []),
    ...(stuck > 0
      ? [
          `${are(stuck)} of the previous key and cannot be renewed while the value differs: keep the previous key until then.`,
        ]
      : []),
  ];
}

/** What is not a change but should be known, a line each. */
export function noteLines({ changes, summary, unclaimed }: Plan, paint: Paint): readonly string[] {
  const secrets = changes.flatMap((change) => change.secrets);
  const blocked = secrets.filter(({ state }) => state === "blocked").length;
  const marked = changes.filter((change) => change.stamp).length;
  const stamped = unclaimed.filter((row) => row.stamped);
  const lines: string[] = [...unknownLines(secrets, summary.unknown, paint), ...previousKeyLines(secrets)];
  if (blocked > 0)
    lines.push(
      `${paint("bad", "!")} ${counted(blocked, "credential")} cannot be changed on an existing connection: the way out is a new one (--replace).`,
    );
  if (marked > 0)
    lines.push(
      `${counted(marked, "change")} also ${marked === 1 ? "writes" : "write"} the stamp, the mark by which a later run knows what is ours.`,
    );
  if (summary.keptKeys > 0)
    lines.push(`${counted(summary.keptKeys, "key")} that no file names ${summary.keptKeys === 1 ? "is" : "are"} kept.`);
  if (unclaimed.length > 0)
    lines.push(
      `${counted(unclaimed.length, "connection")} of the service ${unclaimed.length === 1 ? "is" : "are"} in no file and left alone.`,
    );
  for (const { name, providerType, id, owner } of stamped) {
    const whose = owner === undefined ? "" : `, by the owner ${printable(owner)}`;
    lines.push(
      `  kept by flexprice-sync before${whose}: ${printable(name)} (${printable(providerType)}, ${printable(id)})`,
    );
  }
  return lines;
}

/** Whether it was asked to send a value of which nothing tells whether it differs. */
export function isUnseen({ evidence }: SecretChange): boolean {
  return evidence !== undefined && evidence in unknownWords;
}
