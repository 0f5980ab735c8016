import { describe, expect, it } from "vitest";
import { barText, progressText, type Standing } from "../../src/cli/progress.js";
import { folderWith } from "../support/folder.js";
import { run } from "../support/program.js";
import { accessTo, ENVIRONMENT, row, service } from "../support/service.js";

const standing = (facts: Partial<Standing>): Standing => ({
  doing: "writing",
  done: 0,
  total: 120,
  elapsedMs: 10_000,
  retries: 0,
  ...facts,
});

describe("how far a run has come", () => {
  it.each([
    [{}, "Writing: 0 of 120 changes done, 10 s so far"],
    [{ done: 45, retries: 2 }, "Writing: 45 of 120 changes done, 4.5/s, 2 retries, 17 s left"],
    [{ done: 120, elapsedMs: 2_000 }, "Writing: 120 of 120 changes done, 60/s, 1 s left"],
    [{ done: 1, total: 1_000, retries: 1 }, "Writing: 1 of 1000 changes done, 0.1/s, 1 retry, 2 h 47 min left"],
    [{ done: 20, total: 50, elapsedMs: 100_000 }, "Writing: 20 of 50 changes done, 0.2/s, 3 min left"],
    [{ doing: "reading", total: 1, elapsedMs: 100 }, "Reading: 0 of 1 environment done, 1 s so far"],
  ] as const)("of %j is told in words: %s", (facts, text) => {
    expect(progressText(standing(facts))).toBe(text);
  });

  it("is a bar as far as there is room, and never wider than the terminal", () => {
    const half = standing({ done: 60, retries: 3 });
    expect(barText(half, 100)).toBe(
      "Writing  [###############...............]  60 of 120  6.0/s  3 retries  10 s left",
    );
    expect(barText(half, 66)).toBe("Writing  [#######.......]  60 of 120  6.0/s  3 retries  10 s left");
    expect(barText(half, 58)).toBe("Writing: 60 of 120  6.0/s  3 retries  10 s left");
    expect(barText(half, 30)).toBe("Writing: 60 of 120");
    expect(barText(half, 12)).toBe("60 of 120");
    for (let columns = 1; columns < 100; columns += 1) expect(barText(half, columns).length).toBeLessThan(columns);
    expect(barText(standing({ doing: "reading", done: 0, total: 0 }), 80)).toContain("[......");
  });
});

describe("a long run without a terminal", () => {
  const slow = async () => {
    const rows = Array.from({ length: 14 }, (_, at) =>
      row({ id: `conn_${at}`, provider_type: "s3", name: `E${at}`, environment_id: ENVIRONMENT }),
    );
    const live = await service(rows);
    live.intercept = async ({ method }) => {
      if (method === "PUT") await new Promise((resolve) => setTimeout(resolve, 500));
      return false;
    };
    const text = rows.map(({ name }) => `name: ${name}\nprovider_type: s3\nmetadata: { a: b }\n`).join("---\n");
    return { cwd: folderWith({ "connections/e.yaml": text }), env: accessTo(live) };
  };
  const apply = ["apply", "--yes", "--parallelism", "1", "--json"];

  it("has a line every few seconds on stderr, and none with --no-progress, -q or -v", async () => {
    const { cwd, env } = await slow();
    const told = await run(apply, { cwd, env });
    expect(told.stderr).toMatch(/^(?:Writing: \d+ of 14 changes done, [\d.]+\/s, \d+ s left\.\n)+$/);
    expect(told.code).toBe(0);
    const silent = ["--no-progress", "-q", "-v"].map(async (option) => {
      const { cwd: other, env: access } = await slow();
      const { code, stderr } = await run([...apply, option], { cwd: other, env: access });
      expect([option, code, stderr.includes("Writing")]).toEqual([option, 0, false]);
    });
    await Promise.all(silent);
  }, 60_000);
});
