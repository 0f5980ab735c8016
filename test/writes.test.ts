import type { ServerResponse } from "node:http";
import { describe, expect, it } from "vitest";
import { runCommandLine } from "../src/cli/run.js";
import { folderWith, writeInto } from "./support/folder.js";
import { person } from "./support/person.js";
import { documentOf, lastLine, run, targetOf } from "./support/program.js";
import {
  accessTo,
  ENVIRONMENT,
  type Intercept,
  row,
  type Service,
  send,
  service,
  unmarked,
} from "./support/service.js";

/*
 * What is known of a write, and said of it: nothing is claimed that did not happen, nothing that happened is denied, and
 * nothing is sent where it must not go.
 */

const renamed = { "connections/r.yaml": "name: Razorpay\nprovider_type: razorpay\n" };
const razorpay = row({ id: "conn_r", provider_type: "razorpay", name: "Razorpay by hand" });

const quickbooks = {
  "connections/q.yaml": `name: Q
provider_type: quickbooks
encrypted_secret_data: { client_id: "\${K}", client_secret: "\${K}", realm_id: "1", environment: sandbox, refresh_token: "\${K}", webhook_verifier_token: "\${HOOK}" }
`,
};
const secrets = { K: "client-secret-1", HOOK: "verifier-token-1" };

const exports = (count: number) => ({
  "connections/all.yaml": Array.from(
    { length: count },
    (_, index) =>
      `name: export ${index}\nprovider_type: s3\nencrypted_secret_data: { aws_access_key_id: "\${K}", aws_secret_access_key: "\${K}" }\n`,
  ).join("---\n"),
});

type Answer = (response: ServerResponse) => true;
const cut: Answer = (response) => {
  response.socket?.destroy();
  return true;
};
const answer =
  (status: number): Answer =>
  (response) =>
    send(response, status, { message: `status ${status}` });

/** Answers the tries of a write in turn, the last answer again and again; the first try may have been done. */
function inTurn(live: Service, method: string, isDone: boolean, answers: readonly Answer[]): Intercept {
  let tries = 0;
  return (received, response) => {
    if (received.method !== method) return false;
    if (tries === 0 && isDone && live.rows[0] !== undefined) live.rows[0] = { ...live.rows[0], ...received.body };
    const now = answers[Math.min(tries, answers.length - 1)];
    tries += 1;
    return now?.(response) ?? false;
  };
}

describe("a PUT of which an earlier try was lost", () => {
  it.each<[string, readonly Answer[]]>([
    ["refused", [cut, answer(403)]],
    ["a conflict", [cut, answer(409)]],
    ["failed", [cut, answer(500)]],
    ["failed at the gateway", [answer(502), answer(400)]],
    ["failed at the gateway each time", [answer(504)]],
  ])("was done when the row shows it, although the last try is %s", async (_what, answers) => {
    const live = await service([razorpay]);
    live.intercept = inTurn(live, "PUT", true, answers);
    const ended = await run(["apply", "--yes", "--json"], { cwd: folderWith(renamed), env: accessTo(live) });
    expect(targetOf(ended).changes[0]?.outcome).toMatchObject({ status: "updated" });
    expect(ended.code).toBe(0);
  });

  it("is unknown when the row does not show it yet: it may still be on its way", async () => {
    const live = await service([razorpay]);
    live.intercept = inTurn(live, "PUT", false, [cut, answer(403)]);
    const ended = await run(["apply", "--yes", "--json"], { cwd: folderWith(renamed), env: accessTo(live) });
    expect(targetOf(ended).changes[0]?.outcome).toMatchObject({ status: "unknown", attempts: 2 });
    expect(ended.code).toBe(4);
  });

  it("has failed when gateways gave all the answers and the row does not show it", async () => {
    const live = await service([razorpay]);
    live.intercept = inTurn(live, "PUT", false, [answer(504)]);
    const ended = await run(["apply", "--yes", "--json"], { cwd: folderWith(renamed), env: accessTo(live) });
    expect(targetOf(ended).changes[0]?.outcome).toMatchObject({ status: "failed", attempts: 4, http_status: 504 });
    expect(ended.code).toBe(1);
    expect(documentOf(ended).problems[0]?.hint).toContain("run plan to see what the service has now");
  });

  it("is not read back after a definite refusal", async () => {
    const live = await service([razorpay]);
    live.intercept = inTurn(live, "PUT", false, [answer(400)]);
    const ended = await run(["apply", "--yes"], { cwd: folderWith(renamed), env: accessTo(live) });
    expect(ended.code).toBe(1);
    expect(live.received.map(({ method }) => method)).toEqual(["GET", "PUT"]);
  });
});

