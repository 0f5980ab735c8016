import type { HttpRequest, Send } from "../../src/api/http.js";
import type { Files } from "../../src/load/files.js";
import { isObject, type JsonObject } from "../../src/model/json.js";

/*
 * A disk and a service that are there in memory alone.
 */

/** Files by their paths from the working folder on. */
export function memoryFiles(files: ReadonlyMap<string, Uint8Array>): Files {
  const plain = (path: string) => path.replace(/^\.\//, "").replace(/\/+$/, "");
  const absolute = (path: string) => (plain(path) === "." ? "/repository" : `/repository/${plain(path)}`);
  const names = [...files.keys()];
  const under = (folder: string) =>
    plain(folder) === "." || plain(folder) === ""
      ? names
      : names
          .filter((name) => name.startsWith(`${plain(folder)}/`))
          .map((name) => name.slice(plain(folder).length + 1));
  return {
    kindOf: (path) => (files.has(plain(path)) ? "file" : under(path).length > 0 ? "folder" : "missing"),
    list: (folder) => [...new Set(under(folder).map((name) => name.split("/")[0] ?? ""))],
    glob: () => ({ found: [], unreadable: [] }),
    read(path, mostBytes) {
      const bytes = files.get(plain(path));
      if (bytes === undefined || bytes.length > mostBytes) throw new Error("it cannot be read here");
      return bytes;
    },
    realPath: absolute,
    shown: plain,
    absolute,
  };
}

/** A service that keeps rows by the few rules that matter to a client. */
export class MemoryService {
  /** Requests that change something, as `METHOD path`. */
  readonly writes: string[] = [];
  /** Their bodies, in the same order. */
  readonly bodies: string[] = [];
  rows: JsonObject[];
  readonly #list: string | undefined;

  /** @param list - the answer to the list as it is, in place of one made of the rows */
  constructor(rows: readonly JsonObject[], list?: string) {
    this.rows = [...rows];
    this.#list = list;
  }

  readonly send: Send = async (request) => {
    const [status, body] = this.answer(request);
    return {
      status,
      contentType: "application/json",
      contentEncoding: "",
      ...(body === undefined ? {} : { text: typeof body === "string" ? body : JSON.stringify(body) }),
    };
  };

  /** Status and body of the answer to a request that came in. */
  answer({ method, path, body }: Pick<HttpRequest, "method" | "path" | "body">): readonly [number, unknown] {
    if (method !== "GET") {
      this.writes.push(`${method} ${path}`);
      this.bodies.push(body ?? "");
    }
    const id = /\/connections\/([^/?]+)$/.exec(path)?.[1];
    if (id === undefined)
      return method === "POST"
        ? this.#created(path, body ?? "")
        : [200, this.#list ?? { connections: this.rows, total: this.rows.length }];
    const at = this.rows.findIndex((row) => row["id"] === decodeURIComponent(id));
    const row = this.rows[at];
    if (row === undefined) return [404, { code: "not_found", message: "gone", http_status_code: 404 }];
    if (method === "DELETE") {
      this.rows.splice(at, 1);
      return [204, undefined];
    }
    if (method === "PUT") this.rows[at] = { ...row, ...withoutSecrets(body ?? "") };
    return [200, this.rows[at]];
  }

  #created(_path: string, body: string): readonly [number, unknown] {
    const row = rowOf({ id: `conn_new${this.rows.length}`, ...withoutSecrets(body) });
    this.rows.push(row);
    return [201, row];
  }
}

function withoutSecrets(body: string): JsonObject {
  const { encrypted_secret_data: _secret, ...shown } = JSON.parse(body) as JsonObject;
  return shown;
}

export const ENVIRONMENT_ID = "env_fuzz";

/** A row as the service answers it, with what does not matter filled in. */
export function rowOf(facts: JsonObject): JsonObject {
  return {
    name: "x",
    environment_id: ENVIRONMENT_ID,
    tenant_id: "tenant_1",
    status: "published",
    sync_config: {},
    created_at: "2026-01-02T03:04:05Z",
    updated_at: "2026-01-02T03:04:05Z",
    created_by: "user_1",
    updated_by: "user_1",
    ...facts,
  };
}

/** The rows that a text of a list can be read as; none where it cannot. */
export function rowsIn(list: string): readonly JsonObject[] {
  try {
    const { connections } = JSON.parse(list) as { readonly connections?: unknown };
    return Array.isArray(connections) ? connections.filter(isObject) : [];
  } catch {
    return [];
  }
}
