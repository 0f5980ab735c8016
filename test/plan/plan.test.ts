import { describe, expect, it } from "vitest";
import type { Observed } from "../../src/model/connection.js";
import { KnownSecrets, Secret } from "../../src/model/secret.js";
import { makePlan } from "../../src/plan/plan.js";
import { select } from "../../src/plan/select.js";
import {
  catalogue,
  codes,
  desiredOf,
  json,
  noSecrets,
  noStamps,
  observed,
  stamped,
  stampWith,
} from "../support/steps.js";

function plan(text: string, rows: readonly Observed[], environment: Readonly<Record<string, string>> = {}) {
  const desired = desiredOf(text, environment);
  return makePlan(desired, new Set(desired), rows, catalogue, noSecrets, noStamps);
}

const s3 = (id: string, name: string) => observed({ providerType: "s3", id, name });

describe("a place in storage that the service keeps", () => {
  it("still shows a reference without a value, which stops apply", () => {
    const text =
      'name: M\nprovider_type: s3\nsync_config:\n  s3: { is_flexprice_managed: true, bucket: "${NOPE}", region: r }\n';
    const desired = desiredOf(text);
    const { plan } = makePlan(desired, new Set(desired), [], catalogue, noSecrets, noStamps);
    expect(plan.changes[0]?.fields).toContainEqual(
      expect.objectContaining({ path: "sync_config.s3.bucket", state: "unresolved", variable: "NOPE" }),
    );
  });
});

describe("a provider that needs a part of sync_config", () => {
  it.each([
    ["", "PLAN.MISSING_ON_CREATE 1:1"],
    ["sync_config: { invoice: { outbound: true } }\n", "PLAN.MISSING_ON_CREATE 4:1"],
    ["sync_config: { aws_marketplace: { region: us-east-1 } }\n", undefined],
  ])("is not created without it: %j", (syncConfig, expected) => {
    const secrets = 'encrypted_secret_data: { role_arn: "${A}", external_id: "${A}" }\n';
    const desired = desiredOf(`name: M\nprovider_type: aws_marketplace\n${secrets}${syncConfig}`, { A: "a" });
    const { problems } = makePlan(desired, new Set(desired), [], catalogue, noSecrets, noStamps);
    expect(codes(problems)).toEqual(expected === undefined ? [] : [expected]);
    if (expected !== undefined) expect(problems[0]?.message).toContain("has no sync_config.aws_marketplace.region.");
    // An existing one is left as it is.
    const row = observed({ providerType: "aws_marketplace", name: "M" });
    expect(makePlan(desired, new Set(desired), [row], catalogue, noSecrets, noStamps).problems).toEqual([]);
  });

  it("may take it from a variable that is not set yet", () => {
    const text =
      'name: M\nprovider_type: aws_marketplace\nencrypted_secret_data: { role_arn: "${A}", external_id: "${A}" }\nsync_config: { aws_marketplace: { region: "${R}" } }\n';
    const desired = desiredOf(text, { A: "a" });
    const { plan, problems } = makePlan(desired, new Set(desired), [], catalogue, noSecrets, noStamps);
    expect(problems).toEqual([]);
    expect(plan.changes[0]?.fields).toMatchObject([{ state: "unresolved", variable: "R" }]);
  });
});

describe("storage that the service will keep", () => {
  it("is not promised what the file says of its place, and the file is told", () => {
    const text =
      "name: M\nprovider_type: s3\nsync_config:\n  s3: { is_flexprice_managed: true, bucket: b, region: r, compression: gzip }\n";
    const desired = desiredOf(text);
    const { plan, problems } = makePlan(desired, new Set(desired), [], catalogue, noSecrets, noStamps);
    expect(plan.changes[0]?.fields.map(({ path }) => path)).toEqual([
      "sync_config.s3.compression",
      "sync_config.s3.is_flexprice_managed",
    ]);
    expect(codes(problems)).toEqual(["PLAN.KEPT_BY_SERVICE 4:37"]);
    expect(problems[0]?.message).toContain("the service keeps sync_config.s3.bucket, sync_config.s3.region");
  });
});

