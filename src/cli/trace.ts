import { MOST_TRIES } from "../api/retry.js";
import type { WireEvent } from "../api/wire-event.js";
import { assertNever } from "../model/problem.js";
import { printable } from "../report/text.js";
import type { CommonOptions } from "./options.js";
import type { Output } from "./output.js";

/** Waits that are told one by one; then one word says that there are more. */
const MOST_WAITS = 5;

/** Tells of requests as the options want it: each for `--debug`, a line for `-v`, and waiting to everybody but with `-q`. */
export function tracing(output: Output, { debug, verbose, quiet }: CommonOptions): (event: WireEvent) => void {
  const progress = output.progress();
  let waits = 0;
  return (event) => {
    if (debug) output.note(traceLine(event));
    if (event.kind === "waiting") {
      progress.retried();
      waits += 1;
      if (!debug && !quiet && (verbose || waits <= MOST_WAITS)) output.note(waitingLine(event));
      if (!debug && !quiet && !verbose && waits === MOST_WAITS + 1) output.note(MORE_WAITS);
    }
    const line = verbose ? requestLine(event) : undefined;
    if (line !== undefined) output.note(line);
  };
}

/** A line for `-v`: one per request that was answered or failed. `undefined` for the other events. */
function requestLine(event: WireEvent): string | undefined {
  if (event.kind === "answered")
    return `${event.method} ${printable(event.url)} ${event.status} in ${Math.round(event.ms)} ms\n`;
  if (event.kind === "failed")
    return `${event.method} ${printable(event.url)} failed in ${Math.round(event.ms)} ms: ${printable(event.reason)}\n`;
  return undefined;
}

/** A line for everybody who waits: nothing is silent while a service is tried again. */
function waitingLine({ method, url, reason, waitMs, attempt }: Extract<WireEvent, { kind: "waiting" }>): string {
  const when = waitMs < 100 ? "at once" : `in ${(waitMs / 1000).toFixed(1)} s`;
  // Where a host limits requests and still answers some, a try more than usual is made.
  const tries = attempt < MOST_TRIES ? `${attempt} of ${MOST_TRIES} tries made` : `${attempt} tries made`;
  return `${method} ${printable(url)}: ${printable(reason)}; trying again ${when} (${tries})\n`;
}

const MORE_WAITS = "More requests are tried again, and not told one by one; -v tells all.\n";

/** A line for `--debug`: every event, with the names of what is sent and never its values. */
function traceLine(event: WireEvent): string {
  const head = `debug: [${event.requestId}] ${event.method} ${printable(event.url)}`;
  switch (event.kind) {
    case "sent": {
      const body = event.bodyKeys.length === 0 ? "no body" : `body with ${event.bodyKeys.map(printable).join(", ")}`;
      return `${head} try ${event.attempt}: sent, x-api-key (secret), ${body}\n`;
    }
    case "answered":
      return `${head} try ${event.attempt}: ${event.status}, ${printable(event.contentType) || "no content type"}, ${event.characters} characters, ${Math.round(event.ms)} ms\n`;
    case "failed":
      return `${head} try ${event.attempt}: failed after ${Math.round(event.ms)} ms: ${printable(event.reason)}\n`;
    case "waiting":
      return `${head}: waiting ${event.waitMs} ms before the next try\n`;
    default:
      return assertNever(event);
  }
}
