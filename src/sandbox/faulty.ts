import type { IncomingMessage, ServerResponse } from "node:http";
import { encoded, faultyAnswer, sendCut } from "./fault-answers.js";
import type { Fault, FaultyAnswer } from "./fault-kinds.js";
import { FaultSchedule, seededRandom } from "./fault-schedule.js";
import type { Faults } from "./faults.js";
import { type JobSettings, Jobs } from "./jobs.js";
import { Waits } from "./waits.js";

/** A request on its way to the service. */
export interface FaultyRequest {
  readonly method: string;
  readonly path: string;
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  /** Headers of every answer of the service itself. */
  readonly headers: Readonly<Record<string, string>>;
  /** Resolves when the whole body is there. */
  readonly received: () => Promise<unknown>;
  /** Has the service do it. @param lagMs - how far behind the rows are that it shows */
  readonly handle: (lagMs: number) => Promise<Response>;
}

/** What became of a request. */
export interface Outcome {
  /** Absent where the connection has been dealt with. */
  readonly response?: Response;
  /** Absent where none was sent. */
  readonly status?: number;
  /** What went wrong on purpose, as the end of a line that begins with the request. */
  readonly fault?: string;
}

/** Stands before the service and does to requests and answers what the faults say. */
export class Faulty {
  readonly #settings: Omit<JobSettings, "random">;
  readonly #schedule: FaultSchedule;
  readonly #jobs: Jobs;
  readonly #waits = new Waits();

  constructor({ rules, seed = 0 }: Faults, settings: Omit<JobSettings, "random">) {
    const random = seededRandom(seed);
    this.#settings = settings;
    this.#schedule = new FaultSchedule(rules, random);
    this.#jobs = new Jobs({ ...settings, random });
  }

  async answer(request: FaultyRequest): Promise<Outcome> {
    const faults = this.#schedule.next(request.method, request.path);
    const slow = first(faults, "slow");
    if (slow !== undefined) {
      // Read before: who gives up while it waits has asked all the same, and it is done as by a server that is behind.
      await request.received().catch(() => {});
      if (!(await this.#waits.passed(slow.ms))) return dropped(request);
    }
    const answer = first(faults, "answer")?.answer;
    if (answer?.kind === "reset" && !answer.isDone) return reset(request, "reset before it was done", faults);
    const made = await this.#handled(request, answer, faults);
    const late = first(faults, "late");
    if (late !== undefined && !(await this.#waits.passed(late.ms))) return dropped(request);
    if (answer?.kind === "reset") return reset(request, "reset after it was done", faults);
    return sent(request, made(), faults);
  }

  /** Drops the requests that wait, and what jobs would have done. */
  end(): void {
    this.#waits.end();
  }

  /** Does the request, unless the fault keeps it from that. The answer is made when it is sent: there may be a time in it. */
  async #handled(
    request: FaultyRequest,
    answer: FaultyAnswer | undefined,
    faults: readonly Fault[],
  ): Promise<() => Response> {
    if (answer?.kind !== "status" && answer?.kind !== "html") {
      const own = await this.#done(request, faults);
      return () => own;
    }
    if (answer.kind === "status" && answer.isDone) await this.#done(request, faults);
    const { account, nowMs } = this.#settings;
    return () => faultyAnswer(answer, { hasOldErrors: account.hasOldErrors, nowMs, headers: request.headers });
  }

  async #done({ path, handle }: FaultyRequest, faults: readonly Fault[]): Promise<Response> {
    const id = path.slice(path.lastIndexOf("/") + 1);
    const rewrite = first(faults, "rewrite");
    const fresh = first(faults, "refresh") === undefined ? undefined : this.#jobs.read(id);
    if (fresh !== undefined) this.#jobs.refresh(fresh);
    const before = rewrite === undefined ? undefined : this.#jobs.read(id);
    const response = await handle(first(faults, "lag")?.ms ?? 0);
    if (rewrite !== undefined && before !== undefined && response.ok) {
      void this.#waits.passed(rewrite.ms).then((isTime) => {
        if (isTime) this.#jobs.writeBack(before);
      });
    }
    return response;
  }
}

async function sent(request: FaultyRequest, own: Response, faults: readonly Fault[]): Promise<Outcome> {
  // Where there is no body, there is nothing to compress or to cut.
  const hasBody = own.body !== null && request.method !== "HEAD";
  const done = hasBody ? faults : faults.filter((fault) => fault.kind !== "encoding" && !isCut(fault));
  const encoding = first(done, "encoding");
  const response = encoding === undefined ? own : await encoded(own, encoding.encoding, encoding.isCut);
  const words = wordsFor(done);
  const told = { status: response.status, ...(words === "" ? {} : { fault: words }) };
  const answer = first(done, "answer");
  if (answer === undefined || !isCut(answer)) return { response, ...told };
  await sendCut(response, request.outgoing);
  return told;
}

function isCut(fault: Fault): boolean {
  return fault.kind === "answer" && fault.answer.kind === "cut";
}

function reset({ incoming }: FaultyRequest, words: string, faults: readonly Fault[]): Outcome {
  incoming.socket.resetAndDestroy();
  const more = wordsFor(faults.filter(({ kind }) => kind !== "answer"));
  return { fault: more === "" ? words : `${words}, ${more}` };
}

/** The sandbox ends: nobody is waited for. */
function dropped({ incoming }: FaultyRequest): Outcome {
  incoming.socket.destroy();
  return { fault: "dropped, for the sandbox ends" };
}

/** Of each kind the first one counts; the answer is told first. */
function wordsFor(faults: readonly Fault[]): string {
  const kinds = ["answer", "encoding", "slow", "late", "lag", "refresh", "rewrite"] as const;
  return kinds
    .flatMap((kind) => first(faults, kind) ?? [])
    .map(wordsOf)
    .join(", ");
}

function wordsOf(fault: Fault): string {
  switch (fault.kind) {
    case "answer": {
      const { answer } = fault;
      if (answer.kind === "cut") return "cut in the middle";
      if (answer.kind === "html") return "with a login page, not done";
      return answer.isDone ? "by a fault, after it was done" : "by a fault, not done";
    }
    case "encoding":
      return fault.isCut ? `${fault.encoding}, cut in the middle` : fault.encoding;
    case "slow":
      return `begun ${fault.ms} ms later`;
    case "late":
      return `answered ${fault.ms} ms later`;
    case "lag":
      return `as it was ${fault.ms} ms ago`;
    case "refresh":
      return "after a job rewrote it";
    case "rewrite":
      return `and undone by a job ${fault.ms} ms later`;
  }
}

function first<Kind extends Fault["kind"]>(
  faults: readonly Fault[],
  kind: Kind,
): Extract<Fault, { readonly kind: Kind }> | undefined {
  return faults.find((fault): fault is Extract<Fault, { readonly kind: Kind }> => fault.kind === kind);
}
