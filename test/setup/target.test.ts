import { describe, expect, it } from "vitest";
import { variablesOf } from "../../src/secrets/variables.js";
import { accessOf } from "../../src/setup/target.js";
import { codes } from "../support/steps.js";

const good = { FLEXPRICE_API_KEY: "sk_1", FLEXPRICE_BASE_URL: "https://us.api.flexprice.io/v1" };

function access(environment: Readonly<Record<string, string>>, options = {}) {
  const files: Readonly<Record<string, string>> = { "/run/secrets/key": "sk_file\n" };
  return accessOf(
    options,
    variablesOf(environment, (path) => new TextEncoder().encode(files[path] ?? "")),
    {},
    { name: "default", connections: ["connections"], vars: {}, assumeUpdatable: [] },
  );
}

describe("the target", () => {
  it("comes from the variables, and options win", () => {
    expect(access(good).access?.target).toEqual({
      environment: "default",
      baseUrl: good.FLEXPRICE_BASE_URL,
      stamps: true,
      assumeUpdatable: [],
    });
    expect(access({ ...good, FLEXPRICE_ENVIRONMENT_ID: "env_1" }).access?.target.expectedEnvironmentId).toBe("env_1");
    expect(
      access({ ...good, FLEXPRICE_ENVIRONMENT_ID: "env_1" }, { environmentId: "env_2", baseUrl: "https://x/v1/" })
        .access?.target,
    ).toEqual({
      environment: "default",
      baseUrl: "https://x/v1",
      expectedEnvironmentId: "env_2",
      stamps: true,
      assumeUpdatable: [],
    });
  });

  it("takes the key from a file", () => {
    expect(access({ FLEXPRICE_API_KEY_FILE: "/run/secrets/key", FLEXPRICE_BASE_URL: "https://x/v1" }).problems).toEqual(
      [],
    );
  });

  it.each([
    [{}, ["SETTINGS.NO_API_KEY", "SETTINGS.NO_BASE_URL"]],
    [
      { FLEXPRICE_API_KEY: "", FLEXPRICE_BASE_URL: "", FLEXPRICE_ENVIRONMENT_ID: "" },
      ["SETTINGS.NO_API_KEY", "SETTINGS.NO_BASE_URL", "SETTINGS.BAD_ENVIRONMENT_ID"],
    ],
    [{ ...good, FLEXPRICE_API_KEY: "sk 1" }, ["SETTINGS.BAD_API_KEY"]],
    [{ ...good, FLEXPRICE_API_KEY: "sk_1\n" }, ["SETTINGS.BAD_API_KEY"]],
    [{ ...good, FLEXPRICE_BASE_URL: "us.api.flexprice.io/v1" }, ["SETTINGS.BAD_BASE_URL"]],
    [{ ...good, FLEXPRICE_BASE_URL: "ftp://x/v1" }, ["SETTINGS.BAD_BASE_URL"]],
    [{ ...good, FLEXPRICE_BASE_URL: "canary-user:password" }, ["SETTINGS.BAD_BASE_URL"]],
    [{ ...good, FLEXPRICE_BASE_URL: "https://user:canary@x/v1" }, ["SETTINGS.BAD_BASE_URL"]],
    [{ ...good, FLEXPRICE_BASE_URL: "https://x/v1?key=canary" }, ["SETTINGS.BAD_BASE_URL"]],
    [{ ...good, FLEXPRICE_BASE_URL: "http://api.example.com/v1" }, ["SETTINGS.INSECURE_BASE_URL"]],
    [{ ...good, FLEXPRICE_BASE_URL: "http://127.0.0.1.example.com/v1" }, ["SETTINGS.INSECURE_BASE_URL"]],
    [{ ...good, FLEXPRICE_ENVIRONMENT_ID: "env 1" }, ["SETTINGS.BAD_ENVIRONMENT_ID"]],
    [{ ...good, FLEXPRICE_ENVIRONMENT_ID: "https://user:canary@x/v1" }, ["SETTINGS.BAD_ENVIRONMENT_ID"]],
    [{ ...good, FLEXPRICE_ENVIRONMENT_ID: "canary".repeat(34) }, ["SETTINGS.BAD_ENVIRONMENT_ID"]],
    [
      { ...good, FLEXPRICE_API_KEY: "a-canary-key", FLEXPRICE_ENVIRONMENT_ID: "env_a-canary-key" },
      ["SETTINGS.BAD_ENVIRONMENT_ID"],
    ],
  ])("is refused when it is %j", (environment, expected) => {
    const found = access(environment);
    expect(codes(found.problems)).toEqual(expected);
    expect(found.access).toBeUndefined();
    expect(JSON.stringify(found)).not.toContain("canary");
  });

  it.each(["http://127.0.0.1:8080/v1", "http://localhost/v1", "http://[::1]:80/v1", "http://127.9.9.9/v1"])(
    "may be plain http on this machine: %s",
    (url) => {
      expect(access({ ...good, FLEXPRICE_BASE_URL: url }).problems).toEqual([]);
    },
  );

  it.each([
    "http://evillocalhost/v1",
    "http://sandbox.localhost/v1",
    "http://localhost.example/v1",
    "http://127.0.0.1.example/v1",
    "http://128.0.0.1/v1",
    "http://[::2]/v1",
  ])("may not be plain http elsewhere: %s", (url) => {
    expect(codes(access({ ...good, FLEXPRICE_BASE_URL: url }).problems)).toEqual(["SETTINGS.INSECURE_BASE_URL"]);
  });
});
