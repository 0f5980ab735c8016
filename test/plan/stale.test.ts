import { describe, expect, it } from "vitest";
import type { Desired, Observed } from "../../src/model/connection.js";
import type { FingerprintKeys } from "../../src/model/fingerprint.js";
import type { Pointer } from "../../src/model/location.js";
import { detailOf, type Problem } from "../../src/model/problem.js";
import type { SavedPlan, SavedTarget } from "../../src/model/saved-plan.js";
import type { PlanRequest } from "../../src/plan/change.js";
import { makePlan } from "../../src/plan/plan.js";
import type { PresentTarget } from "../../src/plan/request.js";
import { savedTarget, savePlan } from "../../src/plan/saved.js";
import {
  elsewhere,
  keysOf,
  otherSecret,
  otherSettings,
  otherTarget,
  recognise,
  requestOfPlan,
  staleOffline,
  staleSecrets,
} from "../../src/plan/stale.js";
import { catalogue, codes, desiredOf, fingerprintKey, json, noSecrets, observed, stamped } from "../support/steps.js";

const AGAIN = "run plan again, and have the new plan looked at.";
const EXPIRES = "2026-11-26T10:00:00Z";
const key = fingerprintKey(1);
const withKey: FingerprintKeys = { current: key };

const stripeText =
  'name: S\nprovider_type: stripe\nencrypted_secret_data: { secret_key: "${K}" }\nmetadata: { team: a }\n';
const hubspotText = "name: H\nprovider_type: hubspot\nmetadata: { team: a }\n";

/** A saved plan for these definitions, and for rows as they were then. */
function saved(
  desired: readonly Desired[],
  {
    keys = {},
    rows = [],
    request = {},
    named = false,
  }: {
    readonly keys?: FingerprintKeys;
    readonly rows?: readonly Observed[];
    readonly request?: Partial<PlanRequest>;
    readonly named?: boolean;
  } = {},
): { readonly plan: SavedPlan; readonly target: SavedTarget } {
  const asked = stamped({ stamps: { isOn: true, keys, owner: "acme" }, ...request });
  const planned = makePlan(desired, new Set(desired), rows, catalogue, noSecrets, asked);
  const target = savedTarget(planned, desired, asked, {
    target: { environment: "prod", base_url: "https://us.api.flexprice.io/v1", environment_id: "env_test" },
    assumeUpdatable: [],
    salt: "the-salt-of-the-plan",
    paths: ["connections"],
    pathsAreNamed: named,
    catalogue,
    knownSecrets: noSecrets,
  });
  const plan = savePlan([target], {
    tool: { name: "flexprice-sync", version: "0" },
    createdAt: "2026-11-25T10:00:00Z",
    expiresAt: EXPIRES,
    keyId: keys.current?.id ?? null,
    adopts: false,
    assumesSecrets: false,
  });
  return { plan, target };
}

/** Where a run goes now: as it was planned, but for what a test says. */
function present(more: Partial<PresentTarget> = {}): PresentTarget {
  return {
    environment: "prod",
    baseUrl: "https://us.api.flexprice.io/v1",
    expectedEnvironmentId: "env_test",
    owner: "acme",
    stamps: true,
    assumeUpdatable: [],
    usualPaths: ["connections"],
    ...more,
  };
}

function told(problems: readonly Problem[]): readonly string[] {
  return problems.map((problem) => `${problem.code} ${detailOf(problem)}`);
}