describe("a POST that a gateway answers", () => {
  it.each([
    ["a gateway that lost the service", 503, "upstream connect error or disconnect/reset before headers"],
    ["a gateway that ran out of time", 524, "<html>A timeout occurred</html>"],
    ["a panic of the service", 500, ""],
    ["a server that waited too long for the request", 408, ""],
  ])("in place of the service is no definite answer: %s has created it", async (_what, status, words) => {
    const live = await service([]);
    live.intercept = ({ method, body }, response) => {
      if (method !== "POST") return false;
      live.rows.push(row({ id: "conn_made", ...body, encrypted_secret_data: undefined }));
      return send(response, status, words, { "content-type": "text/plain" });
    };
    const cwd = folderWith({ "connections/a.yaml": "name: a\nprovider_type: flexprice\n" });
    const ended = await run(["apply", "--yes", "--json"], { cwd, env: accessTo(live) });
    expect([ended.code, targetOf(ended).changes[0]?.outcome?.status]).toEqual([0, "created"]);
    expect(live.writes()).toHaveLength(1);
  });

  it("and of which nothing proves whose a connection is, for stamps are off, is unknown", async () => {
    const live = await service([]);
    live.intercept = inTurn(live, "POST", false, [answer(504)]);
    const cwd = folderWith({ "connections/a.yaml": "name: a\nprovider_type: flexprice\n" });
    const env = accessTo(live, { FLEXPRICE_SYNC_STAMP: "off" });
    const ended = await run(["apply", "--yes", "--json"], { cwd, env });
    expect([ended.code, targetOf(ended).changes[0]?.outcome?.status]).toEqual([4, "unknown"]);
  });

  it("is sent once, has failed, and says to look before the next", async () => {
    const live = await service([]);
    live.intercept = inTurn(live, "POST", false, [answer(504)]);
    const cwd = folderWith({ "connections/a.yaml": "name: a\nprovider_type: flexprice\n" });
    const ended = await run(["apply", "--yes"], { cwd, env: accessTo(live) });
    expect(ended.code).toBe(1);
    expect(live.writes()).toHaveLength(1);
    expect(ended.stderr).toContain("run plan before anything else");
  });
});

describe("a DELETE", () => {
  const old = row({ id: "conn_1", provider_type: "stripe", name: "Stripe" });
  const definition = `name: Stripe\nprovider_type: stripe\nencrypted_secret_data: { secret_key: "\${K}", webhook_secret: "\${K}" }\n`;
  const replace = ["apply", "--yes", "--json", "--replace", "Stripe", "--allow-dangerous"];

  it.each<[string, number, unknown, Record<string, string>]>([
    ["a login page", 200, "<html>log in</html>", { "content-type": "text/html" }],
    ["an empty 200", 200, "", {}],
    ["202", 202, {}, {}],
    ["JSON of its own", 200, { ok: true }, {}],
  ])(
    "that is answered with %s is looked at: nothing is made in the place of what is still there",
    async (_what, status, body, headers) => {
      const live = await service([old]);
      live.intercept = ({ method }, response) => (method === "DELETE" ? send(response, status, body, headers) : false);
      const cwd = folderWith({ "connections/a.yaml": definition });
      const ended = await run(replace, { cwd, env: accessTo(live, { K: "key-of-the-test" }) });
      expect([ended.code, targetOf(ended).changes[0]?.outcome?.status]).toEqual([4, "failed"]);
      expect(live.rows.map(({ id }) => id)).toEqual(["conn_1"]);
      expect(live.writes().map(({ method }) => method)).toEqual(["DELETE"]);
    },
  );

  it.each([301, 304, 503])(
    "that is refused with %i before anything was deleted says nothing of exports: exit code 1",
    async (status) => {
      const live = await service([old]);
      live.intercept = ({ method }, response) =>
        method === "DELETE"
          ? send(response, status, status === 503 ? { message: "later" } : "", { location: "/elsewhere" })
          : false;
      const cwd = folderWith({ "connections/a.yaml": definition });
      const ended = await run(replace, { cwd, env: accessTo(live, { K: "key-of-the-test" }) });
      expect([ended.code, targetOf(ended).changes[0]?.outcome?.status]).toEqual([1, "failed"]);
      expect(ended.stderr).not.toContain("exports");
    },
  );
});

