import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { load } from "../src/load/load.js";
import { nodeFiles } from "../src/setup/node-files.js";

const root = fileURLToPath(new URL("..", import.meta.url));

describe("the demo", () => {
  it("checks, compares and puts right real definitions, ends with a plan of nothing, and leaves nothing running", async () => {
    // It ends by itself only when the sandbox it started has ended.
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ["docs/demo/run.mjs"], { cwd: root });
    // Five of the examples exist in the demo's seed, and one of those is as its file says.
    const { declarations } = load(["connections"], nodeFiles(root));
    const fileCount = new Set(declarations.map(({ origin }) => origin.file)).size;
    const all = declarations.length;
    const lines = stdout.split("\n").filter((line) => /^(?:\$|Validate:|Plan:|Apply:|\(exit)/.test(line));
    expect(lines).toEqual([
      "$ flexprice-sync validate",
      `Validate: ${all} definitions in ${fileCount} files, 0 errors, 0 warnings.`,
      "(exit code 0)",
      "$ flexprice-sync plan",
      `Plan: ${all - 5} to create, 4 to update, 0 to replace, 0 to archive, 1 unchanged, 0 blocked, 5 unknown.`,
      "(exit code 0)",
      "$ flexprice-sync apply --yes -q -v",
      `Apply: ${all - 5} created, 4 updated, 0 replaced, 0 archived, 0 failed, 0 unknown, 0 not started, 0 not converged, 0 blocked.`,
      "(exit code 0)",
      "$ flexprice-sync apply --adopt --assume-secrets --yes -q -v",
      "Apply: 0 created, 5 updated, 0 replaced, 0 archived, 0 failed, 0 unknown, 0 not started, 0 not converged, 0 blocked.",
      "(exit code 0)",
      "$ flexprice-sync plan",
      `Plan: 0 to create, 1 to update, 0 to replace, 0 to archive, ${all - 1} unchanged, 0 blocked, 0 unknown.`,
      "(exit code 0)",
      "$ flexprice-sync apply --yes -q -v",
      "Apply: 0 created, 1 updated, 0 replaced, 0 archived, 0 failed, 0 unknown, 0 not started, 0 not converged, 0 blocked.",
      "(exit code 0)",
      "$ flexprice-sync plan --detailed-exitcode",
      `Plan: 0 to create, 0 to update, 0 to replace, 0 to archive, ${all} unchanged, 0 blocked, 0 unknown.`,
      "(exit code 0)",
    ]);
    expect(stdout).toMatch(/webhook_password +\(secret from CHARGEBEE_WEBHOOK_PASSWORD: changed\)/);
    expect(stderr.match(/^PUT .* 200 in/gm)).toHaveLength(4 + 5 + 1);
    expect(stderr.match(/^POST .* 201 in/gm)).toHaveLength(all - 5);
  });
});