describe("a secret that the service shows somewhere else", () => {
  const known = new KnownSecrets();
  known.add([new Secret("canary value & more")]);
  const planOf = (text: string, rows: readonly Observed[]) => {
    const desired = desiredOf(text, { K: "canary value & more" });
    return makePlan(desired, new Set(desired), rows, catalogue, known, noStamps);
  };

  it("is masked in every value, before and after, in names, and in what is said of rows", () => {
    const made = planOf(
      'name: S\nprovider_type: stripe\nmetadata: { token: "${K}", note: hello, copy: "a canary value & more" }\nexact: [metadata]\n',
      [
        observed({
          providerType: "stripe",
          name: "canary value & more",
          metadata: json({ note: "canary value & more", old: { deep: ["x canary value \\u0026 more"] }, n: 1 }),
        }),
        observed({ providerType: "hubspot", name: "canary value & more" }),
      ],
    );
    expect(made.plan.changes[0]?.fields.map(({ path, before, after }) => [path, before, after])).toEqual([
      ["name", "(secret)", "S"],
      ["metadata.copy", undefined, "(secret)"],
      ["metadata.n", 1, undefined],
      ["metadata.note", "(secret)", "hello"],
      ["metadata.old", "(secret)", undefined],
      ["metadata.token", undefined, "(secret)"],
    ]);
    expect(made.plan.unclaimed.map(({ name }) => name)).toEqual(["(secret)"]);
    const ambiguous = planOf("name: canary value & more\nprovider_type: s3\n", [
      s3("conn_1", "canary value & more"),
      s3("conn_2", "canary value & more"),
    ]);
    expect(ambiguous.problems[0]?.message).toContain('conn_1 ("(secret)")');
  });

  it("is masked in the name of a provider that is not known; those that are stay as they are", () => {
    const rows = [
      observed({ id: "conn_1", providerType: "canary value & more" }),
      observed({ id: "conn_2", providerType: "tabs" }),
      observed({ id: "conn_3", providerType: "another" }),
    ];
    const made = planOf("name: S\nprovider_type: stripe\n", rows);
    expect(made.plan.unclaimed.map(({ providerType }) => providerType)).toEqual(["(secret)", "another", "tabs"]);
    const named = planOf("name: S\nprovider_type: stripe\nid: conn_1\n", rows);
    expect(named.problems[0]?.message).toContain("which is a (secret) connection, not stripe");
  });

  it("is masked in a new connection too", () => {
    const made = planOf('name: S\nprovider_type: stripe\nmetadata: { copy: "a canary value & more" }\n', []);
    expect(made.plan.changes[0]?.fields).toMatchObject([{ path: "metadata.copy", after: "(secret)" }]);
  });
});

