import { describe, expect, it } from "vitest";
import { otherThan } from "../../src/apply/write.js";
import { catalogue, observed } from "../support/steps.js";

describe("an answer about another connection than the one that was written", () => {
  const expected = { id: "conn_1", providerType: "stripe", environmentId: "env_test" };
  const told = (facts: Parameters<typeof observed>[0]) => otherThan(expected, observed(facts), catalogue);

  it("is told by what it is about", () => {
    expect(told({ id: "conn_1", providerType: "stripe" })).toBeUndefined();
    expect(told({ id: "conn_2", providerType: "stripe" })).toBe("conn_2 (stripe) in env_test");
    expect(told({ id: "conn_1", providerType: "hubspot", isLive: false, environmentId: null })).toBe(
      "conn_1 (hubspot, not live) in no environment",
    );
  });

  it("shows no word of the service in place of a provider", () => {
    expect(told({ id: "conn_1", providerType: "canary" })).toBe("conn_1 (of an unknown provider) in env_test");
  });
});
