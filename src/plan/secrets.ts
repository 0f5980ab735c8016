import type { Catalogue, FieldFacts } from "../model/catalogue.js";
import type { Desired, DesiredCredential, Observed } from "../model/connection.js";
import { fieldFacts, isKeptCredential } from "../model/credentials.js";
import { type FingerprintKeys, keyIdOf } from "../model/fingerprint.js";
import { ownValue } from "../model/json.js";
import type { Evidence, SecretChange, SecretState } from "../model/plan.js";
import { type Problem, warning } from "../model/problem.js";
import type { Stamp } from "../model/stamp.js";
import { fingerprintOf } from "../state/stamp.js";

/** What is known and asked about the credentials of one row. */
export interface SecretQuestion {
  readonly readsStamps: boolean;
  /** The row's own stamp. */
  readonly stamp?: Stamp;
  readonly keys: FingerprintKeys;
  /** Send what is unknown. */
  readonly isWritten: boolean;
  /** Renew fingerprints of an earlier key. */
  readonly isAdopted: boolean;
  /** Take the present values for those that the service has, on the user's word. */
  readonly isAssumed: boolean;
}

/** The credentials of a connection that is to be made: all of them are sent. */
export function secretsOfNew(desired: Desired): readonly SecretChange[] {
  return desired.credentials.map((credential) => secretChange(credential, "new", { isSent: true }));
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
  const along = new Set(compared.flatMap(({ facts, change }) => (change.isSent ? (facts?.sentWith ?? []) : [])));
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
  const { isWritten, isAdopted, isAssumed } = question;
  if (credential.value.kind === "unresolved")
    return secretChange(credential, "unresolved", { isSent: isWritten && isApplied });
  const evidence = evidenceOn(credential, provider, question);
  const isProven = evidence === "equal" || evidence === "equal-under-previous-key";
  if (isAssumed) return secretChange(credential, "unchanged", { evidence, isRecorded: evidence !== "equal" });
  if (isProven)
    return secretChange(credential, "unchanged", { evidence, isRecorded: isAdopted && evidence !== "equal" });
  if (!isWritten && evidence !== "different" && evidence !== "different-under-previous-key")
    return secretChange(credential, "unknown", { evidence });
  return secretChange(credential, isApplied ? "changed" : "blocked", { evidence, isSent: isApplied });
}

function evidenceOn(
  { path, value }: DesiredCredential,
  providerType: string,
  { readsStamps, stamp, keys }: SecretQuestion,
): Evidence {
  if (!readsStamps) return "stamps-off";
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
export function nothingToSend({ definition, name }: Desired): Problem {
  const detail = `nothing of "${name}" is sent: the fingerprints of its secrets are equal to what was written.`;
  const hint = "if the service has lost them, run apply --write-secrets once without FLEXPRICE_SYNC_FINGERPRINT_KEY.";
  return warning("PLAN.NOTHING_TO_SEND", detail, { place: definition.origin.locate(["name"], "value"), hint });
}