describe("a connection that the service rewrites itself", () => {
  const cwdWith = () =>
    folderWith({ "connections/q.yaml": "name: Q\nprovider_type: quickbooks\nmetadata: { team: b }\n" });
  const before = row({ id: "conn_q", provider_type: "quickbooks", name: "Q", metadata: { team: "a" } });

  it("is read once more at the end: a write that it has undone is not converged, exit code 7", async () => {
    const live = await service([before]);
    live.intercept = ({ method, path }, response) =>
      method === "GET" && path.endsWith("conn_q") ? send(response, 200, before) : false;
    const ended = await run(["apply", "--yes", "--json"], { cwd: cwdWith(), env: accessTo(live) });
    expect(ended.code).toBe(7);
    expect(targetOf(ended).changes[0]?.outcome).toMatchObject({ status: "not-converged", differs: ["metadata.team"] });
    const [problem] = documentOf(ended).problems;
    expect(problem?.code).toBe("APPLY.NOT_CONVERGED");
    expect(problem?.message).toContain("it was written, and a moment later the service did not show it any more");
    expect(problem?.hint).toContain("run apply again");
  });

  it("and that cannot be read once more stays written, with a warning", async () => {
    const live = await service([before]);
    live.intercept = ({ method, path }, response) =>
      method === "GET" && path.endsWith("conn_q") ? send(response, 500, {}) : false;
    const ended = await run(["apply", "--yes", "--json"], { cwd: cwdWith(), env: accessTo(live) });
    expect(ended.code).toBe(0);
    expect(targetOf(ended).changes[0]?.outcome?.status).toBe("updated");
    expect(documentOf(ended).problems.map(({ code, severity }) => [code, severity])).toEqual([
      ["APPLY.NOT_READ_AGAIN", "warning"],
    ]);
  });

  it("is read by itself, and others are not", async () => {
    const live = await service([before, row({ id: "conn_h", provider_type: "hubspot", name: "H" })]);
    const cwd = cwdWith();
    writeInto(cwd, { "connections/h.yaml": "name: H\nprovider_type: hubspot\nmetadata: { team: b }\n" });
    expect((await run(["apply", "--yes"], { cwd, env: accessTo(live) })).code).toBe(0);
    const reads = live.received.filter(({ method }) => method === "GET").map(({ path }) => path);
    expect(reads).toEqual(["/v1/connections", "/v1/connections/conn_q"]);
  });

  it("and was just made in two steps shows the stamp of the second", async () => {
    const live = await service([]);
    const ended = await run(["apply", "--yes"], { cwd: folderWith(quickbooks), env: accessTo(live, secrets) });
    expect([ended.code, ended.stderr.includes("NOT_CONVERGED")]).toEqual([0, false]);
    expect(live.received.at(-1)?.path).toBe("/v1/connections/conn_new1");
  });
});

