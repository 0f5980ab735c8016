import { DEADLINE_PASSED, type Interrupt, whyStopped } from "../model/interrupt.js";
import { type Attempted, type Foreign, isDoubtful, secondsText } from "./faults.js";
import type { HttpAnswer, HttpRequest, Send } from "./http.js";
import { HttpFault } from "./http-fault.js";
import type { Pace } from "./pace.js";
import { isLimiting, isWorthAnotherTry, LONGEST_WAIT_MS, restMs, retryAfterMs, spreadMs, waitBefore } from "./retry.js";
import type { WireEvent } from "./wire-event.js";

/** What a request belongs to. */
export interface CallOptions {
  /**
   * The second half of something that is begun, such as a look at what became of a write: it is sent also when the run is to end,
   * but then not repeated.
   */
  readonly isSequel?: boolean;
  /** It is made for another one, within the turn of that. */
  readonly isNested?: boolean;
}

/** What may have become of the tries before one. */
export interface EarlierTries {
  readonly count: number;
  /** Whether one of them may have been done all the same. */
  readonly mayBeDone: boolean;
}

/** Makes the body of one try, if it has one. */
export type BodyOf = (earlier: EarlierTries) => Promise<string | undefined>;

/** One request, repeats included. */
export interface Call extends CallOptions {
  readonly method: HttpRequest["method"];
  /** From the base URL on. */
  readonly path: string;
  readonly bodyOf?: BodyOf;
}

/** What sending needs of the world. */
export interface SenderParts {
  readonly send: Send;
  readonly clock: {
    readonly nowMs: () => number;
    /** Waits, or shorter where the signal is given. */
    readonly pause: (ms: number, signal?: AbortSignal) => Promise<void>;
  };
  readonly random: () => number;
  /** By the clock. From then on nothing is begun or repeated; a write that is under way comes to its end. */
  readonly deadlineAtMs?: number;
  readonly interrupt: Interrupt;
  readonly onEvent: (event: WireEvent) => void;
}

/** Sends requests: when the host may be asked, as long as the run goes on, and again where that can help. */
export class Sender {
  readonly #parts: SenderParts;
  readonly #pace: Pace;
  readonly #foreign: Foreign;

  /** @param pace - how fast the host is asked, shared by everything that asks it */
  constructor(parts: SenderParts, pace: Pace, foreign: Foreign) {
    this.#parts = parts;
    this.#pace = pace;
    this.#foreign = foreign;
  }

