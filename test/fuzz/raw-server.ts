import type { AddressInfo } from "node:net";
import { createServer, type Server, type Socket } from "node:net";

/** A request as it came, as far as it has to be known to answer it. */
export interface RawRequest {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly path: string;
  readonly body: string;
}

/** A server that sends the bytes that it is told, whatever HTTP makes of them, and then ends the connection. */
export class RawServer {
  /** What the next requests are answered with. */
  answer: (request: RawRequest) => Uint8Array = () => Buffer.alloc(0);
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor() {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
      socket.on("error", () => {});
      let text = "";
      socket.on("data", (chunk) => {
        text += chunk.toString("latin1");
        const request = requestIn(text);
        if (request === undefined) return;
        text = "";
        socket.end(this.answer(request));
      });
    });
  }

  static async start(): Promise<RawServer> {
    const server = new RawServer();
    await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    return server;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}

/** A whole request; nothing as long as a part of it is missing. */
function requestIn(text: string): RawRequest | undefined {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const head = text.slice(0, end);
  const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
  const body = text.slice(end + 4);
  if (body.length < length) return undefined;
  const [method = "", path = ""] = head.split(" ");
  return {
    method: method as RawRequest["method"],
    path,
    body: Buffer.from(body.slice(0, length), "latin1").toString("utf8"),
  };
}
