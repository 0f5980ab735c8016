import { describe, expect, it } from "vitest";
import { folderWith } from "../support/folder.js";
import { documentOf, type Ended, lastLine, run, targetOf } from "../support/program.js";
import { accessTo, type Row, row, type Service, send, service } from "../support/service.js";

// Faults of other tools on the network, as the right result here. test/README.md says where they come from.

/** Connections that each have one value to change. */
function fleet(count: number): { readonly rows: readonly Row[]; readonly files: Readonly<Record<string, string>> } {
  const names = Array.from({ length: count }, (_, at) => `export ${String(at + 1).padStart(2, "0")}`);
  return {
    rows: names.map((name, at) =>
      row({ id: `conn_${at + 1}`, provider_type: "s3", name, metadata: { team: "before" } }),
    ),
    files: {
      "connections/all.yaml": names
        .map((name) => `name: ${name}\nprovider_type: s3\nmetadata: { team: after }\n`)
        .join("---\n"),
    },
  };
}

const WITH_KEYS = `after }\nencrypted_secret_data: { aws_access_key_id: "\${K}", aws_secret_access_key: "\${K}" }`;

/** How far a timer may be ahead of its time. */
const CLOCK_MS = 50;

function statusesOf(ended: Ended): readonly string[] {
  return targetOf(ended).changes.map(({ outcome }) => outcome?.status ?? "none");
}

describe("a service that limits requests", () => {
  interface Limited {
    /** The first moment at which it may be asked again. */
    readonly openAtMs: number;
    /** Requests that came before that moment: they were on their way when it closed. */
    early: number;
  }

  /** Takes a few PUTs, then closes with each of these headers in turn, as soon as the time of the one before is up. */
  function limiting(live: Service, taken: number, headers: readonly (() => Record<string, string>)[]) {
    const limits: Limited[] = [];
    const done = new Map<string, number>();
    /** How many were under way when one came, of those that came after the last limit. */
    const together: number[] = [];
    let inFlight = 0;
    let count = 0;
    live.intercept = async ({ method, path }, response) => {
      if (method !== "PUT") return false;
      count += 1;
      const last = limits.at(-1);
      const nowMs = Date.now();
      const isOpen = last === undefined || nowMs >= last.openAtMs;
      const next = headers[limits.length];
      if (count > taken && isOpen && next !== undefined) {
        const header = next();
        const after = header["retry-after"] ?? "0";
        const openAtMs = /^\d+$/.test(after) ? nowMs + Number(after) * 1_000 : Date.parse(after);
        limits.push({ openAtMs: openAtMs - CLOCK_MS, early: 0 });
        return send(response, 429, { message: "Too many requests" }, header);
      }
      if (last !== undefined && !isOpen) last.early += 1;
      inFlight += 1;
      if (limits.length === headers.length && isOpen) together.push(inFlight);
      await new Promise((resolve) => setTimeout(resolve, 50));
      inFlight -= 1;
      done.set(path, (done.get(path) ?? 0) + 1);
      return false;
    };
    return { limits, done, together };
  }

  it("with a date, with seconds and without a word is waited for by all workers, and everything is done once", async () => {
    const { rows, files } = fleet(20);
    const live = await service(rows);
    const { limits, done, together } = limiting(live, 5, [
      () => ({ "retry-after": new Date(Date.now() + 2_000).toUTCString() }),
      () => ({ "retry-after": "1" }),
      () => ({}),
    ]);
    const args = ["apply", "--yes", "--json", "--parallelism", "4"];
    const ended = await run(args, { cwd: folderWith(files), env: accessTo(live) });
    expect(ended.code).toBe(0);
    expect(statusesOf(ended)).toEqual(Array(20).fill("updated"));
    expect([...done.values()]).toEqual(Array(20).fill(1));
    expect(live.writes()).toHaveLength(20 + limits.length);
    expect(live.mostInFlight).toBeLessThanOrEqual(4);
    // Nothing is begun before its time: the other three may have been on their way, and after a limit half as many at most.
    expect(limits).toHaveLength(3);
    const [date, seconds] = limits;
    expect(date?.early).toBeLessThanOrEqual(3);
    expect(seconds?.early).toBeLessThanOrEqual(1);
    // Nor do they come back in one instant: the third only when one before it was answered.
    expect(together.length).toBeGreaterThanOrEqual(11);
    expect(Math.max(...together.slice(0, 3))).toBeLessThanOrEqual(2);
  });

  it("also takes creates: one that was limited was not done, and is sent again", async () => {
    const { files } = fleet(6);
    const keyed = { "connections/all.yaml": (files["connections/all.yaml"] ?? "").replaceAll("after }", WITH_KEYS) };
    const live = await service([]);
    let posts = 0;
    live.intercept = ({ method }, response) => {
      if (method !== "POST") return false;
      posts += 1;
      return posts > 1 && posts < 4 ? send(response, 429, {}, { "retry-after": "1" }) : false;
    };
    const args = ["apply", "--yes", "--json", "--parallelism", "3"];
    const ended = await run(args, { cwd: folderWith(keyed), env: accessTo(live, { K: "key-of-the-test" }) });
    expect(ended.code).toBe(0);
    expect(statusesOf(ended)).toEqual(Array(6).fill("created"));
    expect(live.rows).toHaveLength(6);
  });

  it("for a day is not waited for: what is left is not begun, and the wait that it asks for is named", async () => {
    const { rows, files } = fleet(20);
    const live = await service(rows);
    let puts = 0;
    live.intercept = ({ method }, response) => {
      if (method !== "PUT") return false;
      puts += 1;
      return puts > 5 && send(response, 429, { message: "Too many requests" }, { "retry-after": "86400" });
    };
    const startMs = Date.now();
    const args = ["apply", "--yes", "--json", "--parallelism", "4"];
    const ended = await run(args, { cwd: folderWith(files), env: accessTo(live) });
    expect(Date.now() - startMs).toBeLessThan(20_000);
    expect(ended.code).toBe(4);
    const statuses = statusesOf(ended);
    expect(statuses.filter((status) => status === "updated")).toHaveLength(5);
    expect(statuses.filter((status) => status === "failed").length).toBeLessThanOrEqual(4);
    expect(statuses.filter((status) => status === "not-started").length).toBeGreaterThanOrEqual(11);
    const words = documentOf(ended).problems.map(({ message }) => message);
    expect(words.every((message) => message.startsWith("Too many requests"))).toBe(true);
    expect(words.join("\n")).toMatch(/asks to wait 86400 s; at most 60 s are waited/);
    // Nothing is sent to a host that has closed for the day, but for what was on its way.
    expect(live.writes().length).toBeLessThanOrEqual(9);
  });
});