  /**
   * The answer to a request, whatever it is; where there is none, what happened instead. Repeats what may be repeated while that
   * can help, and keeps account of its tries.
   */
  async answer(call: Call, head: Head, attempted: Attempted): Promise<HttpAnswer | HttpFault> {
    const { turn } = this.#pace;
    const tries: Tries = { failed: 0, limited: 0, answersBefore: 0 };
    let last: HttpAnswer | HttpFault | undefined;
    for (;;) {
      const oneTry = () => this.#oneTry(call, head, attempted);
      const result: HttpAnswer | HttpFault | Hindrance = await (call.isNested === true ? oneTry() : turn(oneTry));
      if (result instanceof Hindrance) return last ?? result.fault;
      last = result;
      const waitMs = this.#waitAfter(result, call, attempted, tries);
      // What is told to end is not told that it waits.
      if (waitMs === "give-up" || this.#parts.interrupt.stop.aborted) return last;
      if (waitMs >= this.#leftMs()) {
        attempted.isCutShort = true;
        return last;
      }
      const { method, url, requestId, attempts: attempt } = attempted;
      const reason = result instanceof HttpFault ? this.#foreign(result.message) : `answered ${result.status}`;
      const allRestMs = this.#pace.restMs(this.#parts.clock.nowMs());
      const longestMs = Math.max(waitMs, allRestMs);
      this.#parts.onEvent({ kind: "waiting", method, url, requestId, waitMs: longestMs, attempt, reason });
      // A rest that all take is waited for by all: see below.
      if (allRestMs === 0) await this.#pause(waitMs, call);
    }
  }

  /** One try, as soon as the host may be asked. The body is made then: what it starts from must not grow old in a queue. */
  async #oneTry(call: Call, head: Head, attempted: Attempted): Promise<HttpAnswer | HttpFault | Hindrance> {
    const { clock, random } = this.#parts;
    for (;;) {
      const hindrance = this.#hindrance(call, attempted);
      if (hindrance !== undefined) return new Hindrance(hindrance);
      const waitMs = this.#pace.restMs(clock.nowMs());
      if (waitMs > 0) {
        await this.#pause(waitMs + spreadMs(random()), call);
        continue;
      }
      const mayBeDone = attempted.isLost || attempted.isDoubtful;
      const body = await call.bodyOf?.({ count: attempted.attempts, mayBeDone });
      // While it was made the host may have asked for a rest, or the run may be at its end.
      if (this.#pace.restMs(clock.nowMs()) > 0 || this.#hindrance(call, attempted) !== undefined) continue;
      return this.#sendOnce(call, { ...head, ...(body === undefined ? {} : { body }) }, attempted);
    }
  }

  /** Why a try is not made; nothing where it is. */
  #hindrance({ isSequel = false }: Call, { attempts }: Attempted): HttpFault | undefined {
    const { interrupt, clock } = this.#parts;
    const unsent = (kind: HttpFault["kind"], message: string) => new HttpFault(kind, "not-sent", message);
    const mayBegin = isSequel && attempts === 0;
    if (interrupt.breakOff.aborted || (interrupt.stop.aborted && !mayBegin))
      return unsent("stopped", whyStopped(interrupt.stop));
    const nowMs = clock.nowMs();
    if (this.#pace.isShut(nowMs)) return unsent("limited", restWords(this.#pace.restMs(nowMs)));
    const waitMs = this.#pace.restMs(nowMs);
    const isLate = mayBegin
      ? waitMs > Math.max(0, this.#leftMs()) + LONGEST_AFTER_DEADLINE_MS
      : waitMs >= this.#leftMs();
    return isLate ? unsent("deadline", DEADLINE_PASSED) : undefined;
  }

  /** How long to wait before another try, if there is to be one; a host that asks for fewer requests is left alone by all. */
  #waitAfter(result: HttpAnswer | HttpFault, call: Call, attempted: Attempted, tries: Tries): number | "give-up" {
    const random = this.#parts.random();
    const nowMs = this.#parts.clock.nowMs();
    const sentAtMs = attempted.sentAtMs ?? nowMs;
    if (result instanceof HttpFault) {
      const mayRepeat = attempted.method !== "POST" || result.delivery === "not-sent";
      tries.failed += 1;
      return mayRepeat && canHelp(result) ? waitBefore(tries.failed, undefined, random) : "give-up";
    }
    const { status, retryAfter, date } = result;
    const asked = retryAfterMs(retryAfter, nowMs, date);
    if (!isLimiting(status, retryAfter)) {
      if (!isWorthAnotherTry(status)) this.#pace.answered(sentAtMs, call.isNested !== true);
      tries.failed += 1;
      const mayRepeat = attempted.method !== "POST" && isWorthAnotherTry(status);
      return mayRepeat ? waitBefore(tries.failed, asked, random) : "give-up";
    }
    // A limit that others get past is no sign that this one never will.
    tries.limited = this.#pace.answers > tries.answersBefore ? 1 : tries.limited + 1;
    tries.answersBefore = this.#pace.answers;
    const wanted = asked ?? restMs(Math.max(tries.limited, this.#pace.closings + 1), random);
    // Whoever waits spreads out on his own.
    this.#pace.rest(sentAtMs, nowMs, wanted);
    const isPatient = attempted.attempts < MOST_LIMITED && (attempted.method !== "POST" || status === 429);
    return isPatient ? waitBefore(tries.limited, wanted, random) : "give-up";
  }

  /** Until the deadline; infinite without one. */
  #leftMs(): number {
    const { deadlineAtMs = Number.POSITIVE_INFINITY, clock } = this.#parts;
    return deadlineAtMs - clock.nowMs();
  }

  /** Waits, unless the run is told to end. */
  async #pause(ms: number, { isSequel = false }: Call): Promise<void> {
    const { clock, interrupt } = this.#parts;
    await clock.pause(ms, isSequel ? interrupt.breakOff : interrupt.stop);
  }

  async #sendOnce(call: Call, request: HttpRequest, attempted: Attempted): Promise<HttpAnswer | HttpFault> {
    attempted.attempts += 1;
    const { method, url, requestId, attempts: attempt } = attempted;
    const { clock, onEvent, send, interrupt } = this.#parts;
    const about = { method, url, attempt, requestId };
    onEvent({ kind: "sent", ...about, bodyKeys: keysOf(request.body) });
    const startMs = clock.nowMs();
    attempted.sentAtMs = startMs;
    // A read can be broken off at any time; what a write has begun is brought to its end.
    const isRead = method === "GET" && call.isSequel !== true;
    const signal = isRead ? interrupt.stop : interrupt.breakOff;
    const timeoutMs = isRead ? this.#leftMs() : Number.POSITIVE_INFINITY;
    // What it starts from was fresh when it was made; a connection may take longer to come than it stays so.
    const isStale = () => clock.nowMs() - startMs > LONGEST_WAY_MS;
    try {
      const answer = await send({
        ...request,
        signal,
        ...(method === "PUT" || method === "DELETE" ? { isStale } : {}),
        ...(Number.isFinite(timeoutMs) ? { timeoutMs: Math.max(1, timeoutMs) } : {}),
      });
      attempted.halfwayMs = (startMs + clock.nowMs()) / 2;
      const { status, text = "" } = answer;
      if (isDoubtful(answer)) attempted.isDoubtful = true;
      const contentType = this.#foreign(answer.contentType);
      const ms = clock.nowMs() - startMs;
      onEvent({ kind: "answered", ...about, status, contentType, characters: text.length, ms });
      return answer;
    } catch (cause) {
      if (!(cause instanceof HttpFault)) throw cause;
      if (cause.delivery === "unknown") attempted.isLost = true;
      if (cause.kind === "stale") attempted.attempts -= 1;
      onEvent({ kind: "failed", ...about, reason: this.#foreign(cause.message), ms: clock.nowMs() - startMs });
      const isLate = isRead && cause.kind === "timeout" && this.#leftMs() <= 0;
      return isLate ? new HttpFault("deadline", cause.delivery, DEADLINE_PASSED, { cause }) : cause;
    }
  }
}

type Head = Omit<HttpRequest, "body">;

/** A limited request is sent this often at most, however well others get on. */
const MOST_LIMITED = 20;

/** The second half of something waits so long for a host that rests, when the time of the run is up. */
const LONGEST_AFTER_DEADLINE_MS = 5_000;

/** From the making of a body to the connection that it is written to. */
const LONGEST_WAY_MS = 1_000;

/** Tries of a request that count. */
interface Tries {
  failed: number;
  /** In which the host asked for fewer requests, and answered nobody in between. */
  limited: number;
  answersBefore: number;
}

/** A try that was not made. */
class Hindrance {
  readonly fault: HttpFault;

  constructor(fault: HttpFault) {
    this.fault = fault;
  }
}

function restWords(ms: number): string {
  return `the service asks to wait ${secondsText(ms)}; at most ${LONGEST_WAIT_MS / 1000} s are waited`;
}

/** Faults that another try meets again. */
const NO_HELP: ReadonlySet<HttpFault["kind"]> = new Set(["too-large", "deadline", "stopped", "limited", "untrusted"]);

function canHelp({ kind, proxyStatus }: HttpFault): boolean {
  if (proxyStatus !== undefined) return isWorthAnotherTry(proxyStatus);
  return !NO_HELP.has(kind);
}

function keysOf(body: string | undefined): readonly string[] {
  return body === undefined ? [] : Object.keys(JSON.parse(body) as object);
}
