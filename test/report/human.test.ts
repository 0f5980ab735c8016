import { describe, expect, it } from "vitest";
import type { Outcome } from "../../src/model/outcome.js";
import type { Change } from "../../src/model/plan.js";
import { error, warning } from "../../src/model/problem.js";
import type { TargetRun } from "../../src/model/run.js";
import { makePlan } from "../../src/plan/plan.js";
import { applyText, planText, validateText } from "../../src/report/human.js";
import { plainLook } from "../../src/report/look.js";
import { colourPaint } from "../../src/report/paint.js";
import { problemText } from "../../src/report/problems.js";
import { targetRun } from "../support/reports.js";
import { catalogue, desiredOf, json, noSecrets, noStamps, observed, stamped, stampWith } from "../support/steps.js";

const text = `name: Stripe
provider_type: stripe
encrypted_secret_data: { secret_key: "\${KEY}", webhook_secret: "\${HOOK}" }
metadata: { note: "\${KEY}", retries: "3", regions: [ap, us], missing: "\${GONE}" }
sync_config: { invoice: { outbound: false } }
---
name: New
provider_type: razorpay
encrypted_secret_data: { key_id: "\${KEY}", secret_key: "\${GONE}" }
---
name: Exports
provider_type: s3
sync_config: { s3: { is_flexprice_managed: true } }
---
name: Quiet
provider_type: hubspot
`;

const rows = [
  observed({
    providerType: "stripe",
    name: "Stripe",
    metadata: json({ note: "old", retries: 3, kept: true }),
    syncConfig: json({ invoice: { inbound: false, outbound: true } }),
  }),
  observed({ providerType: "s3", name: "Exports" }),
  observed({ providerType: "hubspot", name: "Quiet" }),
  observed({
    providerType: "chargebee",
    name: "Ours \u001b[31m\nonce",
    metadata: json({ flexprice_sync: stampWith("chargebee") }),
  }),
];

function target(): TargetRun {
  return targetRun(text, rows, { variables: { KEY: "k", HOOK: "h" }, request: stamped() });
}

describe("a plan for a person", () => {
  it("shows what changes with both values and their types, what is masked, missing, blocked, dangerous and kept", () => {
    expect(planText(target(), plainLook)).toMatchInlineSnapshot(`
      "Target: https://us.api.flexprice.io/v1
      Environment: env_1

      + create  New (razorpay, not there yet)  connections/x.yaml:7
          + encrypted_secret_data.razorpay.key_id      (secret from KEY)
          ? encrypted_secret_data.razorpay.secret_key  unresolved: GONE is not set

      ! blocked  Exports (s3, conn_s3)  connections/x.yaml:11
          ! sync_config.s3.is_flexprice_managed  false → true  blocked: cannot be changed on an existing connection

      ~ update  Stripe (stripe, conn_stripe)  connections/x.yaml:1
          ? metadata.missing              unresolved: GONE is not set
          ~ metadata.note                 (secret) → (secret)
          + metadata.regions              ["ap","us"]
          ~ metadata.retries              3 → "3"
          ~ sync_config.invoice.outbound  true → false
            danger: invoices will no longer be pushed to Stripe

      ? 2 credentials of 1 connection cannot be compared, for the service shows none, and are not sent:
        FLEXPRICE_SYNC_FINGERPRINT_KEY is not set (flexprice-sync keygen makes a key).
        --write-secrets sends what the service can change; for the rest the way out is a new connection (--replace).
      1 credential that is sent leaves no fingerprint, so a later change of it will not be noticed: FLEXPRICE_SYNC_FINGERPRINT_KEY is not set (flexprice-sync keygen makes a key).
      2 changes write the stamp by which a later run knows what is ours.
      1 key that no file names is kept.
      1 connection of the service is in no file and left alone.
        kept by flexprice-sync before: Ours \\u001b[31m\\u000aonce (chargebee, conn_chargebee)

      Plan: 1 to create, 1 to update, 0 to replace, 0 to archive, 2 unchanged, 1 blocked, 1 unknown.
      "
    `);
  });

  it("says so when there is nothing to change, and how sure the environment is", () => {
    const desired = desiredOf("name: Quiet\nprovider_type: hubspot\n");
    const { plan } = makePlan(desired, new Set(desired), rows.slice(2, 3), catalogue, noSecrets, noStamps);
    const calm = { ...target(), plan };
    expect(planText(calm, plainLook)).toContain("Nothing to change: no difference in what can be compared.");
    expect(planText({ ...calm, isConfirmed: false }, plainLook)).toContain("Environment: env_1 (expected;");
    expect(planText({ ...calm, environmentId: null }, plainLook)).toContain("Environment: not known;");
  });

  it("lets no value steer the terminal", () => {
    const hostile = "a\u001b[2J\nb\u202e";
    const desired = desiredOf(
      `name: ${JSON.stringify(hostile)}\nprovider_type: stripe\nmetadata: { ${JSON.stringify(hostile)}: ${JSON.stringify(hostile)} }\n`,
    );
    const { plan } = makePlan(
      desired,
      new Set(desired),
      [observed({ providerType: "stripe", name: hostile })],
      catalogue,
      noSecrets,
      noStamps,
    );
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    expect(planText({ ...target(), plan }, plainLook)).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
  });

  it("changes nothing but the look when it is coloured", () => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are taken away again
    const bare = planText(target(), { paint: colourPaint }).replaceAll(/\u001b\[\d+m/g, "");
    expect(bare).toBe(planText(target(), plainLook));
  });
});