describe("a connection that is made in two steps", () => {
  it.each<[string, Answer, string]>([
    ["a refusal", answer(400), "failed"],
    ["a lost answer", cut, "unknown"],
  ])("is half made after %s: 4, with its id, all tries, and what to do", async (_what, now, status) => {
    const live = await service([]);
    live.intercept = inTurn(live, "PUT", false, [now]);
    const ended = await run(["apply", "--yes", "--json"], {
      cwd: folderWith(quickbooks),
      env: accessTo(live, secrets),
    });
    const outcome = targetOf(ended).changes[0]?.outcome;
    const puts = live.writes().filter(({ method }) => method === "PUT");
    expect(outcome).toMatchObject({ status, id: "conn_new1", attempts: 1 + puts.length });
    expect(outcome?.message).toMatch(
      status === "failed" ? /webhook_verifier_token was not set/ : /webhook_verifier_token may not have been set/,
    );
    expect(outcome?.message?.match(/PUT http/g)).toHaveLength(1);
    expect(ended.code).toBe(4);
    const hint = documentOf(ended).problems.find(({ severity }) => severity === "error")?.hint;
    expect(hint).toContain("run apply again: it sends encrypted_secret_data.quickbooks.webhook_verifier_token");
    expect(hint).not.toContain("is safe");
  });

  it.each([
    ["came into being elsewhere", { environment_id: "env_prod" }, 4],
    ["shows no environment", { environment_id: undefined }, 4],
  ])("gets no second secret when it %s", async (_what, facts, code) => {
    const live = await service([], ({ method, body }, response) =>
      method === "POST"
        ? send(response, 201, { ...row({ id: "conn_q", provider_type: "quickbooks", name: body.name }), ...facts })
        : false,
    );
    const ended = await run(["apply", "--yes"], { cwd: folderWith(quickbooks), env: accessTo(live, secrets) });
    expect(ended.code).toBe(code);
    expect(live.writes()).toHaveLength(1);
    expect(live.received.some(({ text }) => text.includes(secrets.HOOK))).toBe(false);
  });
});

describe("the first write, where no row shows the environment", () => {
  const expectStopped = async (live: Service, code: number, line: RegExp) => {
    const ended = await run(["apply", "--yes"], { cwd: folderWith(exports(4)), env: accessTo(live, secrets) });
    expect(ended.code).toBe(code);
    expect(live.writes()).toHaveLength(1);
    expect(lastLine(ended.stdout)).toMatch(line);
    expect(ended.stdout).toContain(`the write before it did not show that it went to ${ENVIRONMENT}`);
    return ended;
  };

  it("is the only one when its answer is lost: nobody knows where it went", async () => {
    const live = await service([]);
    live.intercept = inTurn(live, "POST", false, [cut]);
    await expectStopped(live, 4, /1 unknown, 3 not started/);
  });

  it("is the only one when a gateway answers it", async () => {
    const live = await service([]);
    live.intercept = inTurn(live, "POST", false, [answer(502)]);
    await expectStopped(live, 1, /1 failed, 0 unknown, 3 not started/);
  });

  it("is the only one when its answer shows no environment", async () => {
    const live = await service([], ({ method, body }, response) =>
      method === "POST"
        ? send(response, 201, { ...row({ id: "conn_1", provider_type: "s3", ...body }), environment_id: null })
        : false,
    );
    const ended = await expectStopped(live, 4, /1 created, .* 3 not started/);
    expect(ended.stderr).toContain("error[APPLY.WRONG_ENVIRONMENT]");
    expect(ended.stderr).toContain("shows no environment; nothing more was written");
  });

  it("is followed by the next alone when it was refused, and by all once one shows the environment", async () => {
    const begunMeanwhile: number[] = [];
    const live = await service([], async ({ method }, response) => {
      if (method !== "POST") return false;
      const open = live.writes().length;
      await new Promise((resolve) => setTimeout(resolve, 40));
      if (open <= 2) begunMeanwhile.push(live.writes().length - open);
      return open === 1 ? send(response, 400, { message: "no" }) : false;
    });
    const ended = await run(["apply", "--yes"], { cwd: folderWith(exports(5)), env: accessTo(live, secrets) });
    expect(ended.code).toBe(4);
    expect(begunMeanwhile).toEqual([0, 0]);
    expect(live.writes()).toHaveLength(5);
    expect(lastLine(ended.stdout)).toContain("4 created");
    expect(live.mostInFlight).toBeGreaterThan(1);
  });
});

