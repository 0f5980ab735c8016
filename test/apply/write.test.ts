import { describe, expect, it } from "vitest";
import {
  answeredOrFault,
  answeredOrHalted,
  failed,
  Halted,
  judged,
  judgedLater,
  LOOK_AGAIN,
  notBegun,
  notShownThere,
  notWritten,
  otherThan,
  PLAN_AGAIN,
  sentOf,
  unknown,
  type Way,
} from "../../src/apply/write.js";
import type { Observed } from "../../src/model/connection.js";
import type { SecretChange } from "../../src/model/plan.js";
import { Bug, error } from "../../src/model/problem.js";
import { Secret } from "../../src/model/secret.js";
import { ServiceError } from "../../src/model/service-error.js";
import { catalogue, json, observed, oneDesired } from "../support/steps.js";

const row = observed({ id: "conn_1", providerType: "stripe", name: "S" });
const expected = { id: "conn_1", providerType: "stripe", environmentId: "env_test" };

function fault(more: Partial<ConstructorParameters<typeof ServiceError>[1]> = {}): ServiceError {
  return new ServiceError("it says no", {
    code: "SERVICE.REJECTED",
    delivery: "answered",
    attempts: 2,
    requestId: "r",
    ...more,
  });
}

describe("an answer is about another connection than the expected one", () => {
  it.each<[string, Partial<Observed>, string]>([
    ["by its id", { id: "conn_2" }, "conn_2 (stripe) in env_test"],
    ["by its provider", { providerType: "s3" }, "conn_1 (s3) in env_test"],
    [
      "by its provider, which is a text of the service",
      { providerType: "canary" },
      "conn_1 (of an unknown provider) in env_test",
    ],
    ["by its environment", { environmentId: "env_prod" }, "conn_1 (stripe) in env_prod"],
    ["for it is archived", { isLive: false }, "conn_1 (stripe, not live) in env_test"],
    [
      "for it is archived and shows nothing",
      { isLive: false, environmentId: null },
      "conn_1 (stripe, not live) in no environment",
    ],
  ])("%s", (_how, facts, words) => {
    expect(otherThan(expected, { ...row, ...facts }, catalogue)).toBe(words);
  });

  it("but not where nobody knows an id or an environment, or the answer shows none", () => {
    expect(otherThan(expected, row, catalogue)).toBeUndefined();
    expect(otherThan(expected, { ...row, environmentId: null }, catalogue)).toBeUndefined();
    expect(
      otherThan({ ...expected, environmentId: null }, { ...row, environmentId: "env_prod" }, catalogue),
    ).toBeUndefined();
    expect(
      otherThan({ providerType: "stripe", environmentId: "env_test" }, { ...row, id: "conn_9" }, catalogue),
    ).toBeUndefined();
  });
});

describe("a connection that is to be archived", () => {
  const way = (id: string | null) => ({ environment: { id, isProven: true } }) as Way;

  it("has to show the environment that is meant, where one is", () => {
    expect(notShownThere(row, way("env_test"))).toBeUndefined();
    expect(notShownThere({ ...row, environmentId: null }, way(null))).toBeUndefined();
    for (const environmentId of ["env_prod", null])
      expect(notShownThere({ ...row, environmentId }, way("env_test"))).toEqual({
        outcome: {
          status: "failed",
          attempts: 0,
          wrote: false,
          code: "APPLY.WRONG_ENVIRONMENT",
          message: "nothing shows that conn_1 is in env_test, so it was not archived",
          hint: "the service shows no environment for it, so nothing tells whether it is the right one: ask whoever runs the service.",
        },
        mayBeDone: false,
      });
  });
});

