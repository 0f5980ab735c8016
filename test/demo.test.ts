import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));

describe("the demo", () => {
  it("checks, compares and puts right real definitions, ends with a plan of nothing, and leaves nothing running", async () => {
    // It ends by itself only when the sandbox it started has ended.
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ["docs/demo/run.mjs"], { cwd: root });
    const lines = stdout.split("\n").filter((line) => /^(?:\$|Validate:|Plan:|Apply:|\(exit)/.test(line));
    expect(lines).toEqual([
      "$ flexprice-sync validate",
      "Validate: 8 definitions in 7 files, 0 errors, 0 warnings.",
      "(exit code 0)",
      "$ flexprice-sync plan",
      "Plan: 3 to create, 4 to update, 0 to replace, 0 to archive, 1 unchanged, 0 blocked, 5 unknown.",
      "(exit code 0)",
      "$ flexprice-sync apply --yes -q -v",
      "Apply: 3 created, 4 updated, 0 replaced, 0 archived, 0 failed, 0 unknown, 0 not started, 0 not converged, 0 blocked.",
      "(exit code 0)",
      "$ flexprice-sync plan --detailed-exitcode",
      "Plan: 0 to create, 0 to update, 0 to replace, 0 to archive, 8 unchanged, 0 blocked, 8 unknown.",
      "(exit code 0)",
    ]);
    expect(stderr.match(/^PUT .* 200 in/gm)).toHaveLength(4);
    expect(stderr.match(/^POST .* 201 in/gm)).toHaveLength(3);
  });
});