describe("--fail-fast", () => {
  const several = Array.from({ length: 3 }, (_, index) =>
    row({ id: `conn_${index}`, provider_type: "s3", name: `export ${index}` }),
  );
  const cwdOfSeveral = () =>
    folderWith({
      "connections/all.yaml": several
        .map(({ name }) => `name: ${name}\nprovider_type: s3\nmetadata: { at: 1 }\n`)
        .join("---\n"),
    });

  it.each<[string, Intercept, number, RegExp]>([
    ["an unknown outcome", ({ method }, response) => method === "PUT" && cut(response), 4, /1 unknown, 2 not started/],
    [
      "an answer that lacks the change",
      ({ method, path }, response) => {
        const id = path.split("/").at(-1);
        return method === "PUT" && send(response, 200, several.find((one) => one.id === id) ?? {});
      },
      4,
      /2 not started, 1 not converged/,
    ],
  ])("stops after %s", async (_what, intercept, code, line) => {
    const live = await service(several, intercept);
    const ended = await run(["apply", "--yes", "--fail-fast", "--parallelism", "1"], {
      cwd: cwdOfSeveral(),
      env: accessTo(live),
    });
    expect(lastLine(ended.stdout)).toMatch(line);
    expect(ended.stdout).toContain("--fail-fast was given");
    expect(ended.code).toBe(code);
  });
});

describe("what the service cannot change", () => {
  it("is left and said, exit 6, while the rest is written without it", async () => {
    const live = await service([
      row({
        id: "conn_e",
        provider_type: "s3",
        name: "E",
        metadata: { team: "old" },
        sync_config: { s3: { bucket: "b", region: "eu", is_flexprice_managed: false } },
      }),
    ]);
    const cwd = folderWith({
      "connections/e.yaml":
        "name: E\nprovider_type: s3\nmetadata: { team: new }\nsync_config: { s3: { bucket: other, region: eu, is_flexprice_managed: true } }\n",
    });
    const ended = await run(["apply", "--yes", "--json"], { cwd, env: accessTo(live) });
    expect(ended.code).toBe(6);
    expect(live.writes().map(({ body }) => unmarked(body))).toEqual([
      {
        metadata: { team: "new" },
        sync_config: { s3: { bucket: "other", region: "eu", is_flexprice_managed: false } },
      },
    ]);
    const problem = documentOf(ended).problems.find(({ code }) => code === "APPLY.BLOCKED");
    expect(problem?.message).toContain("sync_config.s3.is_flexprice_managed");
    const again = await run(["apply", "--yes"], { cwd, env: accessTo(live) });
    expect(again.code).toBe(6);
    expect(again.stdout).not.toContain("what the files say");
    expect(live.writes()).toHaveLength(1);
    expect((await run(["plan", "--detailed-exitcode"], { cwd, env: accessTo(live) })).code).toBe(2);
  });
});

