import { describe, expect, it } from "vitest";
import type { Attempted } from "../../src/api/faults.js";
import type { HttpAnswer, HttpRequest } from "../../src/api/http.js";
import { HttpFault } from "../../src/api/http-fault.js";
import { Pace } from "../../src/api/pace.js";
import { LONGEST_WAIT_MS, MOST_TRIES } from "../../src/api/retry.js";
import { type BodyOf, type Call, type EarlierTries, Sender } from "../../src/api/sender.js";
import type { WireEvent } from "../../src/api/wire-event.js";
import type { Interrupt } from "../../src/model/interrupt.js";

type Reply = HttpAnswer | HttpFault | Error;

interface Sent extends HttpRequest {
  readonly atMs: number;
}

/** A sender in a world whose clock moves only when somebody waits, and while a request is under way. */
function world({
  deadlineAtMs,
  random = 0,
  mostAtOnce = 8,
}: {
  readonly deadlineAtMs?: number;
  readonly random?: number;
  readonly mostAtOnce?: number;
} = {}) {
  const stop = new AbortController();
  const breakOff = new AbortController();
  const interrupt: Interrupt = { stop: stop.signal, breakOff: breakOff.signal };
  const state = {
    nowMs: 1_000,
    takesMs: 10,
    /** One for each request; the last one again and again. */
    replies: [ok] as Reply[],
    /** Called when a request was sent. */
    onSent: () => {},
  };
  let glances = 0;
  const sent: Sent[] = [];
  const waits: number[] = [];
  const pausedWith: (AbortSignal | undefined)[] = [];
  const events: WireEvent[] = [];
  const pace = new Pace(mostAtOnce);
  const parts = {
    clock: {
      nowMs() {
        glances += 1;
        if (glances > 2_000) throw new Error("it goes round and round");
        return state.nowMs;
      },
      async pause(ms: number, signal?: AbortSignal) {
        waits.push(ms);
        pausedWith.push(signal);
        state.nowMs += ms;
      },
    },
    async send(request: HttpRequest) {
      const reply = state.replies[Math.min(sent.length, state.replies.length - 1)] ?? ok;
      sent.push({ ...request, atMs: state.nowMs });
      state.nowMs += state.takesMs;
      state.onSent();
      if (reply instanceof Error) throw reply;
      return reply;
    },
    random: () => random,
    interrupt,
    onEvent: (event: WireEvent) => events.push(event),
  };
  const sender = new Sender(
    { ...parts, ...(deadlineAtMs === undefined ? {} : { deadlineAtMs }) },
    pace,
    (text) => `<${text}>`,
  );
  const ask = async (method: HttpRequest["method"], more: Partial<Call> = {}) => {
    const path = "/v1/connections";
    const attempted: Attempted = {
      method,
      url: `http://host${path}`,
      requestId: "request-1",
      attempts: 0,
      isLost: false,
      isDoubtful: false,
    };
    const result = await sender.answer({ method, path, ...more }, { method, path, headers: { a: "b" } }, attempted);
    return { result, attempted };
  };
  return { state, sent, waits, pausedWith, events, pace, stop, breakOff, ask };
}

function answer(status: number, more: Partial<HttpAnswer> = {}): HttpAnswer {
  const text = status < 400 ? "{}" : '{"error":{"message":"no"}}';
  return { status, contentType: "application/json", contentEncoding: "", text, ...more };
}

const ok = answer(200);
const limited = answer(429, { retryAfter: "2" });
const lost = new HttpFault("cut-off", "unknown", "the answer broke off");
const unsent = new HttpFault("unreachable", "not-sent", "nobody is there");

const allMethods = ["GET", "PUT", "DELETE", "POST"] as const;

/** How often each method is sent when it is always answered so. */
async function triesOf(reply: Reply): Promise<Readonly<Record<string, number>>> {
  const tries: Record<string, number> = {};
  for (const method of allMethods) {
    const { state, sent, ask } = world();
    state.replies = [reply];
    expect((await ask(method)).result).toBe(reply);
    tries[method] = sent.length;
  }
  return tries;
}

