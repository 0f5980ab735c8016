import type { ErrorShape } from "../model/account.js";
import type { KnownSecrets, Secret } from "../model/secret.js";
import {
  type Attempted,
  type Foreign,
  jsonOf,
  noAnswer,
  notEmpty,
  notJson,
  oneLine,
  refusal,
  wrongShape,
} from "./faults.js";
import type { HttpAnswer } from "./http.js";
import { HttpFault } from "./http-fault.js";
import { Pace } from "./pace.js";
import { type Call, Sender, type SenderParts } from "./sender.js";
import { headersOf, shapeOfError } from "./wire.js";

/** An answer with what is worth telling about the way to it. */
export interface Answered<T> {
  readonly value: T;
  readonly attempts: number;
  readonly httpStatus: number;
  readonly requestId: string;
  /** Of the answer's text; absent where it has none. */
  readonly characters?: number;
}

export interface ClientParts extends SenderParts {
  readonly baseUrl: URL;
  readonly apiKey: Secret;
  readonly environmentId?: string;
  readonly knownSecrets: KnownSecrets;
  /** How fast the host is asked, shared by everything that asks it. Without it there is room for everything. */
  readonly pace?: Pace;
  readonly newRequestId: () => string;
}

/** Asks for something, and makes a value of the answer, or a fault of what is none. */
export class Client {
  readonly #parts: ClientParts;
  readonly #sender: Sender;
  readonly #foreign: Foreign;

  constructor(parts: ClientParts) {
    this.#parts = parts;
    this.#foreign = (text) => oneLine(parts.knownSecrets.withhold(text));
    this.#sender = new Sender(parts, parts.pace ?? new Pace(Number.POSITIVE_INFINITY), this.#foreign);
  }

  /** A request whose answer has something to read. */
  async call<T>(call: Call, read: (value: unknown) => T | undefined): Promise<Answered<T>> {
    const { answer, attempted } = await this.#succeeded(call);
    const json = jsonOf(answer);
    if (json === undefined) throw notJson(answer, attempted, this.#foreign);
    const value = read(json.value);
    if (value === undefined) throw wrongShape(answer, attempted, this.#foreign);
    const { attempts, requestId } = attempted;
    return { value, attempts, httpStatus: answer.status, requestId, characters: answer.text?.length ?? 0 };
  }

  /** A request that is answered with 204 and nothing else: no other success is the service's. */
  async ask(call: Call): Promise<Answered<undefined>> {
    const { answer, attempted } = await this.#succeeded(call);
    if (answer.status !== 204) throw notEmpty(answer, attempted, this.#foreign);
    const { attempts, requestId } = attempted;
    return { value: undefined, attempts, httpStatus: answer.status, requestId };
  }

  /** How a request that leads nowhere is refused, and what time the service has. */
  async manners(path: string): Promise<{ readonly shape: ErrorShape; readonly skewMs?: number }> {
    const { answer, attempted } = await this.#answered({ method: "GET", path });
    const said = jsonOf(answer)?.value;
    // The clock of the answer is cut to whole seconds: in the middle of one it is wrong by the least.
    const skewMs = Date.parse(answer.date ?? "") + 500 - (attempted.halfwayMs ?? 0);
    return {
      shape: answer.status === 404 ? shapeOfError(said) : "other",
      ...(Number.isNaN(skewMs) ? {} : { skewMs }),
    };
  }

  /** Sends until there is an answer, and throws one that is no success. */
  async #succeeded(call: Call): Promise<{ readonly answer: HttpAnswer; readonly attempted: Attempted }> {
    const { answer, attempted } = await this.#answered(call);
    if (answer.status < 200 || answer.status >= 300) {
      throw refusal(answer, attempted, this.#parts.clock.nowMs(), this.#foreign);
    }
    return { answer, attempted };
  }

  /** Sends until there is an answer, whatever it is. */
  async #answered(call: Call): Promise<{ readonly answer: HttpAnswer; readonly attempted: Attempted }> {
    const { method, path } = call;
    const { baseUrl, apiKey, environmentId, newRequestId } = this.#parts;
    const root = baseUrl.pathname.replace(/\/+$/, "");
    const requestId = newRequestId();
    const attempted: Attempted = {
      method,
      url: `${baseUrl.origin}${root}${path}`,
      requestId,
      attempts: 0,
      isLost: false,
      isDoubtful: false,
    };
    const headers = headersOf(
      { apiKey, requestId, ...(environmentId === undefined ? {} : { environmentId }) },
      method === "POST" || method === "PUT",
    );
    const answer = await this.#sender.answer(call, { method, path: `${root}${path}`, headers }, attempted);
    if (answer instanceof HttpFault) throw noAnswer(answer, attempted, this.#parts.interrupt.stop, this.#foreign);
    return { answer, attempted };
  }
}