describe("the definitions of a saved plan", () => {
  const made = () => saved(desiredOf(`${stripeText}---\n${hubspotText}`, { K: "k" }));

  it("are found again in any order and spelling, each at its position", () => {
    const { target } = made();
    const now = desiredOf(`${hubspotText}---\n# said otherwise\n${stripeText.replace("S\n", "'S'\n")}`, { K: "other" });
    const { positions, problems } = recognise(target, now);
    expect(problems).toEqual([]);
    expect([...positions].map(([{ name }, at]) => [name, at])).toEqual([
      ["H", 1],
      ["S", 0],
    ]);
  });

  it("that say something else are told at their place, and are not known", () => {
    const { target } = made();
    const now = desiredOf(`${hubspotText}---\n${stripeText.replace("team: a", "team: b")}`, { K: "k" });
    const { positions, problems } = recognise(target, now);
    expect([...positions.values()]).toEqual([1]);
    expect(told(problems)).toEqual(['STALE.OTHER_DEFINITIONS "S" says something else than when the plan was made.']);
    expect(problems[0]).toMatchObject({ place: { file: "connections/x.yaml", line: 5, column: 1 }, hint: AGAIN });
  });

  it("are known by their file where the name changed, and by their name where the file did", () => {
    const { target } = made();
    const renamed = desiredOf(`${stripeText.replace("name: S", "name: T")}---\n${hubspotText}`, { K: "k" });
    expect(told(recognise(target, renamed).problems)).toEqual([
      'STALE.OTHER_DEFINITIONS "T" says something else than when the plan was made.',
    ]);
    const moved = desiredOf(`${stripeText.replace("team: a", "team: b")}---\n${hubspotText}`, { K: "k" }).map(
      (one) => ({
        ...one,
        definition: { ...one.definition, origin: { ...one.definition.origin, file: "connections/y.yaml" } },
      }),
    );
    expect(told(recognise(target, moved).problems)).toEqual([
      'STALE.OTHER_DEFINITIONS "S" says something else than when the plan was made.',
    ]);
  });

  it("that came or went since are named, those that went with where they were", () => {
    const { target } = made();
    const now = desiredOf(`${stripeText}---\nname: H\nprovider_type: razorpay\n`, { K: "k" });
    const { problems } = recognise(target, now);
    expect(told(problems)).toEqual([
      'STALE.OTHER_DEFINITIONS "H" is new since the plan was made.',
      'STALE.OTHER_DEFINITIONS "H", at connections/x.yaml:6 when the plan was made, is not there any more.',
    ]);
    expect(problems.map(({ place, hint }) => [place?.line, hint])).toEqual([
      [6, AGAIN],
      [undefined, AGAIN],
    ]);
    expect(told(recognise(target, []).problems)).toHaveLength(2);
  });

  it("are neither by their name alone nor by their file alone of another provider", () => {
    const elsewhere = desiredOf("name: T\nprovider_type: stripe\n").map((one) => ({
      ...one,
      definition: { ...one.definition, origin: { ...one.definition.origin, file: "connections/y.yaml" } },
    }));
    expect(told(recognise(saved(desiredOf(hubspotText)).target, elsewhere).problems)[0]).toContain('"T" is new since');
    expect(told(recognise(saved(desiredOf(stripeText, { K: "k" })).target, elsewhere).problems)[0]).toContain(
      '"T" is new since',
    );
  });

  it("are each known once: of two that say the same, or that both say something else, one is new", () => {
    const [one] = desiredOf(stripeText, { K: "k" });
    if (one === undefined) throw new Error("no definition");
    const once = saved([one]).target;
    const twice = recognise(once, [one, { ...one }]);
    expect([...twice.positions.values()]).toEqual([0]);
    expect(told(twice.problems)).toEqual(['STALE.OTHER_DEFINITIONS "S" is new since the plan was made.']);
    const other = { ...one, definition: { ...one.definition, protect: true } };
    expect(told(recognise(once, [other, { ...other }]).problems)).toEqual([
      'STALE.OTHER_DEFINITIONS "S" says something else than when the plan was made.',
      'STALE.OTHER_DEFINITIONS "S" is new since the plan was made.',
    ]);
  });
});