describe("a block that cannot become what the file says", () => {
  it.each([
    ["without region", "{ is_flexprice_managed: true, bucket: b }", {}, 0],
    [
      "with what is there already",
      "{ is_flexprice_managed: true, bucket: b }",
      { s3: { bucket: "a", region: "eu" } },
      1,
    ],
  ])(
    "has its other fields written only where the service takes the block: %s",
    async (_what, block, before, writes) => {
      const live = await service([row({ id: "conn_e", provider_type: "s3", name: "E", sync_config: before })]);
      const cwd = folderWith({ "connections/e.yaml": `name: E\nprovider_type: s3\nsync_config: { s3: ${block} }\n` });
      const ended = await run(["apply", "--yes"], { cwd, env: accessTo(live) });
      expect({ code: ended.code, writes: live.writes().length }).toEqual({ code: 6, writes });
    },
  );

  it("is left whole where the service would refuse the rest of it, and nothing else is held up", async () => {
    const live = await service([
      row({ id: "conn_e", provider_type: "s3", name: "E" }),
      row({ id: "conn_h", provider_type: "hubspot", name: "old" }),
    ]);
    const cwd = folderWith({
      "connections/e.yaml":
        "name: E\nprovider_type: s3\nmetadata: { team: x }\nsync_config: { s3: { is_flexprice_managed: true, compression: gzip } }\n",
      "connections/h.yaml": "name: H\nprovider_type: hubspot\n",
    });
    const ended = await run(["apply", "--yes", "--json"], { cwd, env: accessTo(live) });
    expect(ended.code).toBe(6);
    expect(live.writes().map(({ body }) => unmarked(body))).toEqual([{ name: "H" }, { metadata: { team: "x" } }]);
    const exports = targetOf(ended).changes.find(({ name }) => name === "E");
    expect(exports?.fields.map(({ path, state }) => [path, state])).toEqual([
      ["metadata.team", undefined],
      ["sync_config.s3.compression", "blocked"],
      ["sync_config.s3.is_flexprice_managed", "blocked"],
    ]);
  });
});

describe("an answer that shows another bucket", () => {
  it("is no sign that the exports moved: 7", async () => {
    const before = row({
      id: "conn_e",
      provider_type: "s3",
      name: "E",
      sync_config: { s3: { bucket: "b", region: "eu" } },
    });
    const live = await service([before], ({ method }, response) =>
      method === "PUT" ? send(response, 200, before) : false,
    );
    const cwd = folderWith({
      "connections/e.yaml": "name: E\nprovider_type: s3\nsync_config: { s3: { bucket: other, region: eu } }\n",
    });
    const ended = await run(["apply", "--yes", "--json"], { cwd, env: accessTo(live) });
    expect(ended.code).toBe(7);
    expect(targetOf(ended).changes[0]?.outcome?.differs).toEqual(["sync_config.s3.bucket"]);
  });
});

describe("a block that says nothing", () => {
  it("is not sent with a new connection, for the service refuses it", async () => {
    const live = await service([]);
    const cwd = folderWith({
      "connections/f.yaml": "name: F\nprovider_type: flexprice\nsync_config: { s3: {}, invoice: { outbound: true } }\n",
    });
    const ended = await run(["apply", "--yes"], { cwd, env: accessTo(live) });
    expect(ended.code).toBe(0);
    expect(live.writes()[0]?.body.sync_config).toEqual({ invoice: { outbound: true } });
  });
});

describe("a readable field whose variable is missing", () => {
  const cwd = () =>
    folderWith({
      "connections/e.yaml":
        'name: E\nprovider_type: s3\nmetadata: { team: new }\nsync_config: { s3: { bucket: "${BUCKET}", region: eu } }\n',
    });
  const bare = row({ id: "conn_e", provider_type: "s3", name: "E" });

  it("does not stop a plan, not even where the service demands the field", async () => {
    const live = await service([bare]);
    const ended = await run(["plan"], { cwd: cwd(), env: accessTo(live) });
    expect(ended.code).toBe(0);
    expect(ended.stdout).toContain("unresolved: BUCKET is not set");
    expect(ended.stderr).not.toContain("PLAN.INCOMPLETE_BLOCK");
  });

  it("stops an apply before any write", async () => {
    const live = await service([bare]);
    const ended = await run(["apply", "--yes"], { cwd: cwd(), env: accessTo(live) });
    expect(ended.code).toBe(3);
    expect(ended.stderr).toContain("error[SECRETS.UNSET]");
    expect(live.writes()).toEqual([]);
  });
});

describe("half a plan", () => {
  it("is neither shown nor carried out", async () => {
    const live = await service([
      razorpay,
      row({ id: "conn_1", provider_type: "stripe" }),
      row({ id: "conn_2", provider_type: "stripe" }),
    ]);
    const cwd = folderWith({ ...renamed, "connections/s.yaml": "name: S\nprovider_type: stripe\n" });
    for (const args of [["plan"], ["apply", "--yes"]]) {
      const ended = await run(args, { cwd, env: accessTo(live) });
      expect(ended.code).toBe(1);
      expect(ended.stderr).toContain("error[PLAN.AMBIGUOUS]");
      expect(ended.stdout).toBe("");
    }
    expect(live.writes()).toEqual([]);
  });
});

