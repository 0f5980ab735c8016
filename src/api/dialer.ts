import type { Duplex } from "node:stream";
import { createSecureContext } from "node:tls";
import { buildConnector, Client, type Dispatcher } from "undici";
import { faultOf, HttpFault } from "./http-fault.js";
import type { ProxyRoute, Route } from "./route.js";
import { proxyAuthorization } from "./wire.js";

/**
 * Makes connections to one host, through the tunnel of a proxy where one is named, and gives up those that are being made when it
 * is closed: the library's own would keep the process until they time out.
 */
export class Dialer {
  readonly #timeoutMs: number;
  readonly #dial: buildConnector.connector;
  readonly #underWay = new Set<{ readonly destroy: () => unknown }>();

  constructor({ authorities }: Pick<Route, "authorities">, timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
    // Made once: reading all authorities takes longer than the connection.
    const trust = authorities === undefined ? {} : { secureContext: createSecureContext({ ca: [...authorities] }) };
    // Certificates are looked at whatever the environment says: the key goes to nobody who cannot show one.
    this.#dial = buildConnector({ ...trust, rejectUnauthorized: true, timeout: timeoutMs });
  }

  /** A connection to whoever is asked for. */
  readonly direct: buildConnector.connector = (options, callback) => {
    // The types do not tell that a socket is returned at once.
    const socket = this.#dial(options, (...made) => {
      this.#underWay.delete(socket);
      callback(...made);
    }) as unknown as Duplex;
    this.#underWay.add(socket);
  };

  /**
   * A connection with TLS to the host of a route, inside the proxy's tunnel.
   *
   * @see RFC 9110 §9.3.6 (CONNECT)
   */
  tunnel({ origin, proxy }: { readonly origin: string; readonly proxy: ProxyRoute }): buildConnector.connector {
    const { hostname, port } = new URL(origin);
    const path = `${hostname}:${port || "443"}`;
    const headers = { host: path, ...authorizing(proxy) };
    return (options, callback) => {
      const way = new Client(proxy.origin, { connect: this.direct, headersTimeout: this.#timeoutMs });
      this.#underWay.add(way);
      way.connect({ path, headers, signal: AbortSignal.timeout(this.#timeoutMs) }, (fault, answer) => {
        this.#underWay.delete(way);
        // The tunnel itself is left alone by that.
        void way.destroy();
        const refused = fault === null ? refusal(answer) : notOpened(fault, this.#timeoutMs);
        if (refused !== undefined) callback(refused, null);
        else this.direct({ ...options, httpSocket: answer.socket as never }, callback);
      });
    };
  }

  close(): void {
    for (const one of this.#underWay) one.destroy();
  }
}

/** What tells a proxy who asks. */
export function authorizing({ credentials }: ProxyRoute): { readonly "proxy-authorization"?: string } {
  return credentials === undefined ? {} : { "proxy-authorization": proxyAuthorization(credentials) };
}

/** Why an answer opens no tunnel; nothing where it does. */
function refusal({ statusCode, socket }: Dispatcher.ConnectData): HttpFault | undefined {
  if (statusCode >= 200 && statusCode < 300) return undefined;
  socket.on("error", () => {}).destroy();
  return new HttpFault("proxy", "not-sent", `it answered ${statusCode}`, { proxyStatus: statusCode });
}

/** With a code of the library's it would dial again at once, and for ever. */
function notOpened(fault: Error, timeoutMs: number): HttpFault {
  if (fault.name === "TimeoutError")
    return new HttpFault("timeout", "not-sent", `no tunnel within ${timeoutMs / 1000} s`);
  return faultOf(fault, { isSent: false }, timeoutMs);
}
