import type { ServerResponse } from "node:http";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { type Answer, inOldForm, tooManyRequests } from "./answers.js";
import type { Encoding, FaultyAnswer, FaultyStatus, RetryAfter } from "./fault-kinds.js";

export interface AnswerSettings {
  readonly hasOldErrors: boolean;
  readonly nowMs: () => number;
  /** Headers of every answer of the service itself; a gateway in front of it sends none of them. */
  readonly headers: Readonly<Record<string, string>>;
}

const LOGIN_PAGE = `<!DOCTYPE html>
<html><head><title>Sign in</title></head>
<body><form method="post" action="/login"><input name="email"><input name="password" type="password"></form></body></html>
`;

/** The answer in place of the service's own. */
export function faultyAnswer(
  answer: Extract<FaultyAnswer, { readonly kind: "status" | "html" }>,
  settings: AnswerSettings,
): Response {
  if (answer.kind === "html") return page(200, LOGIN_PAGE, {});
  const { status, retryAfter } = answer;
  const more = retryAfter === undefined ? {} : { "retry-after": retryAfterHeader(retryAfter, settings.nowMs()) };
  const headers = { ...settings.headers, ...more };
  switch (status) {
    case 429:
      return refused(tooManyRequests().answer, headers, settings);
    case 500:
      return new Response(null, { status, headers });
    default:
      return page(status, gatewayPage(status), more);
  }
}

function refused(answer: Answer, headers: Record<string, string>, { hasOldErrors }: AnswerSettings): Response {
  const { status, body } = hasOldErrors ? inOldForm(answer) : answer;
  return new Response(JSON.stringify(body), {
    status,
    headers: { ...headers, "content-type": "application/json; charset=utf-8" },
  });
}

/** A date has whole seconds, and is never earlier than was asked for. */
function retryAfterHeader({ form, seconds }: RetryAfter, nowMs: number): string {
  if (form === "seconds") return String(seconds);
  return new Date((Math.ceil(nowMs / 1_000) + seconds) * 1_000).toUTCString();
}

const REASONS: Readonly<Record<Exclude<FaultyStatus, 429 | 500>, string>> = {
  502: "Bad Gateway",
  503: "Service Temporarily Unavailable",
  504: "Gateway Time-out",
};

function gatewayPage(status: keyof typeof REASONS): string {
  const words = `${status} ${REASONS[status]}`;
  return `<html>\r\n<head><title>${words}</title></head>\r\n<body>\r\n<center><h1>${words}</h1></center>\r\n</body>\r\n</html>\r\n`;
}

function page(status: number, html: string, headers: Record<string, string>): Response {
  return new Response(html, { status, headers: { ...headers, "content-type": "text/html; charset=utf-8" } });
}

const COMPRESS: Readonly<Record<Encoding, (body: Buffer) => Buffer>> = {
  gzip: (body) => gzipSync(body),
  deflate: (body) => deflateSync(body),
  br: (body) => brotliCompressSync(body),
};

/** The same answer with its body compressed; cut, only the decompression can tell. */
export async function encoded(response: Response, encoding: Encoding, isCut: boolean): Promise<Response> {
  const body = await bodyOf(response);
  const whole = COMPRESS[encoding](body);
  const sent = new Uint8Array(isCut ? half(whole) : whole);
  const headers = { ...Object.fromEntries(response.headers), "content-encoding": encoding };
  return new Response(sent, { status: response.status, headers });
}

/** Sends the first half of an answer's body under the length of the whole, and ends the connection. */
export async function sendCut(response: Response, outgoing: ServerResponse): Promise<void> {
  const body = await bodyOf(response);
  outgoing.writeHead(response.status, { ...Object.fromEntries(response.headers), "content-length": body.length });
  outgoing.write(half(body), () => outgoing.socket?.destroySoon());
}

/** The body can be taken once; this leaves the answer its own. */
async function bodyOf(response: Response): Promise<Buffer> {
  return Buffer.from(await response.clone().arrayBuffer());
}

function half(body: Buffer): Buffer {
  return body.subarray(0, Math.floor(body.length / 2));
}