describe("consent on a terminal", () => {
  it.each([
    ["yes", true, 0],
    ["  yes ", true, 0],
    ["y", true, 6],
    ["Yes", true, 6],
    ["yes please", true, 6],
    ["", true, 6],
    ["yes", false, 6],
  ])("is %j, where one can be asked: %s -> exit %d", async (typed, canAsk, code) => {
    const live = await service([razorpay]);
    const { terminal, shown } = person(typed, folderWith(renamed), accessTo(live), { canAsk });
    expect(await runCommandLine(["apply"], terminal)).toBe(code);
    expect(live.writes()).toHaveLength(code === 0 ? 1 : 0);
    expect(shown.questions).toBe(canAsk ? 1 : 0);
  });
});

describe("a refused PUT", () => {
  const refuse = (status: number, body: unknown, headers?: Record<string, string>): Intercept => {
    return ({ method }, response) => method === "PUT" && send(response, status, body, headers);
  };

  it.each<[string, Intercept, RegExp]>([
    [
      "a path nobody knows is told from a connection that is gone",
      refuse(404, "404 page not found", { "content-type": "text/plain" }),
      /hint: is the base URL right\?/,
    ],
    [
      "a connection that is gone from a path nobody knows",
      refuse(404, { code: "not_found", message: "Connection with ID conn_r was not found", http_status_code: 404 }),
      /hint: it was deleted meanwhile: run plan again\./,
    ],
    [
      "a row that a newer rule refuses has a way out",
      refuse(500, { code: "database_error", message: "Failed to update connection", http_status_code: 500 }),
      /hint: run again; if it stays, .* declare that part in the file, turned off\./,
    ],
    [
      "a failure without a code has none",
      refuse(500, { message: "it broke" }),
      /hint: run again; if it stays, ask whoever runs the service\./,
    ],
  ])("%s", async (_what, intercept, hint) => {
    const live = await service([razorpay], intercept);
    const ended = await run(["apply", "--yes"], { cwd: folderWith(renamed), env: accessTo(live) });
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(hint);
    expect(ended.stderr.match(/Request id: /g)).toHaveLength(1);
    expect(ended.stderr).toMatch(/hint: .* Request id: \S+\.\n/);
  });
});

describe("an environment that only the first write shows", () => {
  it("is in doubt before it and no longer after it", async () => {
    const cwd = folderWith({ "connections/f.yaml": "name: F\nprovider_type: flexprice\n" });
    const live = await service([]);
    expect((await run(["plan"], { cwd, env: accessTo(live) })).stderr).toContain("FETCH.ENVIRONMENT_UNCONFIRMED");
    const applied = await run(["apply", "--yes", "--json"], { cwd, env: accessTo(live) });
    expect(applied.code).toBe(0);
    expect(applied.stderr).not.toContain("FETCH.ENVIRONMENT_UNCONFIRMED");
    expect(JSON.parse(applied.stdout).targets[0]).toMatchObject({
      environment_id: ENVIRONMENT,
      environment_confirmed: true,
    });
  });

  it("stays in doubt when nothing was written", async () => {
    const cwd = folderWith({ "connections/f.yaml": "name: F\nprovider_type: flexprice\n" });
    const failed = { code: "database_error", message: "Failed to create connection", http_status_code: 500 };
    const live = await service([], ({ method }, response) => method === "POST" && send(response, 500, failed));
    const applied = await run(["apply", "--yes"], { cwd, env: accessTo(live) });
    expect(applied.code).toBe(1);
    expect(applied.stderr).toContain("FETCH.ENVIRONMENT_UNCONFIRMED");
    expect(applied.stderr).not.toContain("no longer takes");
  });
});