describe("a request that is answered", () => {
  it("is sent once, with what the call says and how the way to it went", async () => {
    const { state, sent, waits, events, ask } = world();
    state.nowMs = 5_000;
    const { result, attempted } = await ask("PUT", { bodyOf: async () => '{"name":"n","metadata":{}}' });
    expect(result).toBe(ok);
    expect(attempted).toMatchObject({
      attempts: 1,
      isLost: false,
      isDoubtful: false,
      sentAtMs: 5_000,
      halfwayMs: 5_005,
    });
    expect(attempted.isCutShort).toBeUndefined();
    expect(sent).toMatchObject([{ method: "PUT", path: "/v1/connections", headers: { a: "b" }, atMs: 5_000 }]);
    expect(sent[0]?.body).toBe('{"name":"n","metadata":{}}');
    expect(waits).toEqual([]);
    const about = { method: "PUT", url: "http://host/v1/connections", attempt: 1, requestId: "request-1" };
    expect(events).toEqual([
      { kind: "sent", ...about, bodyKeys: ["name", "metadata"] },
      { kind: "answered", ...about, status: 200, contentType: "<application/json>", characters: 2, ms: 10 },
    ]);
  });

  it("has no body where there is none to send, and an answer may have no text", async () => {
    const { state, sent, events, ask } = world();
    const { text: _text, ...bare } = answer(204);
    state.replies = [bare];
    await ask("DELETE", { bodyOf: async () => undefined });
    expect(sent[0]).not.toHaveProperty("body");
    expect(events).toMatchObject([
      { kind: "sent", bodyKeys: [] },
      { kind: "answered", characters: 0 },
    ]);
  });

  it("is not sent again, whatever it says, but where a gateway or a limit speaks", async () => {
    for (const status of [200, 301, 400, 401, 403, 404, 409, 500, 501]) {
      expect([status, await triesOf(answer(status))]).toEqual([status, { GET: 1, PUT: 1, DELETE: 1, POST: 1 }]);
    }
  });
});

describe("a create", () => {
  it("is not sent again after any answer that leaves open whether it was done", async () => {
    for (const status of [502, 503, 504])
      expect(await triesOf(answer(status))).toEqual({ GET: MOST_TRIES, PUT: MOST_TRIES, DELETE: MOST_TRIES, POST: 1 });
  });

  it("is not sent again when its answer is lost, and is when it was never sent", async () => {
    expect(await triesOf(lost)).toEqual({ GET: MOST_TRIES, PUT: MOST_TRIES, DELETE: MOST_TRIES, POST: 1 });
    expect(await triesOf(unsent)).toEqual({ GET: MOST_TRIES, PUT: MOST_TRIES, DELETE: MOST_TRIES, POST: MOST_TRIES });
  });

  it("is sent again when it was limited with 429, and not with a 503 that asks for a rest", async () => {
    expect((await triesOf(limited))["POST"]).toBe(MOST_TRIES);
    const away = answer(503, { retryAfter: "1" });
    expect(await triesOf(away)).toEqual({ GET: MOST_TRIES, PUT: MOST_TRIES, DELETE: MOST_TRIES, POST: 1 });
  });
});

describe("faults that another try meets again", () => {
  it.each(["too-large", "deadline", "stopped", "limited", "untrusted"] as const)("%s: one try", async (kind) => {
    const tries = await triesOf(new HttpFault(kind, "not-sent", "x"));
    expect(tries).toEqual({ GET: 1, PUT: 1, DELETE: 1, POST: 1 });
  });

  it("a proxy that refuses: by what it answers", async () => {
    const refused = (proxyStatus: number) => new HttpFault("proxy", "not-sent", "x", { proxyStatus });
    expect((await triesOf(refused(407)))["GET"]).toBe(1);
    expect((await triesOf(refused(503)))["GET"]).toBe(MOST_TRIES);
  });
});

describe("what a fault is that is none of the network", () => {
  it("goes on to whoever asked", async () => {
    const { state, ask } = world();
    const bug = new Error("a bug");
    state.replies = [bug];
    await expect(ask("GET")).rejects.toBe(bug);
  });
});

