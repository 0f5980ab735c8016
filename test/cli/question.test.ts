import { describe, expect, it } from "vitest";
import { questionText } from "../../src/cli/question.js";
import type { TargetRun } from "../../src/model/run.js";
import { colourPaint, plainPaint } from "../../src/report/paint.js";
import { small, targetRun } from "../support/reports.js";
import { json, observed } from "../support/steps.js";

const ask = (targets: readonly TargetRun[], environments = targets.map(({ environment }) => environment)) =>
  questionText({ environments, targets, open: targets }, "apply", plainPaint);

describe("the question before anything is written", () => {
  it("names target, counts and dangers", () => {
    expect(ask([small("---\nname: Hub\nprovider_type: hubspot\n")])).toBe(
      "  danger: Stripe: invoices will no longer be pushed to Stripe\n" +
        "Apply 2 changes (1 to create, 1 to update) at https://us.api.flexprice.io/v1, env_1? Only yes is taken: ",
    );
    expect(ask([{ ...small(), environment: "production", environmentId: null }])).toContain(
      "at production, https://us.api.flexprice.io/v1?",
    );
  });

  it("names each environment of several, and those that are left out", () => {
    const eu = { ...small(), environment: "eu" };
    const us = { ...small(), environment: "us", environmentId: "env_2" };
    expect(ask([eu, us], ["asia", "eu", "us"])).toBe(
      `  danger: eu: Stripe, us: Stripe: invoices will no longer be pushed to Stripe
  1 change (1 to update) at eu, https://us.api.flexprice.io/v1, env_1
  1 change (1 to update) at us, https://us.api.flexprice.io/v1, env_2
  left out for its errors: asia
Apply 2 changes (2 to update) in 2 environments? Only yes is taken: `,
    );
  });

  it("tells a danger of very many once, and none is pushed out of sight", () => {
    const names = Array.from({ length: 40 }, (_, at) => `E${at}`);
    const text = names
      .map((name) => `name: ${name}\nprovider_type: s3\nsync_config: { s3: { bucket: new, region: eu } }\n`)
      .join("---\n");
    const rows = names.map((name) =>
      observed({
        providerType: "s3",
        id: `conn_${name}`,
        name,
        syncConfig: json({ s3: { bucket: "old", region: "eu" } }),
      }),
    );
    const lines = ask([targetRun(text, rows)]).split("\n");
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/^ {2}danger: E0, E1, E10, E11, E12 and 35 more: exports move to another bucket/);
  });

  it("speaks of archiving where that is what is asked for, and shows no sign that steers a terminal", () => {
    const target = { ...small(), baseUrl: "https://x\u001b[2J/v1" };
    const text = questionText({ environments: ["default"], targets: [target], open: [target] }, "prune", colourPaint);
    expect(text).toContain("Archive 1 connection at https://x\\u001b[2J/v1, env_1?");
    expect(text).not.toContain("\u001b[2J");
  });
});