describe("what can be told of a saved plan without the service", () => {
  const made = () => {
    const desired = desiredOf(stripeText, { K: "k" });
    return { desired, plain: saved(desired) };
  };
  const before = Date.parse(EXPIRES) - 1;

  it("is nothing where all is as it was", () => {
    const { plain } = made();
    expect(staleOffline(plain.plan, plain.target, present(), {}, before)).toEqual([]);
    expect(staleOffline(plain.plan, plain.target, undefined, {}, before)).toEqual([]);
  });

  it("is that its time is up, from the very moment on; a time that is none is up", () => {
    const { plain } = made();
    const problems = staleOffline(plain.plan, plain.target, undefined, {}, before + 1);
    expect(told(problems)).toEqual([`STALE.EXPIRED the plan was good until ${EXPIRES}.`]);
    expect(problems[0]?.hint).toBe(AGAIN);
    const odd = { ...plain.plan, expires_at: "soon" };
    expect(codes(staleOffline(odd, plain.target, undefined, {}, before))).toEqual(["STALE.EXPIRED"]);
  });

  it("is that its key is not there, or is another one; without a key of its own none is missed", () => {
    const { desired, plain } = made();
    const keyed = saved(desired, { keys: withKey });
    expect(staleOffline(keyed.plan, keyed.target, undefined, withKey, before)).toEqual([]);
    const missing = staleOffline(keyed.plan, keyed.target, undefined, {}, before);
    expect(told(missing)).toEqual([
      `STALE.OTHER_SECRETS the plan knows its secrets by the key ${key.id}, and FLEXPRICE_SYNC_FINGERPRINT_KEY is not set.`,
    ]);
    expect(missing[0]?.hint).toBe(`use the key of the plan, or ${AGAIN}`);
    const other = fingerprintKey(2);
    expect(told(staleOffline(keyed.plan, keyed.target, undefined, { current: other }, before))[0]).toContain(
      `FLEXPRICE_SYNC_FINGERPRINT_KEY is another one (${other.id}).`,
    );
    expect(staleOffline(plain.plan, plain.target, undefined, withKey, before)).toEqual([]);
  });

  it("is all of it at once: time, target, settings, folders and key", () => {
    const { desired } = made();
    const keyed = saved(desired, { keys: withKey });
    const now = present({ baseUrl: "http://x", owner: "others", usualPaths: ["elsewhere"] });
    expect(codes(staleOffline(keyed.plan, keyed.target, now, {}, before + 1))).toEqual([
      "STALE.EXPIRED",
      "STALE.OTHER_TARGET",
      "STALE.OTHER_SETTINGS",
      "STALE.OTHER_SETTINGS",
      "STALE.OTHER_SECRETS",
    ]);
  });

  it("is that the settings name other folders, unless an option named those of the plan", () => {
    const { desired, plain } = made();
    const now = present({ usualPaths: ["a", "b"] });
    const problems = staleOffline(plain.plan, { ...plain.target, paths: ["c", "d"] }, now, {}, before);
    expect(told(problems)).toEqual([
      "STALE.OTHER_SETTINGS the plan was made from c, d, and the definitions are in a, b now.",
    ]);
    expect(problems[0]?.hint).toBe(AGAIN);
    const named = saved(desired, { named: true });
    expect(staleOffline(named.plan, named.target, now, {}, before)).toEqual([]);
  });
});

describe("the target of a saved plan", () => {
  const made = () => saved(desiredOf(hubspotText));
  const messages = (problems: readonly Problem[]) => problems.map(detailOf);

  it("is another one by the name of its environment, its address, or its id", () => {
    const { target } = made();
    expect(otherTarget(target, present())).toEqual([]);
    const problems = otherTarget(
      target,
      present({ environment: "test", baseUrl: "http://x", expectedEnvironmentId: "env_other" }),
    );
    expect(told(problems)).toEqual([
      "STALE.OTHER_TARGET the plan was made for the environment prod, and this run goes to test.",
      "STALE.OTHER_TARGET the plan was made for the service at https://us.api.flexprice.io/v1, and this run goes to http://x.",
      "STALE.OTHER_TARGET the plan was made for the environment env_test, and this run goes to env_other.",
    ]);
    for (const { hint } of problems) expect(hint).toMatch(/^name the target as it was then: .* --environment-id\.$/);
  });

  it("is not another one because an id is not known, then or now", () => {
    const { target } = made();
    const { expectedEnvironmentId: _id, ...unknown } = present();
    expect(otherTarget(target, unknown)).toEqual([]);
    expect(otherTarget({ ...target, environment_id: null }, present())).toEqual([]);
  });

  it("of a replace that broke off may be called otherwise by now where the id is the same", () => {
    const { target } = made();
    const renamed = present({ environment: "renamed" });
    expect(otherTarget(target, renamed, "recovery file")).toEqual([]);
    expect(messages(otherTarget(target, renamed))).toEqual([
      "the plan was made for the environment prod, and this run goes to renamed.",
    ]);
    const { expectedEnvironmentId: _id, ...unknown } = renamed;
    const nowhere = { ...target, environment_id: null };
    for (const now of [unknown, renamed])
      expect(messages(otherTarget(nowhere, now, "recovery file"))).toEqual([
        "the recovery file was made for the environment prod, and this run goes to renamed.",
      ]);
    expect(
      codes(otherTarget(target, { ...renamed, expectedEnvironmentId: "env_other" }, "recovery file")),
    ).toHaveLength(2);
  });

  it("shows by the rows, too: those of another environment are not what it was made for", () => {
    const { target } = made();
    const problems = elsewhere(target, "env_other");
    expect(told(problems)).toEqual([
      "STALE.OTHER_TARGET the plan was made for the environment env_test, and the connections that this key shows are of env_other.",
    ]);
    expect(problems[0]?.hint).toBe("use the key of that environment.");
    expect(elsewhere(target, "env_other", "recovery file")[0]?.message).toContain("the recovery file was made for");
    expect(elsewhere(target, "env_test")).toEqual([]);
    expect(elsewhere(target, null)).toEqual([]);
    expect(elsewhere({ ...target, environment_id: null }, "env_other")).toEqual([]);
  });
});