describe("waiting for another try", () => {
  it("grows, is told, and is no rest of the others", async () => {
    const { state, waits, pausedWith, events, pace, stop, ask } = world({ random: 0.5 });
    state.replies = [lost, answer(502), ok];
    const { result, attempted } = await ask("GET");
    expect([result, attempted.attempts, waits]).toEqual([ok, 3, [125, 250]]);
    expect(pausedWith).toEqual([stop.signal, stop.signal]);
    const about = { kind: "waiting", method: "GET", url: "http://host/v1/connections", requestId: "request-1" };
    expect(events.filter(({ kind }) => kind === "waiting")).toEqual([
      { ...about, waitMs: 125, attempt: 1, reason: "<the answer broke off>" },
      { ...about, waitMs: 250, attempt: 2, reason: "answered 502" },
    ]);
    expect(events.filter(({ kind }) => kind === "failed")).toMatchObject([
      { attempt: 1, reason: "<the answer broke off>", ms: 10, requestId: "request-1" },
    ]);
    expect([pace.closings, pace.answers]).toEqual([0, 1]);
  });

  it("counts faults and gateways' answers together", async () => {
    const { state, sent, ask } = world();
    state.replies = [lost, answer(502), lost, answer(504), ok];
    await ask("PUT");
    expect(sent).toHaveLength(MOST_TRIES);
  });

  it("takes a gateway at its word, up to a minute", async () => {
    const { state, waits, sent, ask } = world();
    state.replies = [answer(502, { retryAfter: "7" }), ok];
    await ask("GET");
    expect(waits).toEqual([7_000]);
    state.replies = [answer(502, { retryAfter: "61" })];
    sent.length = 0;
    await ask("GET");
    expect(sent).toHaveLength(1);
  });

  it("has an end at the deadline: the last answer stays, and that it is why", async () => {
    const { state, sent, waits, events, ask } = world({ deadlineAtMs: 3_010, random: 0 });
    state.replies = [answer(502, { retryAfter: "2" })];
    const { result, attempted } = await ask("GET");
    expect([result, attempted.isCutShort, sent.length, waits]).toEqual([state.replies[0], true, 1, []]);
    expect(events.map(({ kind }) => kind)).toEqual(["sent", "answered"]);

    const other = world({ deadlineAtMs: 3_011, random: 0 });
    other.state.replies = [answer(502, { retryAfter: "2" }), ok];
    expect((await other.ask("GET")).attempted).toMatchObject({ attempts: 2 });
  });

  it("is not begun by a run that is told to end", async () => {
    for (const signal of ["stop", "breakOff"] as const) {
      const { state, sent, events, ask, ...signals } = world();
      state.replies = [lost, ok];
      state.onSent = () => signals[signal].abort();
      const { result } = await ask("PUT");
      expect([result, sent.length]).toEqual([lost, 1]);
      if (signal === "stop") expect(events.map(({ kind }) => kind)).toEqual(["sent", "failed"]);
    }
  });

  it("that the end of a run cuts short leaves what the last try gave", async () => {
    const { state, sent, pausedWith, events, stop, ask } = world();
    state.replies = [lost, ok];
    const stopping = events.push.bind(events);
    events.push = (...all) => {
      if (all[0]?.kind === "waiting") stop.abort();
      return stopping(...all);
    };
    expect([(await ask("PUT")).result, sent.length]).toEqual([lost, 1]);
    expect(pausedWith).toEqual([stop.signal]);
  });
});