describe("what became of it", () => {
  it("is a line for every write and a fixed last line", () => {
    const planned = target();
    const outcomes: readonly Outcome[] = [
      { status: "not-started", attempts: 0, wrote: false },
      { status: "created", attempts: 1, wrote: true, id: "conn_new", httpStatus: 201 },
      { status: "unchanged", attempts: 0, wrote: false },
      { status: "failed", attempts: 4, wrote: false, message: "PUT answered 503." },
    ];
    const untold: Outcome = { status: "unknown", attempts: 1, wrote: false };
    const changes = planned.plan?.changes ?? [];
    const ended = {
      ...planned,
      outcomes: new Map(changes.map((change, index): [Change, Outcome] => [change, outcomes[index] ?? untold])),
    };
    expect(applyText(ended, plainLook)).toMatchInlineSnapshot(`
      "? not started  Quiet (hubspot, conn_hubspot)
      + created  New (razorpay, conn_new)
      ! failed  Stripe (stripe, conn_stripe)
          PUT answered 503.

      Apply: 1 created, 0 updated, 0 replaced, 0 archived, 1 failed, 0 unknown, 1 not started, 0 not converged, 1 blocked.
      "
    `);
  });
});

describe("the fixed lines", () => {
  it("take the singular at one", () => {
    const run = {
      command: "validate",
      environments: ["default"],
      definitions: 1,
      files: 1,
      targets: [],
      problems: [error("LOAD.BAD_YAML", "x."), warning("LOAD.EMPTY_FILE", "y.")],
    };
    expect(validateText(run)).toBe("Validate: 1 definition in 1 file, 1 error, 1 warning.\n");
    expect(validateText({ ...run, definitions: 0, files: 2, problems: [] })).toBe(
      "Validate: 0 definitions in 2 files, 0 errors, 0 warnings.\n",
    );
  });
});

describe("a problem for a person", () => {
  it("has its code, its place, its words and the next step", () => {
    const problem = error("VALIDATE.WRONG_TYPE", "x is a\ntext.", {
      place: { file: "c/a.yaml", line: 3, column: 7 },
      hint: "write true.",
    });
    expect(problemText(problem, plainLook)).toBe(
      "error[VALIDATE.WRONG_TYPE] c/a.yaml:3:7: Wrong type: x is a\\u000atext.\nhint: write true.\n",
    );
    expect(problemText(warning("LOAD.EMPTY_FILE", "y."), plainLook)).toBe("warning[LOAD.EMPTY_FILE] Empty file: y.\n");
  });
});
