import { describe, expect, it } from "vitest";
import { readSeed } from "../../src/cli/seed-file.js";
import { folderWith } from "../support/folder.js";
import { codes } from "../support/steps.js";

const read = (content: string | Uint8Array) => readSeed("seed.yaml", "env_own", folderWith({ "seed.yaml": content }));

describe("a seed", () => {
  it("may be a saved answer, also one without connections", () => {
    for (const text of ['{"connections":null,"total":0,"limit":50,"offset":0}', "connections: []"])
      expect(read(text).problems).toEqual([]);
    const saved = {
      id: "conn_1",
      name: "n",
      provider_type: "s3",
      environment_id: "env_else",
      tenant_id: "t",
      status: "published",
    };
    expect(read(JSON.stringify({ connections: [saved] }))).toMatchObject({
      problems: [],
      file: { connections: [saved] },
    });
  });

  it("may hold rows without ids, keys of its own environment or of none, and environments that its keys name", () => {
    const text = `
connections: [{ name: a, provider_type: s3 }, { name: b, provider_type: s3 }]
environments: [{ id: env_2, name: Two, type: production }]
keys:
  - { key: sk_1, role: all_reader, environment_id: env_own }
  - { key: sk_2, environment_id: env_2, user_type: service_account }
  - { key: sk_3, role: null, environment_id: null, allowed_environments: [env_2, env_own] }
tenant: { suspended: true }
`;
    expect(read(text).problems).toEqual([]);
  });

  it.each<[string, string, readonly string[], RegExp]>([
    ["nothing", "", ["SANDBOX.BAD_SEED"], /seed\.yaml is empty/],
    ["two documents", "connections: []\n---\nkeys: []\n", ["SANDBOX.BAD_SEED 3:1"], /holds 2 documents; a seed is one/],
    ["another shape", "[]", ["SANDBOX.BAD_SEED 1:1"], /the document must be a map/],
    ["no connections", "keys: []", ["SANDBOX.BAD_SEED 1:1"], /the document has no connections/],
    [
      "a provider nobody knows",
      "connections:\n  - { name: a, provider_type: x }\n",
      ["SANDBOX.BAD_SEED 2:31"],
      /is not one of aws_marketplace/,
    ],
    [
      "a time that does not exist",
      "connections:\n  - { name: a, provider_type: s3, created_at: 2026-99-99T99:99:99Z }\n",
      ["SANDBOX.BAD_SEED 2:47"],
      /created_at must be an RFC 3339 time that exists, such as/,
    ],
    [
      "an id that stands twice",
      "connections:\n  - { id: c, name: a, provider_type: s3 }\n  - { id: c, name: b, provider_type: s3 }\n",
      ["SANDBOX.BAD_SEED 3:11"],
      /connections\[1\]\.id stands there already/,
    ],
    [
      "an environment that stands twice",
      "connections: []\nenvironments:\n  - { id: e, name: a }\n  - { id: e, name: b }\n",
      ["SANDBOX.BAD_SEED 4:11"],
      /environments\[1\]\.id stands there already/,
    ],
    [
      "a key that stands twice",
      "connections: []\nkeys:\n  - { key: canary }\n  - { key: canary }\n",
      ["SANDBOX.BAD_SEED 4:12"],
      /keys\[1\]\.key stands there already/,
    ],
    [
      "a key of an environment that is not there",
      "connections: []\nkeys: [{ key: canary, environment_id: env_x }]\n",
      ["SANDBOX.BAD_SEED 2:39"],
      /keys\[0\]\.environment_id is neither the sandbox's own nor/,
    ],
    [
      "a user let into one that is not there",
      "connections: []\nkeys: [{ key: canary, allowed_environments: [env_own, env_x] }]\n",
      ["SANDBOX.BAD_SEED 2:55"],
      /keys\[0\]\.allowed_environments\[1\] is neither/,
    ],
    [
      "a key with a blank",
      "connections: []\nkeys: [{ key: ca nary }]\n",
      ["SANDBOX.BAD_SEED 2:15"],
      /keys\[0\]\.key must be a word of letters, digits and signs/,
    ],
    [
      "an unknown role",
      "connections: []\nkeys: [{ key: canary, role: boss }]\n",
      ["SANDBOX.BAD_SEED 2:29"],
      /must be one of super_admin, .*, null\./,
    ],
    [
      "an unknown part of a key",
      "connections: []\nkeys: [{ key: canary, roles: [] }]\n",
      ["SANDBOX.BAD_SEED 2:23"],
      /keys\[0\] takes no "roles"/,
    ],
    [
      "several at once, in their order",
      "connections:\n  - { name: 1, provider_type: s3 }\n  - { provider_type: s3 }\nkeys: x\n",
      ["SANDBOX.BAD_SEED 2:13", "SANDBOX.BAD_SEED 3:5", "SANDBOX.BAD_SEED 4:7"],
      /must be text/,
    ],
  ])("is refused with %s", (_what, text, expected, words) => {
    const { problems, file } = read(text);
    expect(codes(problems)).toEqual(expected);
    expect(problems.map(({ message }) => message).join("\n")).toMatch(words);
    expect(JSON.stringify(problems)).not.toMatch(/canary|ca nary/);
    expect(file).toEqual({ connections: [] });
  });

  it("is refused when it is no UTF-8 or a folder", () => {
    expect(read(new Uint8Array([0x22, 0xff, 0x22])).problems[0]?.message).toMatch(/cannot be read/);
    expect(readSeed(".", "env_own", folderWith()).problems[0]?.message).toMatch(
      /cannot be read: it is not a regular file/,
    );
  });
});
