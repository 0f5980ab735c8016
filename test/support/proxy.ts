import { createServer, type IncomingMessage, request, type ServerResponse, STATUS_CODES } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { onTestFinished } from "vitest";

/** A request as it arrived at the proxy. */
export interface Asked {
  readonly method: string;
  /** The host and port of a CONNECT, the whole URL of any other. */
  readonly target: string;
  readonly headers: IncomingMessage["headers"];
}

export interface ProxyOptions {
  /** As `user:password`; without them every request is answered with 407. */
  readonly credentials?: string;
  /** Ports on this machine that made-up host names stand for, whatever port is asked for with them. */
  readonly hosts?: Readonly<Record<string, number>>;
  /** Answers every request with this status. */
  readonly refuse?: number;
}

export interface Proxy {
  readonly url: string;
  readonly seen: readonly Asked[];
}

/**
 * An HTTP proxy on this machine, until the test ends: it opens tunnels, and passes on requests in absolute form. It
 * leads to this machine only; other hosts are answered with 502.
 */
export async function proxy({ credentials, hosts = {}, refuse }: ProxyOptions = {}): Promise<Proxy> {
  const seen: Asked[] = [];
  const expected = credentials === undefined ? undefined : `Basic ${Buffer.from(credentials).toString("base64")}`;

  /** Remembers a request, and says with which status it is refused, if it is. */
  const refusalOf = ({ method = "", url = "", headers }: IncomingMessage): number | undefined => {
    seen.push({ method, target: url, headers });
    return expected !== undefined && headers["proxy-authorization"] !== expected ? 407 : refuse;
  };

  const open = new Set<Duplex>();
  const kept = <S extends Duplex>(socket: S): S => {
    open.add(socket);
    // A side that breaks off is part of what is tested.
    socket.on("error", () => socket.destroy()).once("close", () => open.delete(socket));
    return socket;
  };

  const server = createServer((asked, response) => {
    const target = new URL(asked.url ?? "", "http://no-absolute-form");
    const port = portOf(target, hosts);
    const status = refusalOf(asked) ?? (port === undefined ? 502 : undefined);
    if (status === undefined) passOn(asked, `${target.pathname}${target.search}`, Number(port), response);
    else response.writeHead(status, headersOf(status)).end(pageOf(status));
  });
  server.on("connection", kept);
  server.on("connect", (asked: IncomingMessage, socket: Socket, head: Buffer) => {
    const port = portOf(new URL(`https://${asked.url}`), hosts);
    const status = refusalOf(asked) ?? (port === undefined ? 502 : undefined);
    if (status !== undefined) {
      socket.end(rawAnswer(status));
      return;
    }
    const onward = kept(connect(Number(port), "127.0.0.1"));
    onward.once("error", () => socket.end(rawAnswer(502)));
    onward.once("connect", () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      onward.write(head);
      socket.pipe(onward).pipe(socket);
    });
    socket.once("close", () => onward.destroy());
    onward.once("close", () => socket.destroySoon());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.close();
    for (const socket of open) socket.destroy();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

/** Where a target is found on this machine. */
function portOf({ hostname, port, protocol }: URL, hosts: Readonly<Record<string, number>>): number | undefined {
  const isHere = hostname === "localhost" || hostname === "127.0.0.1";
  return hosts[hostname] ?? (isHere ? Number(port || (protocol === "https:" ? 443 : 80)) : undefined);
}

function passOn(asked: IncomingMessage, path: string, port: number, response: ServerResponse): void {
  const { "proxy-authorization": _credentials, "proxy-connection": _connection, ...headers } = asked.headers;
  const onward = request({ host: "127.0.0.1", port, method: asked.method, path, headers, agent: false });
  onward.once("response", (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
    answer.once("error", () => response.destroy());
  });
  onward.once("error", () => {
    if (response.headersSent) response.destroy();
    else response.writeHead(502, headersOf(502)).end(pageOf(502));
  });
  response.once("close", () => onward.destroy());
  asked.pipe(onward);
}

function headersOf(status: number): Readonly<Record<string, string>> {
  return {
    "content-type": "text/html",
    "content-length": String(pageOf(status).length),
    ...(status === 407 ? { "proxy-authenticate": 'Basic realm="proxy of a test"' } : {}),
  };
}

/** What proxies show to people. */
function pageOf(status: number): string {
  return `<html><body><h1>${status} ${STATUS_CODES[status]}</h1></body></html>\n`;
}

function rawAnswer(status: number): string {
  const lines = Object.entries(headersOf(status)).map(([name, value]) => `${name}: ${value}`);
  return [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, "", pageOf(status)].join("\r\n");
}
