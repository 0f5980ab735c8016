import { FingerprintKey, type FingerprintKeys } from "../model/fingerprint.js";
import type { Place } from "../model/location.js";
import { error, type Problem } from "../model/problem.js";
import { Secret } from "../model/secret.js";
import { type Variables, whyMissing } from "../secrets/variables.js";

/** How stamps are kept, by the variables of this process. */
export interface StampVariables {
  readonly owner?: string;
  /** Whether stamps are kept; absent where no variable says. */
  readonly isOn?: boolean;
  readonly keys: FingerprintKeys;
  /** What the keys were read from: never to be shown. */
  readonly secrets: readonly Secret[];
  readonly problems: readonly Problem[];
}

const OWNER = "FLEXPRICE_SYNC_OWNER";
const STAMP = "FLEXPRICE_SYNC_STAMP";
const KEY = "FLEXPRICE_SYNC_FINGERPRINT_KEY";
const PREVIOUS_KEY = `${KEY}_PREVIOUS`;

/** The variables about stamps and fingerprints. A variable that is empty is taken for one that is not set: CI passes missing secrets so. */
export function stampVariablesOf(variables: Variables): StampVariables {
  const problems: Problem[] = [];
  const secrets: Secret[] = [];
  const owner = ownerOf(variables, problems);
  const isOn = isOnOf(variables, problems);
  const current = keyOf(KEY, variables, problems, secrets);
  const previous = keyOf(PREVIOUS_KEY, variables, problems, secrets);
  if (previous !== undefined && current === undefined && problems.length === 0) {
    const detail = `${PREVIOUS_KEY} is set, and ${KEY} is not.`;
    const hint = `set ${KEY} to the key that is in use now.`;
    problems.push(error("SETTINGS.BAD_FINGERPRINT_KEY", detail, { hint }));
  }
  const keys = { ...(current === undefined ? {} : { current }), ...(previous === undefined ? {} : { previous }) };
  const said = { ...(owner === undefined ? {} : { owner }), ...(isOn === undefined ? {} : { isOn }) };
  return { ...said, keys, secrets, problems };
}

/** The text of a variable; `undefined` when it is not set or empty, and when it cannot be read, which is then a problem. */
function textOf(name: string, code: Problem["code"], variables: Variables, problems: Problem[]): string | undefined {
  const found = variables.lookUp(name);
  if (found.state === "set") return found.value;
  if (found.state === "unset" || (found.state === "empty" && !found.fromFile)) return undefined;
  problems.push(error(code, `${whyMissing(name, found)}.`, { hint: `put the value there, or unset ${name}_FILE.` }));
  return undefined;
}

function ownerOf(variables: Variables, problems: Problem[]): string | undefined {
  const owner = textOf(OWNER, "SETTINGS.BAD_OWNER", variables, problems);
  if (owner === undefined) return undefined;
  const problem = badOwner(owner, OWNER);
  if (problem === undefined) return owner;
  problems.push(problem);
  return undefined;
}

/** What is wrong with an owner, if something is. The value is not repeated: it may be a key that was given to the wrong place. */
export function badOwner(owner: string, source: string, place?: Place): Problem | undefined {
  const fault = faultOf(owner);
  if (fault === undefined) return undefined;
  const hint = "give it a name, such as acme-billing; everybody with an API key can read it on the connections.";
  return error("SETTINGS.BAD_OWNER", `${source} ${fault}.`, { hint, ...(place === undefined ? {} : { place }) });
}

function faultOf(owner: string): string | undefined {
  if (/^(?:[sprk]k_|whsec_|rzp_(?:live|test)_|AKIA|eyJ|gh[pousr]_)/.test(owner)) return "holds what looks like a key";
  if (/[\p{C}\p{Zl}\p{Zp}]/u.test(owner)) return "holds a line break or another character that does not show";
  if (owner.trim() !== owner) return "has a blank at an end";
  return [...owner].length > 100 ? "has more than 100 characters" : undefined;
}

function isOnOf(variables: Variables, problems: Problem[]): boolean | undefined {
  const text = textOf(STAMP, "SETTINGS.BAD_STAMP", variables, problems);
  if (text === undefined || text === "on") return text === undefined ? undefined : true;
  if (text !== "off") {
    const hint = "write off to keep no stamps, and leave it unset otherwise.";
    problems.push(error("SETTINGS.BAD_STAMP", `${STAMP} takes only on or off.`, { hint }));
  }
  return false;
}

function keyOf(name: string, variables: Variables, problems: Problem[], secrets: Secret[]): FingerprintKey | undefined {
  const text = textOf(name, "SETTINGS.BAD_FINGERPRINT_KEY", variables, problems);
  if (text === undefined) return undefined;
  secrets.push(new Secret(text));
  const key = FingerprintKey.read(text);
  if (typeof key === "object") return key;
  if (key === "malformed") {
    const detail = `${name} is not the base64 of exactly 32 bytes: it may be cut, or hold a blank or a line break (perhaps of a Windows file).`;
    const hint = "copy the key again; only where there has been none yet, make one with flexprice-sync keygen.";
    problems.push(error("SETTINGS.BAD_FINGERPRINT_KEY", detail, { hint }));
  } else {
    const detail = `${name} has fewer than 16 distinct bytes, so it was not drawn by chance and can be guessed.`;
    const hint = "make one with flexprice-sync keygen.";
    problems.push(error("SETTINGS.WEAK_FINGERPRINT_KEY", detail, { hint }));
  }
  return undefined;
}