describe("a host that asks for fewer requests", () => {
  it("is left alone by all as long as it says, and a little longer by chance", async () => {
    const { state, sent, waits, events, pace, ask } = world({ random: 0.5 });
    state.replies = [limited, ok];
    const { attempted } = await ask("PUT");
    // It says 2 s; whoever waits adds up to a quarter of one.
    expect([sent.map(({ atMs }) => atMs), waits]).toEqual([[1_000, 3_135], [2_125]]);
    expect(attempted.attempts).toBe(2);
    expect(events.filter(({ kind }) => kind === "waiting")).toMatchObject([
      { waitMs: 2_125, attempt: 1, reason: "answered 429" },
    ]);
    expect([pace.width, pace.answers]).toEqual([4, 1]);
  });

  it("and does not say how long gets a rest that grows each time", async () => {
    const { state, waits, ask } = world();
    state.replies = [answer(429), answer(429), answer(429), ok];
    expect((await ask("GET")).result).toBe(ok);
    expect(waits).toEqual([500, 1_000, 2_000]);
  });

  it("and has asked others for it before gets a longer rest from the first time on", async () => {
    const { state, waits, pace, ask } = world();
    pace.rest(500, 500, 0);
    pace.rest(600, 600, 0);
    state.replies = [answer(429), ok];
    await ask("GET");
    expect(waits).toEqual([2_000]);
  });

  it("and answers others is asked more often than one that answers nobody, and not for ever", async () => {
    const { state, sent, pace, ask } = world();
    state.replies = [answer(429)];
    state.onSent = () => pace.answered(state.nowMs, true);
    const { result, attempted } = await ask("POST");
    expect([result, sent.length, attempted.attempts]).toEqual([state.replies[0], 20, 20]);

    const silent = world();
    silent.state.replies = [answer(429)];
    await silent.ask("POST");
    expect(silent.sent).toHaveLength(MOST_TRIES);
  });

  it("and answers others now and then is given up after as many limits in a row as any", async () => {
    const { state, sent, pace, ask } = world();
    state.replies = [answer(429)];
    state.onSent = () => {
      if (sent.length === 3) pace.answered(state.nowMs, true);
    };
    await ask("GET");
    // Two, then somebody is answered, then four with that one.
    expect(sent).toHaveLength(2 + MOST_TRIES);
  });

  it("for longer than anybody waits ends what waits and what comes, with words for it", async () => {
    const { state, sent, waits, ask } = world();
    state.replies = [answer(429, { retryAfter: "61" })];
    expect((await ask("PUT")).result).toBe(state.replies[0]);
    const { result, attempted } = await ask("GET");
    expect(result).toMatchObject({ kind: "limited", delivery: "not-sent" });
    expect((result as HttpFault).message).toBe("the service asks to wait 61 s; at most 60 s are waited");
    expect([attempted.attempts, sent.length, waits]).toEqual([0, 1, []]);
  });

  it("for as long as is waited just so is waited for", async () => {
    const { pace, state, waits, sent, ask } = world();
    pace.rest(state.nowMs, state.nowMs, LONGEST_WAIT_MS);
    expect((await ask("GET")).result).toBe(ok);
    expect([waits, sent.length]).toEqual([[LONGEST_WAIT_MS], 1]);
  });

  it("is waited for before the first try, too, with a spread of its own", async () => {
    const { state, sent, waits, pausedWith, pace, stop, ask } = world({ random: 0.5 });
    pace.rest(state.nowMs, state.nowMs, 300);
    await ask("GET");
    expect([waits, sent.map(({ atMs }) => atMs), pausedWith]).toEqual([[425], [1_425], [stop.signal]]);
  });

  it("while others rest longer is waited for that long, and that is told", async () => {
    const { state, waits, events, pace, ask } = world();
    state.replies = [lost, ok];
    state.onSent = () => pace.rest(state.nowMs, state.nowMs, 5_000);
    await ask("GET");
    expect(waits).toEqual([5_000]);
    expect(events.filter(({ kind }) => kind === "waiting")).toMatchObject([{ waitMs: 5_000 }]);
  });

  it("does so until an answer comes that is worth no other try", async () => {
    const { state, pace, ask } = world();
    pace.rest(0, 0, 0);
    for (const [status, closings] of [
      [502, 1],
      [404, 0],
    ] as const) {
      state.replies = [answer(status)];
      await ask("POST");
      expect([status, pace.closings]).toEqual([status, closings]);
    }
  });

  it("and answers what was sent before that is still at rest", async () => {
    const { state, pace, ask } = world();
    state.onSent = () => pace.rest(state.nowMs - 5, state.nowMs - 5, 0);
    await ask("GET");
    expect([pace.closings, pace.answers]).toEqual([1, 1]);
  });

  it("gets on only by answers to what is asked for its own sake", async () => {
    const { pace, ask } = world();
    await ask("GET", { isNested: true });
    expect(pace.answers).toBe(0);
    await ask("GET");
    expect(pace.answers).toBe(1);
  });
});

describe("the turn of a request", () => {
  it("is taken among those of others, but within that of another one", async () => {
    const { pace, sent, ask } = world({ mostAtOnce: 1 });
    let end = () => {};
    const held = pace.turn(() => new Promise<void>((resolve) => (end = resolve)));
    await ask("GET", { isNested: true });
    expect(sent).toHaveLength(1);
    const waiting = ask("GET");
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(sent).toHaveLength(1);
    end();
    await Promise.all([held, waiting]);
    expect(sent).toHaveLength(2);
  });
});