describe("the judgement of an answer", () => {
  const answer = (value: Observed) => ({ value, attempts: 3, requestId: "r" });
  const answered = (value: Observed) => ({ ...answer(value), httpStatus: 200 });
  const look = "run plan to see what it has now; another writer or an older service may be at work.";

  it("is what was to be done where the answer shows all that was asked", () => {
    const wish = { name: "S" };
    expect(judged("updated", wish, answered(row), expected, catalogue)).toEqual({
      outcome: { status: "updated", attempts: 3, requestId: "r", wrote: true, httpStatus: 200 },
      answer: row,
      wish,
      mayBeDone: false,
    });
    const read = judged("created", wish, answer(row), expected, catalogue);
    expect(read.outcome).toStrictEqual({ status: "created", attempts: 3, requestId: "r", wrote: true });
  });

  it("names what the answer does not show", () => {
    const wish = { name: "T", metadata: json({ team: "a" }) };
    const { outcome, ...more } = judged("updated", wish, answered(row), expected, catalogue);
    expect(outcome).toEqual({
      status: "not-converged",
      attempts: 3,
      requestId: "r",
      wrote: true,
      httpStatus: 200,
      differs: ["name", "metadata.team"],
      message: "the service answered 200, but does not show what was asked: name, metadata.team",
      hint: look,
    });
    expect(more).toEqual({ answer: row, wish, mayBeDone: false });
    expect(judged("updated", wish, answer(row), expected, catalogue).outcome.message).toBe(
      "the service does not show what was asked: name, metadata.team",
    );
  });

  it("names our own mark only where nothing else is missing", () => {
    const marked = json({ flexprice_sync: "{}" });
    const differing = (wish: Parameters<typeof judged>[1]) =>
      judged("updated", wish, answered(row), expected, catalogue).outcome.differs;
    expect(differing({ metadata: marked })).toEqual(["metadata.flexprice_sync"]);
    expect(differing({ metadata: json({ ...marked, team: "a" }) })).toEqual(["metadata.team"]);
  });

  it("of an answer about another connection looks no further", () => {
    const other = { ...row, id: "conn_2" };
    const { outcome, ...more } = judged("updated", { name: "T" }, answered(other), expected, catalogue);
    expect(outcome).toEqual({
      status: "not-converged",
      attempts: 3,
      requestId: "r",
      wrote: true,
      httpStatus: 200,
      message: "the service answered 200, but about conn_2 (stripe) in env_test",
      hint: look,
    });
    expect(more).toEqual({ answer: other, mayBeDone: false });
    expect(judged("updated", {}, answer(other), expected, catalogue).outcome.message).toBe(
      "the service tells of conn_2 (stripe) in env_test",
    );
  });
});

describe("the judgement of a later look", () => {
  const outcome = { status: "updated", attempts: 1, wrote: true } as const;
  const written = { outcome, answer: row, wish: { name: "S", metadata: json({ a: 1, b: 2 }) }, mayBeDone: false };

  it("is that it stayed, or what of it is gone", () => {
    const stayed = { ...row, metadata: json({ a: 1, b: 2 }) };
    expect(judgedLater(written, stayed, catalogue)).toBe(outcome);
    expect(judgedLater({ outcome, mayBeDone: false }, row, catalogue)).toBe(outcome);
    expect(judgedLater(written, row, catalogue)).toEqual({
      ...outcome,
      status: "not-converged",
      differs: ["metadata.a", "metadata.b"],
      message: "it was written, and a moment later the service did not show it any more: metadata.a, metadata.b",
      hint: "the service rewrites such connections itself, from what it read before; run apply again.",
    });
  });

  it("is left open where the row cannot be read", () => {
    expect(judgedLater(written, fault(), catalogue)).toEqual({
      ...outcome,
      unseen: "it could not be read again afterwards: it says no",
    });
  });
});

