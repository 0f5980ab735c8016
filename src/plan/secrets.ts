import type { Catalogue, FieldFacts } from "../model/catalogue.js";
import type { Desired, DesiredCredential, Observed } from "../model/connection.js";
import { fieldFacts, isKeptCredential } from "../model/credentials.js";
import { type FingerprintKeys, keyIdOf } from "../model/fingerprint.js";
import { ownValue } from "../model/json.js";
import type { SecretChange, SecretState, UnknownReason } from "../model/plan.js";
import type { Stamp } from "../model/stamp.js";
import { fingerprintOf } from "../state/stamp.js";

/** What is known and asked about the credentials of one row. */
export interface SecretQuestion {
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
  const comparison = compared(credential, provider, question);
  if (isAssumed) return secretChange(credential, "unchanged", { isRecorded: comparison !== "equal" });
  switch (comparison) {
    case "equal":
      return secretChange(credential, "unchanged");
    case "equal-under-previous-key":
      return secretChange(credential, "unchanged", { isRecorded: isAdopted });
    case "different":
      return isApplied ? secretChange(credential, "changed", { isSent: true }) : secretChange(credential, "blocked");
    default:
      if (!isWritten) return { ...secretChange(credential, "unknown"), unknownBecause: comparison };
      return isApplied ? secretChange(credential, "changed", { isSent: true }) : secretChange(credential, "blocked");
  }
}

type Comparison = "equal" | "equal-under-previous-key" | "different" | UnknownReason;

function compared(
  { path, value }: DesiredCredential,
  providerType: string,
  { stamp, keys }: SecretQuestion,
): Comparison {
  if (keys.current === undefined) return "no-key";
  const recorded = stamp === undefined ? undefined : ownValue(stamp.secrets, path);
  if (stamp === undefined || recorded === undefined) return "no-record";
  const keyId = keyIdOf(recorded);
  const key = [keys.current, keys.previous].find((one) => one !== undefined && one.id === keyId);
  if (key === undefined) return "other-key";
  if (fingerprintOf(value, { providerType, salt: stamp.salt, path }, key) !== recorded) return "different";
  return key === keys.current ? "equal" : "equal-under-previous-key";
}

/** What there is to say of a credential: that its variable is missing, or else the state it is in. */
function secretChange(
  { path, variable, value }: DesiredCredential,
  state: SecretState,
  { isSent = false, isRecorded = false }: { readonly isSent?: boolean; readonly isRecorded?: boolean } = {},
): SecretChange {
  const said = { path, ...(variable === undefined ? {} : { variable }), isSent, isRecorded };
  if (value.kind === "unresolved") return { ...said, state: "unresolved", why: value.reference.why.reason };
  return { ...said, state };
}