describe("the body of a try", () => {
  it("is made for each, and knows what became of those before", async () => {
    const { state, sent, ask } = world();
    const seen: EarlierTries[] = [];
    const bodyOf: BodyOf = async (earlier) => {
      seen.push(earlier);
      return JSON.stringify({ try: earlier.count });
    };
    state.replies = [unsent, answer(503), lost, ok];
    await ask("PUT", { bodyOf });
    expect(seen).toEqual([
      { count: 0, mayBeDone: false },
      { count: 1, mayBeDone: false },
      { count: 2, mayBeDone: false },
      { count: 3, mayBeDone: true },
    ]);
    expect(sent.map(({ body }) => body)).toEqual(['{"try":0}', '{"try":1}', '{"try":2}', '{"try":3}']);
  });

  it("knows of a gateway that gave up on the service", async () => {
    const { state, ask } = world();
    const seen: boolean[] = [];
    state.replies = [answer(504), ok];
    const { attempted } = await ask("PUT", {
      bodyOf: async ({ mayBeDone }) => {
        seen.push(mayBeDone);
        return undefined;
      },
    });
    expect([seen, attempted.isDoubtful, attempted.isLost]).toEqual([[false, true], true, false]);
  });

  it("is made again when the host asks for a rest meanwhile", async () => {
    const { state, sent, waits, pace, ask } = world();
    let made = 0;
    await ask("PUT", {
      bodyOf: async () => {
        made += 1;
        if (made === 1) pace.rest(state.nowMs, state.nowMs, 400);
        return `{"made":${made}}`;
      },
    });
    expect([waits, sent.map(({ body }) => body)]).toEqual([[400], ['{"made":2}']]);
  });

  it("is not sent when the run is told to end meanwhile", async () => {
    const { sent, stop, ask } = world();
    const { result, attempted } = await ask("PUT", {
      bodyOf: async () => {
        stop.abort("terminated");
        return "{}";
      },
    });
    expect(result).toMatchObject({ kind: "stopped", delivery: "not-sent", message: "the run was terminated" });
    expect([sent, attempted.attempts]).toEqual([[], 0]);
  });

  it("that grew old on the way to the service was not sent: that try does not count", async () => {
    const { state, sent, ask } = world();
    state.replies = [new HttpFault("stale", "not-sent", "too old"), ok];
    const { attempted } = await ask("PUT");
    expect([sent.length, attempted.attempts, attempted.isLost]).toEqual([2, 1, false]);
  });
});

describe("what a request is sent with", () => {
  const later = () => world({ deadlineAtMs: 9_000 });

  it("a read ends with the run and at its deadline; a write and the second half of something come to their end", async () => {
    for (const [method, isSequel, isRead] of [
      ["GET", false, true],
      ["GET", true, false],
      ["PUT", false, false],
      ["POST", false, false],
      ["DELETE", false, false],
    ] as const) {
      const { sent, stop, breakOff, ask } = later();
      await ask(method, { isSequel });
      expect(sent[0]?.signal).toBe(isRead ? stop.signal : breakOff.signal);
      expect(sent[0]?.timeoutMs).toBe(isRead ? 8_000 : undefined);
    }
  });

  it("a read has as long as it takes where there is no deadline, and a moment where it is near", async () => {
    const free = world();
    await free.ask("GET");
    expect(free.sent[0]).not.toHaveProperty("timeoutMs");
    const near = world({ deadlineAtMs: 1_000.5 });
    await near.ask("GET");
    expect(near.sent[0]?.timeoutMs).toBe(1);
  });

  it("only what changes a row can grow old: when it waits for a connection for more than a second", async () => {
    for (const [method, canGrowOld] of [
      ["PUT", true],
      ["DELETE", true],
      ["POST", false],
      ["GET", false],
    ] as const) {
      const { state, sent, ask } = world();
      const ages: (boolean | undefined)[] = [];
      state.onSent = () => {
        for (const afterMs of [1_000, 1_001]) {
          state.nowMs = 1_000 + afterMs;
          ages.push(sent[0]?.isStale?.());
        }
      };
      await ask(method);
      expect([method, ages]).toEqual([method, canGrowOld ? [false, true] : [undefined, undefined]]);
    }
  });
});