describe("a change that is not written", () => {
  it("has failed for a reason, and has a next step where there is one", () => {
    const facts = { status: "failed", attempts: 0, wrote: false, code: "APPLY.ROW_MOVED", message: "it moved" };
    expect(notWritten("APPLY.ROW_MOVED", "it moved", PLAN_AGAIN)).toEqual({
      outcome: { ...facts, hint: "run plan again to see what is there now." },
      mayBeDone: false,
    });
    expect(notWritten("APPLY.ROW_MOVED", "it moved", undefined)).toStrictEqual({ outcome: facts, mayBeDone: false });
  });

  it("is not begun where the rows could not be read", () => {
    const problem = error("SERVICE.FAILED", "the list is away.", { hint: "ask." });
    expect(notBegun(problem)).toEqual({
      outcome: {
        status: "not-started",
        attempts: 0,
        wrote: false,
        code: "SERVICE.FAILED",
        message: "the list is away.",
        hint: "ask.",
      },
      mayBeDone: false,
    });
  });

  it("is halted by an error that says why", () => {
    const written = notWritten("APPLY.ROW_MOVED", "it moved", undefined);
    const halted = new Halted(written);
    expect([halted.name, halted.message, halted.written]).toEqual(["Halted", "it moved", written]);
  });
});

describe("a refused request", () => {
  it("has failed with what is known of it, and was not begun where it was never sent", () => {
    expect(failed(fault({ httpStatus: 400, hint: "ask." }))).toEqual({
      status: "failed",
      attempts: 2,
      requestId: "r",
      wrote: false,
      code: "SERVICE.REJECTED",
      httpStatus: 400,
      hint: "ask.",
      message: "it says no",
    });
    expect(failed(fault({ attempts: 0 }))).toStrictEqual({
      status: "not-started",
      attempts: 0,
      requestId: "r",
      wrote: false,
      code: "SERVICE.REJECTED",
      message: "it says no",
    });
  });

  it("of which nobody knows is to be looked at", () => {
    expect(unknown(fault({ hint: "ask." }), "it may be there")).toMatchObject({
      status: "unknown",
      message: "it may be there: it says no",
      hint: LOOK_AGAIN,
    });
    expect(LOOK_AGAIN).toBe("run plan to see what the service has now; running apply again is safe.");
  });

  it("is given back; what is no fault of the service goes on", async () => {
    const [refusal, halted, bug] = [fault(), new Halted(notBegun(error("SERVICE.FAILED", "x."))), new Error("a bug")];
    const failing = (cause: Error) => () => Promise.reject(cause);
    expect(await answeredOrFault(async () => 1)).toBe(1);
    expect(await answeredOrFault(failing(refusal))).toBe(refusal);
    await expect(answeredOrFault(failing(halted))).rejects.toBe(halted);
    expect(await answeredOrHalted(async () => 1)).toBe(1);
    expect(await answeredOrHalted(failing(refusal))).toBe(refusal);
    expect(await answeredOrHalted(failing(halted))).toBe(halted);
    await expect(answeredOrHalted(failing(bug))).rejects.toBe(bug);
  });
});

describe("the credentials that a write takes along", () => {
  const text =
    'name: C\nprovider_type: chargebee\nencrypted_secret_data: { site: acme, api_key: "${K}", webhook_username: "${U}", webhook_password: "${U}" }\n';
  const path = (field: string) => `encrypted_secret_data.chargebee.${field}`;
  const sends = (field: string, isSent = true): SecretChange => ({
    path: path(field),
    state: "new",
    isSent,
    isRecorded: false,
  });

  it("are those that it sends, secret or written out, in the definition's order", () => {
    const desired = oneDesired(text, { K: "k", U: "u" });
    const sent = sentOf([sends("api_key"), sends("site"), sends("webhook_username", false)], desired);
    expect(sent.map(({ field, value }) => [field, value instanceof Secret ? "secret" : value])).toEqual([
      ["site", "acme"],
      ["api_key", "secret"],
    ]);
  });

  it("have a value: without one there is nothing to send", () => {
    const desired = oneDesired(text, { K: "k" });
    expect(() => sentOf([sends("webhook_username")], desired)).toThrow(
      new Bug(`${path("webhook_username")} was to be sent without a value`),
    );
  });
});
