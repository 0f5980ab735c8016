import { describe, expect, it } from "vitest";
import { folderWith } from "../support/folder.js";
import { documentOf, type Ended, lastLine, run, targetOf } from "../support/program.js";
import { accessTo, type Intercept, type Row, row, type Service, send, service } from "../support/service.js";

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

function statusesOf(ended: Ended): readonly string[] {
  return targetOf(ended).changes.map(({ outcome }) => outcome?.status ?? "none");
}

describe("a service that limits requests", () => {
  /** Takes a few PUTs, then answers with the limits in turn, then takes all. */
  function limiting(live: Service, taken: number, headers: readonly (() => Record<string, string>)[]) {
    const limits: { readonly atMs: number; readonly openAtMs: number }[] = [];
    const puts: number[] = [];
    const done = new Map<string, number>();
    let count = 0;
    live.intercept = async ({ method, path }, response) => {
      if (method !== "PUT") return false;
      count += 1;
      const atMs = Date.now();
      const limit = headers[count - taken - 1];
      if (limit !== undefined) {
        const [after = ""] = Object.values(limit());
        const openAtMs = /^\d+$/.test(after) ? atMs + Number(after) * 1000 : after === "" ? atMs : Date.parse(after);
        limits.push({ atMs, openAtMs });
        return send(response, 429, { message: "Too many requests" }, limit());
      }
      puts.push(atMs);
      await new Promise((resolve) => setTimeout(resolve, 50));
      done.set(path, (done.get(path) ?? 0) + 1);
      return false;
    };
    return { limits, puts, done };
  }

  it("with a date, with seconds and without a word is waited for by all workers, and everything is done once", async () => {
    const { rows, files } = fleet(20);
    const live = await service(rows);
    const { limits, puts, done } = limiting(live, 5, [
      () => ({ "retry-after": new Date(Date.now() + 2_000).toUTCString() }),
      () => ({ "retry-after": "1" }),
      () => ({}),
    ]);
    const args = ["apply", "--yes", "--json", "--parallelism", "4"];
    const ended = await run(args, { cwd: folderWith(files), env: accessTo(live) });
    expect(ended.code).toBe(0);
    expect(statusesOf(ended)).toEqual(Array(20).fill("updated"));
    expect([...done.values()]).toEqual(Array(20).fill(1));
    expect(live.mostInFlight).toBeLessThanOrEqual(4);
    expect(limits).toHaveLength(3);
    for (const { atMs, openAtMs } of limits) {
      // What was on its way when the limit came is no answer to it. A date has whole seconds.
      const early = puts.filter((at) => at > atMs + 60 && at < openAtMs - 1_000);
      expect(early).toEqual([]);
    }
    // They do not come back in one instant: after a limit fewer of them do, and not together.
    const last = limits.at(-1)?.atMs ?? 0;
    const back = puts.filter((at) => at > last);
    expect(new Set(back).size).toBeGreaterThan(back.length / 2);
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
    limiting(
      live,
      5,
      Array(20).fill(() => ({ "retry-after": "86400" })),
    );
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

const WITH_KEYS = `after }\nencrypted_secret_data: { aws_access_key_id: "\${K}", aws_secret_access_key: "\${K}" }`;

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

describe("a redirect to another host", () => {
  it.each([301, 302, 307, 308])(
    "is not followed with %i, for reads and writes: the other host hears nothing",
    async (status) => {
      const elsewhere = await service([]);
      const { rows, files } = fleet(1);
      const cwd = folderWith(files);
      for (const method of ["GET", "PUT"]) {
        const live = await service(rows, (received, response) => {
          const location = `${elsewhere.baseUrl}/connections`;
          return received.method === method ? send(response, status, "", { location }) : false;
        });
        const ended = await run(["apply", "--yes"], { cwd, env: accessTo(live) });
        expect(ended.code).toBe(1);
        expect(ended.stderr).toContain("error[SERVICE.REDIRECTED]");
        expect(ended.stderr).toContain(`answered ${status}`);
        expect(ended.stderr).toContain(new URL(elsewhere.baseUrl).host);
        expect(live.received.filter((received) => received.method === method)).toHaveLength(1);
      }
      expect(elsewhere.received).toEqual([]);
    },
  );
});

describe("an answer that is none of the API", () => {
  const page = "<html><form action=/login>Sign in</form></html>";
  const html = { "content-type": "text/html; charset=utf-8" };

  it.each<[string, Intercept, RegExp, number]>([
    ["a login page", (_r, response) => send(response, 200, page, html), /GET http\S+ answered 200 \(text\/html/, 1],
    [
      "a gateway's page",
      (_r, response) => send(response, 502, page, html),
      /GET http\S+ answered 502 \(text\/html.* after 4 tries/,
      4,
    ],
    ["a bare list", (_r, response) => send(response, 200, []), /answered 200 \(application\/json.*not in the shape/, 1],
    [
      "another environment's refusal",
      (_r, response) => send(response, 403, { error: "Access denied", message: "Invalid or inaccessible environment" }),
      /answered 403 .*: Invalid or inaccessible environment/,
      1,
    ],
  ])(
    "as %s is an error with method, address, status and type, and nothing is written",
    async (_what, intercept, words, tries) => {
      const live = await service(fleet(1).rows, intercept);
      const ended = await run(["apply", "--yes"], { cwd: folderWith(fleet(1).files), env: accessTo(live) });
      expect(ended.code).toBe(1);
      expect(ended.stderr).toMatch(words);
      expect(ended.stderr).not.toMatch(/\n {4}at |<html|<form|Unexpected token/);
      expect(ended.stderr.match(/^error\[/gm)).toHaveLength(1);
      expect(live.received).toHaveLength(tries);
      expect(live.writes()).toEqual([]);
    },
  );

  it("to a PUT shows the service's own words, and is not asked again", async () => {
    const live = await service(fleet(1).rows, ({ method }, response) =>
      method === "PUT"
        ? send(response, 400, {
            code: "validation_error",
            message: "plan outbound sync is not allowed",
            http_status_code: 400,
          })
        : false,
    );
    const ended = await run(["apply", "--yes"], { cwd: folderWith(fleet(1).files), env: accessTo(live) });
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain("plan outbound sync is not allowed");
    expect(live.writes()).toHaveLength(1);
  });
});
