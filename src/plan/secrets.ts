import type { Catalogue, FieldFacts } from "../model/catalogue.js";
import type { Desired, DesiredCredential, Observed } from "../model/connection.js";
import { fieldFacts, isKeptCredential } from "../model/credentials.js";
import { type FingerprintKeys, keyIdOf } from "../model/fingerprint.js";
import { ownValue } from "../model/json.js";
import { type Evidence, isDifferent, type SecretChange, type SecretState } from "../model/plan.js";
import { type Problem, shellWord, warning } from "../model/problem.js";
import type { Stamp, StampSettings } from "../model/stamp.js";
import { fingerprintOf } from "../state/stamp.js";

/** What is known and asked about the credentials of one row. */
export interface SecretQuestion {
  readonly readsStamps: boolean;
  readonly canHaveStamp: boolean;
  /** The row's own stamp. */
  readonly stamp?: Stamp;
  readonly keys: FingerprintKeys;
  /** Send what is unknown. */
  readonly isWritten: boolean;
  /** It was sent already, by a write that leaves no fingerprint and can be told all the same. */
  readonly isDone: boolean;
  /** Renew fingerprints of an earlier key. */
  readonly isAdopted: boolean;
  /** Take the present values for those that the service has, on the user's word. */
  readonly isAssumed: boolean;
}

/** The credentials of a connection that is to be made: all of them are sent, without a trace where nothing can be recorded. */
export function secretsOfNew(desired: Desired, { isOn, keys }: StampSettings): readonly SecretChange[] {
  const traceless = isOn && keys.current === undefined ? { evidence: "no-key" as const } : {};
  return desired.credentials.map((credential) => secretChange(credential, "new", { isSent: true, ...traceless }));
}

/**
 * In what state each credential of an existing connection is. The service shows none, so it is told by the fingerprint of
 * what we wrote; without one it is unknown, and neither changed nor in order.
 */
export function secretsOfRow(
  desired: Desired,
  row: Observed,
  question: SecretQuestion,
  catalogue: Catalogue,
): readonly SecretChange[] {
  const provider = desired.definition.providerType;
  const compared = desired.credentials.flatMap((credential) => {
    const facts = fieldFacts(catalogue, provider, credential.field);
    // What the service rewrites, or puts in place itself, has nothing to do with what the file says.
    const isServers = facts?.update === "server-managed" || isKeptCredential(catalogue, provider, row.syncConfig);
    return isServers ? [] : [{ credential, facts, change: judged(credential, facts, provider, question) }];
  });
  const along = new Set(
    compared.flatMap(({ facts, change }) =>
      change.isSent && change.state !== "unresolved" ? (facts?.sentWith ?? []) : [],
    ),
  );
  return compared.map(({ credential, change }) =>
    along.has(credential.field) ? { ...change, isSent: true, isRecorded: false } : change,
  );
}

function judged(
  credential: DesiredCredential,
  facts: FieldFacts | undefined,
  provider: string,
  question: SecretQuestion,
): SecretChange {
  const isApplied = facts?.update === "applied";
  const { isWritten, isDone, isAdopted, isAssumed } = question;
  // Only what a create drops can be pending, whatever somebody has put into the stamp: else we would vouch for what is not there.
  const isPending = facts?.afterCreate === true && question.stamp?.pending.includes(credential.path) === true;
  if (credential.value.kind === "unresolved") {
    return secretChange(credential, "unresolved", { isSent: (isWritten && isApplied) || isPending });
  }
  // The create before was cut short: what it did not get to is sent now.
  if (isPending) return secretChange(credential, "new", { evidence: "not-sent-yet", isSent: true });
  const evidence = evidenceOn(credential, provider, question);
  const isProven = evidence === "equal" || evidence === "equal-under-previous-key";
  // Nobody's word is needed for what can be sent: then it is there for certain.
  if (isAssumed && !(isApplied && isDifferent(evidence)))
    return secretChange(credential, "unchanged", { evidence, isRecorded: evidence !== "equal" });
  if (isProven)
    return secretChange(credential, "unchanged", { evidence, isRecorded: isAdopted && evidence !== "equal" });
  if ((!isWritten || (isDone && isApplied)) && !isDifferent(evidence))
    return secretChange(credential, "unknown", { evidence });
  return secretChange(credential, isApplied ? "changed" : "blocked", { evidence, isSent: isApplied });
}

function evidenceOn(
  { path, value }: DesiredCredential,
  providerType: string,
  { readsStamps, canHaveStamp, stamp, keys }: SecretQuestion,
): Evidence {
  if (!readsStamps) return "stamps-off";
  if (stamp === undefined && !canHaveStamp) return "no-stamp";
  if (keys.current === undefined) return "no-key";
  const recorded = stamp === undefined ? undefined : ownValue(stamp.secrets, path);
  if (stamp === undefined || recorded === undefined) return "no-record";
  const keyId = keyIdOf(recorded);
  const key = [keys.current, keys.previous].find((one) => one !== undefined && one.id === keyId);
  if (key === undefined) return "other-key";
  const isEqual = fingerprintOf(value, { providerType, salt: stamp.salt, path }, key) === recorded;
  if (key === keys.current) return isEqual ? "equal" : "different";
  return isEqual ? "equal-under-previous-key" : "different-under-previous-key";
}

/** What there is to say of a credential: that its variable is missing, or else the state it is in. */
function secretChange(
  { path, variable, value }: DesiredCredential,
  state: SecretState,
  { isSent = false, isRecorded = false, evidence }: Partial<Pick<SecretChange, "isSent" | "isRecorded" | "evidence">>,
): SecretChange {
  const named = { path, ...(variable === undefined ? {} : { variable }) };
  const said = { ...named, isSent, isRecorded, ...(evidence === undefined ? {} : { evidence }) };
  if (value.kind === "unresolved") return { ...said, state: "unresolved", why: value.reference.why.reason };
  return { ...said, state };
}

/** Said when somebody names a definition to have its secrets sent, and all of them are as they were written. */
export function nothingToSend({ definition, name }: Desired, catalogue: Catalogue): Problem {
  const fields = definition.credentials.map(({ field }) => fieldFacts(catalogue, definition.providerType, field));
  const detail = `the fingerprints of all secrets of "${name}" are equal to what was written.`;
  const twice = `run apply --write-secrets=${shellWord(name)} once with no key for fingerprints set, and once more with it`;
  const hint = fields.some((facts) => facts?.update === "applied")
    ? `if the service has lost one that can be changed, ${twice}; the others are then said to be blocked (exit code 6).`
    : "none of them can be changed on an existing connection anyway.";
  return warning("PLAN.NOTHING_TO_SEND", detail, { place: definition.origin.locate(["name"], "value"), hint });
}

/** How many fingerprints of a definition were made with the previous key, and are not renewed by what is planned. */
export function underPreviousKey(
  desired: Desired,
  stamp: Stamp,
  keys: FingerprintKeys,
  planned: readonly SecretChange[],
): number {
  const renewed = new Set(planned.filter(({ isSent, isRecorded }) => isSent || isRecorded).map(({ path }) => path));
  return desired.credentials.filter(({ path }) => {
    const recorded = ownValue(stamp.secrets, path);
    if (recorded === undefined || renewed.has(path) || keys.previous === undefined) return false;
    return keyIdOf(recorded) === keys.previous.id && keys.previous.id !== keys.current?.id;
  }).length;
}
