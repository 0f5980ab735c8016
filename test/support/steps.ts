import { catalogue } from "../../src/generated/catalogue.js";
import { readYaml } from "../../src/load/yaml-source.js";
import type { Declaration, Desired, Observed } from "../../src/model/connection.js";
import { FingerprintKey } from "../../src/model/fingerprint.js";
import type { JsonObject } from "../../src/model/json.js";
import { isError, type Problem } from "../../src/model/problem.js";
import { KnownSecrets } from "../../src/model/secret.js";
import type { Stamp } from "../../src/model/stamp.js";
import type { PlanRequest } from "../../src/plan/change.js";
import { noWishes } from "../../src/reconcile/wishes.js";
import { resolve } from "../../src/secrets/resolve.js";
import { variablesOf } from "../../src/secrets/variables.js";
import { stampText } from "../../src/state/stamp.js";
import { type Checked, validate } from "../../src/validate/validate.js";

export { catalogue };

/** For a plan in whose texts no secret is looked for. */
export const noSecrets = new KnownSecrets();

export const FILE = "connections/x.yaml";

export function declarationsOf(text: string, file = FILE): readonly Declaration[] {
  const { documents, problems } = readYaml(text, file);
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  return documents.map(({ data, refused, line, locate }) => ({ data, refused, origin: { file, line, locate } }));
}

export function check(text: string): Checked {
  return validate(declarationsOf(text), catalogue);
}

/** `CODE line:column` of every problem. */
export function codes(problems: readonly Problem[]): readonly string[] {
  return problems.map(({ code, place }) => (place === undefined ? code : `${code} ${place.line}:${place.column}`));
}

/** The definitions of a text with their references resolved; throws when there is a problem. */
export function desiredOf(text: string, environment: Readonly<Record<string, string>> = {}): readonly Desired[] {
  const { definitions, problems } = check(text);
  const found = problems.filter(isError);
  if (found.length > 0) throw new Error(JSON.stringify(found));
  const variables = variablesOf(environment, () => {
    throw new Error("no files here");
  });
  const resolved = resolve(definitions, variables, {}, catalogue);
  if (resolved.problems.length > 0) throw new Error(JSON.stringify(resolved.problems));
  return resolved.desired;
}

export function oneDesired(text: string, environment: Readonly<Record<string, string>> = {}): Desired {
  const [one] = desiredOf(text, environment);
  if (one === undefined) throw new Error("no definition");
  return one;
}

export function observed(facts: Partial<Observed> & Pick<Observed, "providerType">): Observed {
  return {
    id: `conn_${facts.providerType}`,
    name: facts.providerType,
    environmentId: "env_test",
    metadata: null,
    syncConfig: {},
    createdAt: "2026-01-02T03:04:05Z",
    isLive: true,
    ...facts,
  };
}

export function json(value: unknown): JsonObject {
  return value as JsonObject;
}

/** A plan's request without stamps: nothing is known to be ours, and no secret is. */
export const noStamps: PlanRequest = noWishes(
  { environment: "default", baseUrl: "https://us.api.flexprice.io/v1", stamps: false, assumeUpdatable: [] },
  {
    fingerprintKeys: {},
    newSalt: () => {
      throw new Error("no stamp, no salt");
    },
  },
);

/** A plan's request with stamps, and what a test says of it. */
export function stamped(more: Partial<PlanRequest> = {}): PlanRequest {
  return { ...noStamps, stamps: { isOn: true, keys: {} }, saltFor: () => "a-salt-for-this-test", ...more };
}

/** The text of a stamp of this provider's row, with what a test says of it. */
export function stampWith(provider: string, more: Partial<Stamp> = {}): string {
  return stampText({
    provider,
    salt: "the-salt-of-the-row",
    owns: {},
    masked: [],
    secrets: {},
    protect: false,
    pending: [],
    ...more,
  });
}

/** A key for fingerprints, another for each number. */
export function fingerprintKey(number: number): FingerprintKey {
  const key = FingerprintKey.read(keyText(number));
  if (typeof key !== "object") throw new Error(`the test's key is ${key}`);
  return key;
}

/** The same as a variable would hold it. */
export function keyText(number: number): string {
  return Buffer.from(Array.from({ length: 32 }, (_, index) => (index * 7 + number * 31) % 256)).toString("base64");
}