describe("the deadline of a run", () => {
  it("lets nothing begin from then on", async () => {
    for (const [deadlineAtMs, tries] of [
      [1_001, 1],
      [1_000, 0],
    ] as const) {
      const { sent, ask } = world({ deadlineAtMs });
      const { result } = await ask("PUT");
      expect(sent).toHaveLength(tries);
      if (tries === 0)
        expect(result).toMatchObject({
          kind: "deadline",
          delivery: "not-sent",
          message: "the deadline of the run has passed",
        });
    }
  });

  it("lets nothing wait for a host that rests beyond it", async () => {
    const { state, sent, waits, pace, ask } = world({ deadlineAtMs: 2_000 });
    pace.rest(state.nowMs, state.nowMs, 1_000);
    expect((await ask("GET")).result).toMatchObject({ kind: "deadline" });
    expect([sent, waits]).toEqual([[], []]);
  });

  it("lets the second half of something go on: it waits five seconds more for a host that rests", async () => {
    for (const [deadlineAtMs, restMs, tries] of [
      [500, 5_000, 1],
      [500, 5_001, 0],
      [1_400, 5_400, 1],
      [1_400, 5_401, 0],
    ] as const) {
      const { state, sent, pace, ask } = world({ deadlineAtMs });
      pace.rest(state.nowMs, state.nowMs, restMs);
      await ask("GET", { isSequel: true });
      expect([deadlineAtMs, restMs, sent.length]).toEqual([deadlineAtMs, restMs, tries]);
    }
  });

  it("is why a read ran out of time that had as long as was left, and no other", async () => {
    const timeout = new HttpFault("timeout", "unknown", "no answer");
    const resultOf = async (method: "GET" | "PUT", takesMs: number, reply: HttpFault) => {
      // By chance it would wait 125 ms for another try, which is more than is left.
      const { state, ask } = world({ deadlineAtMs: 2_000, random: 0.5 });
      state.takesMs = takesMs;
      state.replies = [reply];
      return (await ask(method)).result;
    };
    const late = await resultOf("GET", 1_000, timeout);
    expect(late).toMatchObject({ kind: "deadline", delivery: "unknown", cause: timeout });
    expect((late as HttpFault).message).toBe("the deadline of the run has passed");
    expect(await resultOf("GET", 999, timeout)).toBe(timeout);
    expect(await resultOf("PUT", 1_000, timeout)).toBe(timeout);
    expect(await resultOf("GET", 1_000, lost)).toBe(lost);
  });
});

describe("a run that is told to end", () => {
  it("begins nothing more, and says how it was told", async () => {
    for (const [reason, message] of [
      ["terminated", "the run was terminated"],
      ["interrupted", "the run was interrupted"],
    ] as const) {
      const { sent, stop, ask } = world();
      stop.abort(reason);
      const { result } = await ask("GET");
      expect(result).toMatchObject({ kind: "stopped", delivery: "not-sent", message });
      expect(sent).toEqual([]);
    }
  });

  it("does not repeat the second half of something that waited for another try when it was told", async () => {
    const { state, sent, events, stop, ask } = world();
    state.replies = [lost, ok];
    const push = events.push.bind(events);
    events.push = (...all) => {
      if (all[0]?.kind === "waiting") stop.abort();
      return push(...all);
    };
    expect([(await ask("GET", { isSequel: true })).result, sent.length]).toEqual([lost, 1]);
  });

  it("still sends the second half of something, once", async () => {
    const { state, sent, waits, stop, ask } = world();
    stop.abort("interrupted");
    state.replies = [answer(502), ok];
    expect((await ask("GET", { isSequel: true })).result).toBe(state.replies[0]);
    expect([sent.length, waits]).toEqual([1, []]);
  });

  it("sends nothing, not even that, once all is to be broken off", async () => {
    const { sent, breakOff, ask } = world();
    breakOff.abort();
    expect((await ask("PUT", { isSequel: true })).result).toMatchObject({ kind: "stopped", delivery: "not-sent" });
    expect(sent).toEqual([]);
  });

  it("lets the second half of something wait until all is to be broken off", async () => {
    const { state, pausedWith, pace, breakOff, ask } = world();
    pace.rest(state.nowMs, state.nowMs, 100);
    await ask("GET", { isSequel: true });
    expect(pausedWith).toEqual([breakOff.signal]);
  });
});