describe("three writes of which two go wrong", () => {
  it("end in 4 with each one's name and status, and the next plan has just those two", async () => {
    const { rows, files } = fleet(3);
    const live = await service(rows);
    live.intercept = ({ method, path }, response) => {
      if (method !== "PUT" || path.endsWith("conn_1")) return false;
      if (path.endsWith("conn_2")) return send(response, 500, { code: "system_error", message: "it broke" });
      return send(response, 413, "<html>Request Entity Too Large</html>", { "content-type": "text/html" });
    };
    const cwd = folderWith(files);
    const ended = await run(["apply", "--yes"], { cwd, env: accessTo(live) });
    expect(ended.code).toBe(4);
    expect(lastLine(ended.stdout)).toBe(
      "Apply: 0 created, 1 updated, 0 replaced, 0 archived, 2 failed, 0 unknown, 0 not started, 0 not converged, 0 blocked.",
    );
    expect(ended.stderr).toMatch(/error\[SERVICE\.FAILED\].*"export 02".*500/);
    expect(ended.stderr).toMatch(/error\[SERVICE\.REJECTED\].*"export 03".*413 \(text\/html\)/);
    expect(ended.stderr).not.toMatch(/unhandled|<html>|\n {4}at /i);
    expect(live.writes().filter(({ path }) => path.endsWith("conn_2")).length).toBeLessThanOrEqual(4);
    expect(live.writes().filter(({ path }) => path.endsWith("conn_3"))).toHaveLength(1);
    const again = await run(["plan", "--json"], { cwd, env: accessTo(live) });
    expect(targetOf(again).changes.map(({ name }) => name)).toEqual(["export 02", "export 03"]);
  });
});