describe("the settings of a saved plan", () => {
  const made = () => {
    const { target } = saved(desiredOf(hubspotText));
    const { owner: _owner, ...unowned } = target;
    return { target, unowned };
  };
  const { owner: _present, ...nobody } = present();

  it("are others with another owner, or with none, and the way back is named", () => {
    const { target, unowned } = made();
    expect(otherSettings(target, present())).toEqual([]);
    const others = otherSettings(target, present({ owner: "others" }));
    expect(told(others)).toEqual([
      'STALE.OTHER_SETTINGS the plan was made for the owner "acme", and this run is for the owner "others".',
    ]);
    expect(others[0]?.hint).toBe("set FLEXPRICE_SYNC_OWNER=acme for this run.");
    expect(otherSettings(target, nobody)[0]?.message).toContain("and this run is for no owner.");
    const owned = otherSettings(unowned, present());
    expect(told(owned)[0]).toBe(
      'STALE.OTHER_SETTINGS the plan was made for no owner, and this run is for the owner "acme".',
    );
    expect(owned[0]?.hint).toBe(
      "run without an owner, as then (FLEXPRICE_SYNC_OWNER, or owner: of the settings), or run plan again.",
    );
    expect(otherSettings(unowned, present(), "recovery file")[0]?.hint).toBe(
      "run without an owner, as then (FLEXPRICE_SYNC_OWNER, or owner: of the settings).",
    );
  });

  it("are others when stamps were turned on or off; whose they are is no question without", () => {
    const { target } = made();
    const off = otherSettings(target, present({ stamps: false, owner: "others" }));
    expect(told(off)).toEqual(["STALE.OTHER_SETTINGS the plan was made with stamps, and this run is without stamps."]);
    expect(off[0]?.hint).toBe("set FLEXPRICE_SYNC_STAMP=on for this run.");
    const on = otherSettings({ ...target, stamps: false }, present({ owner: "others" }));
    expect(on.map((problem) => [detailOf(problem), problem.hint])).toEqual([
      ["the plan was made without stamps, and this run is with stamps.", "set FLEXPRICE_SYNC_STAMP=off for this run."],
    ]);
  });

  it("are others when other credentials are assumed updatable, in whatever order; a recovery file says nothing of it", () => {
    const { target } = made();
    const assuming = { ...target, assume_updatable: ["stripe.b", "stripe.a"] };
    expect(otherSettings(assuming, present({ assumeUpdatable: ["stripe.a", "stripe.b"] }))).toEqual([]);
    expect(otherSettings(assuming, present({ assumeUpdatable: ["stripe.b", "stripe.a"] }))).toEqual([]);
    const [less] = otherSettings(assuming, present());
    expect([less && detailOf(less), less?.hint]).toEqual([
      "the plan was made with stripe.b, stripe.a assumed updatable, and this run is with nothing assumed updatable.",
      "run plan again.",
    ]);
    expect(told(otherSettings(target, present({ assumeUpdatable: ["stripe.a"] })))[0]).toBe(
      "STALE.OTHER_SETTINGS the plan was made with nothing assumed updatable, and this run is with stripe.a assumed updatable.",
    );
    expect(otherSettings(assuming, present(), "recovery file")).toEqual([]);
  });
});

describe("the key of a saved plan", () => {
  it("is the run's own, and none where the plan was made without", () => {
    const desired = desiredOf(stripeText, { K: "k" });
    expect(keysOf(saved(desired, { keys: withKey }).plan, withKey)).toBe(withKey);
    expect(keysOf(saved(desired).plan, withKey)).toEqual({});
  });
});