describe("pairing", () => {
  it("takes the one row of a provider, so that a new name renames it", () => {
    const { plan: made } = plan("name: New\nprovider_type: stripe\n", [
      observed({ providerType: "stripe", name: "Old" }),
    ]);
    expect(made.changes).toMatchObject([{ action: "update", id: "conn_stripe", fields: [{ path: "name" }] }]);
  });

  it("takes the s3 row with exactly the name, and makes a new one for another name", () => {
    const rows = [s3("conn_1", "a"), s3("conn_2", "A")];
    const { plan: made } = plan(
      "name: A\nprovider_type: s3\n---\nname: b\nprovider_type: s3\nencrypted_secret_data: { aws_access_key_id: '${K}', aws_secret_access_key: '${K}' }\n",
      rows,
      { K: "k" },
    );
    expect(made.changes.map(({ action, name, id }) => [action, name, id])).toEqual([
      ["none", "A", "conn_2"],
      ["create", "b", undefined],
    ]);
    expect(made.unclaimed.map(({ id }) => id)).toEqual(["conn_1"]);
  });

  it("takes the row with the id and no other", () => {
    const { plan: made } = plan("name: a\nid: conn_2\nprovider_type: s3\n", [s3("conn_1", "a"), s3("conn_2", "a")]);
    expect(made.changes).toMatchObject([{ action: "none", id: "conn_2" }]);
  });

  it.each<[string, string, readonly Observed[], string]>([
    [
      "twins of a provider",
      "name: S\nprovider_type: stripe\n",
      [observed({ providerType: "stripe", id: "conn_1" }), observed({ providerType: "stripe", id: "conn_2" })],
      "PLAN.AMBIGUOUS 1:7",
    ],
    [
      "s3 rows of one name",
      "name: a\nprovider_type: s3\n",
      [s3("conn_1", "a"), s3("conn_2", "a")],
      "PLAN.AMBIGUOUS 1:7",
    ],
    [
      "an id that is gone",
      "name: S\nid: conn_9\nprovider_type: stripe\n",
      [observed({ providerType: "stripe" })],
      "PLAN.ID_GONE 2:5",
    ],
    [
      "an id of another provider",
      "name: S\nid: conn_hubspot\nprovider_type: stripe\n",
      [observed({ providerType: "hubspot" })],
      "PLAN.ID_OTHER_PROVIDER 2:5",
    ],
  ])("stops at %s", (_what, text, rows, expected) => {
    const { problems, plan: made } = plan(text, rows);
    expect(codes(problems)).toEqual([expected]);
    expect(made.changes).toEqual([]);
  });

  it("names the ids of all that could be meant", () => {
    const { problems } = plan("name: a\nprovider_type: s3\n", [s3("conn_1", "a"), s3("conn_2", "a")]);
    expect(problems[0]?.message).toContain("conn_1");
    expect(problems[0]?.message).toContain("conn_2");
  });

  it("stops when two definitions come to one row", () => {
    const { problems } = plan("name: new\nid: conn_1\nprovider_type: s3\n---\nname: old\nprovider_type: s3\n", [
      s3("conn_1", "old"),
    ]);
    expect(codes(problems)).toEqual(["PLAN.SAME_ROW 5:7"]);
  });

  it("stops so for each of the two, whichever was selected", () => {
    const desired = desiredOf("name: new\nid: conn_1\nprovider_type: s3\n---\nname: old\nprovider_type: s3\n");
    for (const one of desired) {
      const made = makePlan(desired, new Set([one]), [s3("conn_1", "old")], catalogue, noSecrets, noStamps);
      expect(codes(made.problems)).toEqual(["PLAN.SAME_ROW 5:7"]);
      expect(made.isWhole).toBe(false);
      expect(made.plan.changes).toEqual([]);
    }
  });

  it("leaves rows that others name by id out of what a name could mean", () => {
    const { problems, plan: made } = plan(
      "name: new\nid: conn_1\nprovider_type: s3\n---\nname: old\nprovider_type: s3\n",
      [s3("conn_1", "old"), s3("conn_2", "old")],
    );
    expect(problems).toEqual([]);
    expect(made.changes.map(({ name, id }) => [name, id])).toEqual([
      ["new", "conn_1"],
      ["old", "conn_2"],
    ]);
    const several = plan("name: new\nid: conn_1\nprovider_type: s3\n---\nname: old\nprovider_type: s3\n", [
      s3("conn_1", "old"),
      s3("conn_2", "old"),
      s3("conn_3", "old"),
    ]);
    expect(codes(several.problems)).toEqual(["PLAN.AMBIGUOUS 5:7"]);
    expect(several.problems[0]?.hint).not.toContain("conn_1");
  });

  it("is frozen all through: what was shown is what is carried out", () => {
    const { plan: made } = plan("name: S\nprovider_type: stripe\nmetadata: { a: { b: [1] } }\n", []);
    const open: unknown[] = [];
    const walk = (value: unknown): void => {
      if (typeof value !== "object" || value === null) return;
      if (!Object.isFrozen(value)) open.push(value);
      for (const inner of Object.values(value)) walk(inner);
    };
    walk(made);
    expect(open).toEqual([]);
    expect(JSON.parse(JSON.stringify(made))).toEqual(made);
  });

  it("lists rows that no definition claims, and which of them we have marked", () => {
    const desired = desiredOf("name: S\nprovider_type: stripe\n");
    const rows = [
      observed({ providerType: "stripe", name: "S" }),
      observed({ providerType: "s3", name: "b" }),
      observed({ providerType: "hubspot", metadata: json({ flexprice_sync: stampWith("hubspot") }) }),
      observed({ providerType: "tabs", metadata: json({ flexprice_sync: "{}" }) }),
    ];
    const { plan: made } = makePlan(desired, new Set(desired), rows, catalogue, noSecrets, stamped());
    expect(made.unclaimed.map(({ providerType, stamped }) => [providerType, stamped])).toEqual([
      ["hubspot", true],
      ["s3", false],
      ["tabs", false],
    ]);
    expect(made.summary.unclaimed).toBe(3);
  });
});

