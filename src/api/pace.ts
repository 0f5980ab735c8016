import { type Limit, limitTo } from "./limit.js";
import { LONGEST_WAIT_MS } from "./retry.js";

/**
 * How fast one host is asked, by all workers of a run together. Where it asks for fewer requests all of them rest, and fewer come
 * back at once; with every answer that is none of that kind a few more do. One bound serves all requests to a host.
 *
 * @see RFC 6585 §4 (429), RFC 9110 §15.6.4 (503)
 */
export class Pace {
  readonly #most: number;
  readonly #limit: ReturnType<typeof limitTo>;
  #openAtMs = 0;
  #closedAtMs = Number.NEGATIVE_INFINITY;
  #closings = 0;
  #answers = 0;
  #sinceWider = 0;

  /** @param mostAtOnce - requests in flight, however well it goes */
  constructor(mostAtOnce: number) {
    this.#most = mostAtOnce;
    this.#limit = limitTo(mostAtOnce);
  }

  /** Runs a task when there is room for it among those in flight. */
  readonly turn: Limit = (task) => this.#limit(task);

  /** Requests that may be in flight now. */
  get width(): number {
    return this.#limit.concurrency;
  }

  /** Answers so far that did not ask for fewer: as long as there are more of them the host is getting on. */
  get answers(): number {
    return this.#answers;
  }

  /** How often in a row it had to rest. */
  get closings(): number {
    return this.#closings;
  }

  /** How long nothing is sent, from now on in milliseconds; 0 where something may be. */
  restMs(nowMs: number): number {
    return Math.max(0, this.#openAtMs - nowMs);
  }

  /** Whether the rest that is asked for is longer than anybody waits. */
  isShut(nowMs: number): boolean {
    return this.restMs(nowMs) > LONGEST_WAIT_MS;
  }

  /**
   * The host asks for fewer requests.
   *
   * @param sentAtMs - when the request was sent that it answered so: what was sent before the rest began is no new sign
   * @param waitMs - how long it asks to wait, or we think that it should be
   */
  rest(sentAtMs: number, nowMs: number, waitMs: number): void {
    this.#openAtMs = Math.max(this.#openAtMs, nowMs + waitMs);
    if (sentAtMs < this.#closedAtMs) return;
    this.#closedAtMs = nowMs;
    this.#closings += 1;
    this.#sinceWider = 0;
    this.#limit.concurrency = Math.max(1, Math.floor(this.#limit.concurrency / 2));
  }

  /** The host answered, and did not ask for fewer. @param isOwn - to a request that was made for its own sake */
  answered(sentAtMs: number, isOwn: boolean): void {
    if (isOwn) this.#answers += 1;
    if (sentAtMs < this.#closedAtMs) return;
    this.#closings = 0;
    this.#sinceWider += 1;
    if (this.#limit.concurrency >= this.#most || this.#sinceWider < this.#limit.concurrency) return;
    this.#sinceWider = 0;
    this.#limit.concurrency += 1;
  }
}