describe("secrets that are not those of the plan", () => {
  const text = `name: S
provider_type: stripe
encrypted_secret_data: { secret_key: "\${K}" }
metadata: { note: "by \${A} and \${B}" }
sync_config: { s3: { bucket: "\${C}", region: r } }
`;
  const values = { K: "key", A: "one", B: "two", C: "bucket" };
  const made = () => {
    const then = desiredOf(text, values);
    const { plan, target } = saved(then, { keys: withKey });
    const staleNow = (now: readonly Desired[], keys = withKey) =>
      staleSecrets(plan, target, recognise(target, now).positions, keys, noSecrets);
    return { then, plan, target, staleNow };
  };

  it("are none while the values are the same", () => {
    const { staleNow } = made();
    expect(staleNow(desiredOf(text, values))).toEqual([]);
  });

  it("are named with their variables, at their place", () => {
    const { staleNow } = made();
    const problems = staleNow(desiredOf(text, { K: "other", A: "one", B: "other", C: "other" }));
    expect(told(problems)).toEqual([
      'STALE.OTHER_SECRETS encrypted_secret_data.stripe.secret_key, taken from K, of "S" has another value than when the plan was made.',
      'STALE.OTHER_SECRETS metadata.note, taken from A and B, of "S" has another value than when the plan was made.',
      'STALE.OTHER_SECRETS sync_config.s3.bucket, taken from C, of "S" has another value than when the plan was made.',
    ]);
    expect(problems.map(({ place }) => [place?.line, place?.column])).toEqual([
      [3, 38],
      [4, 19],
      [5, 30],
    ]);
    for (const { hint } of problems)
      expect(hint).toBe("set the variables as they were for the plan, or run plan again with the new ones.");
  });

  it("are told, too, where they have no value any more", () => {
    const { staleNow } = made();
    expect(told(staleNow(desiredOf(text, { K: "key", A: "one", C: "bucket" })))).toEqual([
      'STALE.OTHER_SECRETS metadata.note, taken from A and B, of "S" has no value, and had one when the plan was made.',
    ]);
    expect(told(staleNow(desiredOf(text, { ...values, K: "" })))).toEqual([
      'STALE.OTHER_SECRETS encrypted_secret_data.stripe.secret_key, taken from K, of "S" has no value, and had one when the plan was made.',
    ]);
  });

  it("are told at the definition where the place of their value is not known, and at the value where it is", () => {
    const { then } = made();
    const [one] = then;
    if (one === undefined) throw new Error("no definition");
    const locate = (pointer: Pointer, part: string) => ({ file: "f", line: pointer.length, column: part.length });
    const elsewhere = { ...one, definition: { ...one.definition, origin: { file: "f", line: 9, locate } } };
    expect(otherSecret(elsewhere, "x.").place).toEqual({ file: "f", line: 9, column: 1 });
    expect(otherSecret(elsewhere, "x.", []).place).toEqual({ file: "f", line: 9, column: 1 });
    expect(otherSecret(elsewhere, "x.", ["a", "b"]).place).toEqual({ file: "f", line: 2, column: "value".length });
  });

  it("that come from no variable are named without one", () => {
    const { then, plan, target } = made();
    const [one] = then;
    if (one === undefined) throw new Error("no definition");
    const credentials = one.credentials.map(({ variable: _variable, ...rest }) => ({
      ...rest,
      value: { kind: "literal" as const, literal: "other" },
    }));
    const positions = new Map([[{ ...one, credentials }, 0]]);
    expect(told(staleSecrets(plan, target, positions, withKey, noSecrets))).toEqual([
      'STALE.OTHER_SECRETS encrypted_secret_data.stripe.secret_key of "S" has another value than when the plan was made.',
    ]);
  });

  it("cannot be told without the plan's key, and only of what the plan changes", () => {
    const { then, plan, target, staleNow } = made();
    const other = desiredOf(text, { ...values, K: "other" });
    expect(staleNow(other, {})).toEqual([]);
    expect(staleNow(other, { current: fingerprintKey(2) })).toEqual([]);
    const keyless = saved(then);
    const positions = recognise(keyless.target, other).positions;
    expect(staleSecrets(keyless.plan, keyless.target, positions, withKey, noSecrets)).toEqual([]);
    expect(
      staleSecrets(plan, { ...target, changes: [] }, recognise(target, other).positions, withKey, noSecrets),
    ).toEqual([]);
  });

  it("are compared only where there was a value to compare with", () => {
    const { then } = made();
    const unset = desiredOf(text, { ...values, K: "" });
    const before = saved(unset, { keys: withKey });
    const positions = recognise(before.target, then).positions;
    expect(staleSecrets(before.plan, before.target, positions, withKey, noSecrets)).toEqual([]);
  });

  it("are told of a field that the definition does not name at the definition's own place", () => {
    const { then, plan, target } = made();
    const [one] = then;
    const strange = { path: "metadata.strange", sent: false, recorded: false, fingerprint: "v1:x" };
    const changes = target.changes.map((change) => ({ ...change, secrets: [strange] }));
    if (one === undefined) throw new Error("no definition");
    const origin = { ...one.definition.origin, locate: () => ({ file: "f", line: 7, column: 7 }) };
    const positions = new Map([[{ ...one, definition: { ...one.definition, origin } }, 0]]);
    const problems = staleSecrets(plan, { ...target, changes }, positions, withKey, noSecrets);
    expect(told(problems)).toEqual([
      'STALE.OTHER_SECRETS metadata.strange of "S" has no value, and had one when the plan was made.',
    ]);
    expect(problems[0]?.place).toMatchObject({ line: 1, column: 1 });
  });
});