describe("what a plan says of credentials", () => {
  const text =
    "name: S\nprovider_type: stripe\nencrypted_secret_data: { secret_key: '${A}', webhook_secret: '${B}', account_id: acct_1 }\n";
  const row = observed({ providerType: "stripe", name: "S" });

  it("is unknown on an existing connection: never changed, never in sync", () => {
    const { plan: made } = plan(text, [row], { A: "a", B: "b" });
    expect(made.changes[0]).toMatchObject({
      action: "none",
      secrets: [
        { path: "encrypted_secret_data.stripe.secret_key", variable: "A", state: "unknown" },
        { path: "encrypted_secret_data.stripe.webhook_secret", variable: "B", state: "unknown" },
        { path: "encrypted_secret_data.stripe.account_id", state: "unknown" },
      ],
    });
    expect(made.summary).toMatchObject({ unchanged: 1, unknown: 1, unresolved: 0, blocked: 0 });
  });

  it("is unresolved where the variable is missing, and new on a new connection", () => {
    expect(plan(text, [row], { A: "a" }).plan.summary).toMatchObject({ unknown: 1, unresolved: 1 });
    const { plan: made } = plan(text, [], { A: "a", B: "" });
    expect(made.changes[0]?.secrets.map(({ state }) => state)).toEqual(["new", "unresolved", "new"]);
  });

  it("is nothing for what the service keeps itself", () => {
    const { plan: made } = plan(
      "name: Q\nprovider_type: quickbooks\nencrypted_secret_data: { refresh_token: '${T}', redirect_uri: https://x }\n",
      [observed({ providerType: "quickbooks", name: "Q" })],
      { T: "t" },
    );
    expect(made.changes[0]?.secrets).toEqual([]);
  });
});

describe("a new connection", () => {
  it.each([
    ["stripe", ["secret_key", "webhook_secret"]],
    ["s3", ["aws_access_key_id", "aws_secret_access_key"]],
    ["hubspot", ["access_token", "client_secret"]],
    ["razorpay", ["key_id", "secret_key"]],
    ["chargebee", ["site", "api_key", "webhook_username", "webhook_password"]],
    ["quickbooks", ["client_id", "client_secret", "realm_id", "environment"]],
    ["flexprice", []],
  ])("of %s needs %j", (provider, expected) => {
    const { problems } = plan(`name: x\nprovider_type: ${provider}\n`, []);
    const missing = problems.filter(({ code }) => code === "PLAN.MISSING_ON_CREATE");
    expect(missing.map(({ message }) => /has no (\w+)\./.exec(message)?.[1])).toEqual(expected);
  });

  it("in storage of the service needs no keys", () => {
    expect(
      plan("name: x\nprovider_type: s3\nsync_config: { s3: { is_flexprice_managed: true } }\n", []).problems,
    ).toEqual([]);
  });

  it("of QuickBooks without a refresh token is a warning, and only when it is new", () => {
    const text =
      "name: Q\nprovider_type: quickbooks\nencrypted_secret_data: { client_id: '${A}', client_secret: '${A}', realm_id: '1', environment: sandbox }\n";
    expect(plan(text, [], { A: "a" }).problems.map(({ code, severity }) => [code, severity])).toEqual([
      ["PLAN.EXPECTED_ON_CREATE", "warning"],
    ]);
    expect(plan(text, [observed({ providerType: "quickbooks", name: "Q" })], { A: "a" }).problems).toEqual([]);
  });
});

describe("blocks that the service would refuse", () => {
  it("are named before anything is sent, new or changed", () => {
    const text =
      "name: S\nprovider_type: stripe\nencrypted_secret_data: { secret_key: '${A}', webhook_secret: '${A}' }\nsync_config:\n  s3: { bucket: b }\n";
    expect(codes(plan(text, [], { A: "a" }).problems)).toEqual(["PLAN.INCOMPLETE_BLOCK 5:3"]);
    expect(codes(plan(text, [observed({ providerType: "stripe", name: "S" })], { A: "a" }).problems)).toEqual([
      "PLAN.INCOMPLETE_BLOCK 5:3",
    ]);
  });

  it("are none when the rest is there already, or when exact takes the whole block away", () => {
    const row = observed({
      providerType: "stripe",
      name: "S",
      syncConfig: json({ s3: { bucket: "a", region: "r", is_flexprice_managed: false } }),
    });
    expect(plan("name: S\nprovider_type: stripe\nsync_config: { s3: { bucket: b } }\n", [row]).problems).toEqual([]);
    expect(plan("name: S\nprovider_type: stripe\nsync_config: {}\nexact: [sync_config]\n", [row]).problems).toEqual([]);
  });
});