describe("what a saved plan was asked for, asked again", () => {
  const text = `${stripeText}---\n${hubspotText}---\nname: R\nprovider_type: razorpay\n`;
  const made = () => {
    const desired = desiredOf(text, { K: "k" });
    const [stripe, hubspot, razorpay] = desired;
    if (stripe === undefined || hubspot === undefined || razorpay === undefined) throw new Error("no definitions");
    const rows = [
      observed({ providerType: "stripe", name: "S" }),
      observed({ providerType: "hubspot", name: "H", metadata: json({ team: "a" }) }),
    ];
    const { plan, target } = saved(desired, {
      rows,
      keys: withKey,
      request: { writesSecretsOf: new Set([stripe]), replaces: new Set([hubspot]) },
    });
    const positions = recognise(target, desired).positions;
    const stamps = { isOn: true, keys: withKey, owner: "acme" };
    const again = (changed: Partial<SavedPlan> = {}, changes = target.changes) =>
      requestOfPlan({ ...plan, ...changed }, { ...target, changes }, positions, stamps, () => "a-new-salt");
    return { stripe, hubspot, razorpay, target, stamps, again };
  };

  it("is about the definitions that it has a change for, with what was asked of each", () => {
    const { stripe, hubspot, target, stamps, again } = made();
    const { selected, request } = again();
    expect([...selected].map(({ name }) => name).sort()).toEqual(["H", "R", "S"]);
    expect([...request.writesSecretsOf]).toEqual([stripe]);
    expect([...request.replaces]).toEqual([hubspot]);
    expect(request).toMatchObject({ adopts: false, assumesSecrets: false, namesSecrets: false, stamps });
    expect(again({ adopt: true, assume_secrets: true }).request).toMatchObject({ adopts: true, assumesSecrets: true });
    const less = again(
      {},
      target.changes.filter(({ definition }) => definition !== 1),
    );
    expect([...less.selected].map(({ name }) => name).sort()).toEqual(["R", "S"]);
    expect([...less.request.replaces]).toEqual([]);
  });

  it("goes by the plan's key alone", () => {
    const { again } = made();
    expect(again({ key_id: null }).request.stamps).toEqual({ isOn: true, keys: {}, owner: "acme" });
  });

  it("is about the rows that it was made from, and about no other", () => {
    const { stripe, razorpay, again } = made();
    const { isAskedAbout } = again().request;
    const row = observed({ providerType: "stripe", id: "conn_stripe" });
    expect(isAskedAbout(stripe, row)).toBe(true);
    expect(isAskedAbout(stripe, { ...row, id: "conn_later" })).toBe(false);
    expect(isAskedAbout(razorpay, row)).toBe(false);
    expect(isAskedAbout({ ...stripe }, row)).toBe(false);
  });

  it("takes the salts that were drawn then, and a new one where none was", () => {
    const { stripe, hubspot, target, again } = made();
    const drawn = target.changes.map((change) => ({ ...change, salt: `salt-${change.definition}` }));
    const { saltFor } = again({}, drawn).request;
    expect([saltFor(stripe), saltFor(hubspot)]).toEqual(["salt-0", "salt-1"]);
    expect(saltFor({ ...stripe })).toBe("a-new-salt");
    const none = target.changes.map(({ salt: _salt, ...change }) => change);
    expect(again({}, none).request.saltFor(stripe)).toBe("a-new-salt");
  });
});