describe("dangers", () => {
  function dangers(provider: string, sync: string, now: unknown, more = "") {
    const { plan: made } = plan(`name: x\nprovider_type: ${provider}\n${more}sync_config: ${sync}\n`, [
      observed({ providerType: provider, name: "x", syncConfig: json(now) }),
    ]);
    const [change] = made.changes;
    return { dangers: change?.dangers, guarded: change?.guarded };
  }

  it.each([
    [
      "stripe",
      "{ invoice: { outbound: false } }",
      { invoice: { inbound: false, outbound: true } },
      "invoices will no longer be pushed to Stripe",
    ],
    [
      "stripe",
      "{ plan: { inbound: false } }",
      { plan: { inbound: true, outbound: false } },
      "plans will no longer be pulled from Stripe",
    ],
    [
      "quickbooks",
      "{ payment: { inbound: false } }",
      { payment: { inbound: true, outbound: false } },
      "payments will no longer be pulled from QuickBooks",
    ],
    [
      "hubspot",
      "{ deal: { outbound: false } }",
      { deal: { inbound: false, outbound: true } },
      "deals will no longer be pushed to HubSpot",
    ],
    ["s3", "{ s3: { bucket: b } }", { s3: { bucket: "a", region: "r" } }, "exports move to another bucket"],
  ])("of %s %s in words", (provider, sync, now, expected) => {
    expect(dangers(provider, sync, now)).toEqual({ dangers: [expected], guarded: false });
    expect(dangers(provider, sync, now, "protect: true\n").guarded).toBe(true);
  });

  it.each([
    [
      "what the provider does not act on",
      "hubspot",
      "{ customer: { outbound: false } }",
      { customer: { inbound: false, outbound: true } },
    ],
    ["turning on", "razorpay", "{ invoice: { outbound: true } }", {}],
    ["a first bucket", "s3", "{ s3: { bucket: b, region: r } }", {}],
  ])("are none for %s", (_what, provider, sync, now) => {
    expect(dangers(provider, sync, now)).toEqual({ dangers: [], guarded: false });
  });

  it("include any push turned off where the definition is protected", () => {
    expect(
      dangers(
        "hubspot",
        "{ customer: { outbound: false } }",
        { customer: { inbound: false, outbound: true } },
        "protect: true\n",
      ),
    ).toEqual({
      dangers: ["sync_config.customer.outbound is turned off on a protected connection"],
      guarded: true,
    });
  });
});

describe("the order of a plan", () => {
  it("is by provider, name and id, whatever the order of files and rows", () => {
    const text =
      "name: b\nprovider_type: s3\n---\nname: S\nprovider_type: stripe\n---\nname: a\nprovider_type: s3\n---\nname: H\nprovider_type: hubspot\n";
    const rows = [
      s3("conn_2", "b"),
      observed({ providerType: "stripe" }),
      s3("conn_1", "a"),
      observed({ providerType: "hubspot" }),
    ];
    expect(plan(text, rows).plan.changes.map(({ name }) => name)).toEqual(["H", "a", "b", "S"]);
    const made = plan(text, rows);
    const documents = text.split("---\n").reverse().join("---\n");
    expect(plan(text, [...rows].reverse()).plan).toEqual(made.plan);
    expect(plan(documents, rows).plan.changes.map(({ name }) => name)).toEqual(["H", "a", "b", "S"]);
  });
});

describe("--only", () => {
  const desired = desiredOf(
    "name: Stripe (EU) [live]\nprovider_type: stripe\n---\nname: exports/eu\nprovider_type: s3\n---\nname: exports/us\nprovider_type: s3\n",
  );
  const names = (...patterns: readonly string[]) => [...select(desired, patterns).selected].map(({ name }) => name);

  it.each([
    [[], ["Stripe (EU) [live]", "exports/eu", "exports/us"]],
    [["Stripe (EU) [live]"], ["Stripe (EU) [live]"]],
    [["exports*"], ["exports/eu", "exports/us"]],
    [
      ["*eu", "Stripe*"],
      ["exports/eu", "Stripe (EU) [live]"],
    ],
    [["connections/x.yaml"], ["Stripe (EU) [live]", "exports/eu", "exports/us"]],
    [["x.yaml"], ["Stripe (EU) [live]", "exports/eu", "exports/us"]],
    [["connections/*.yaml"], ["Stripe (EU) [live]", "exports/eu", "exports/us"]],
  ])("%j picks %j", (patterns, expected) => {
    expect(names(...patterns)).toEqual(expected);
  });

  it("that picks nothing is an error which lists what there is", () => {
    const { problems } = select(desired, ["nope"]);
    expect(codes(problems)).toEqual(["LOAD.NOTHING_SELECTED"]);
    expect(problems[0]?.hint).toContain("exports/eu");
  });

  it("leaves the rows of the other definitions claimed", () => {
    const made = makePlan(
      desired,
      select(desired, ["exports/eu"]).selected,
      [s3("conn_1", "exports/us"), s3("conn_2", "exports/eu")],
      catalogue,
      noSecrets,
      noStamps,
    );
    expect(made.plan.unclaimed).toEqual([]);
    expect(made.plan.changes).toHaveLength(1);
  });
});
