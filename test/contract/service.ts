import { randomBytes } from "node:crypto";

/*
 * The service under test, whichever it is: a base URL, a key, and what was created there, so that nothing stays behind.
 */

// biome-ignore lint/suspicious/noExplicitAny: answers of every shape are looked into
export type Body = any;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The JSON of the body; `undefined` when it is none. */
  readonly body: Body;
}

export interface Asked {
  readonly method: string;
  readonly path: string;
  /** Absent until it is answered. */
  status?: number;
  text: string;
}

/** A rule that cannot be tried here, and why. */
export class NotTried extends Error {
  override readonly name = "NotTried";
}

/** A request that got no answer: nothing is known of what the service does. */
export class NoAnswer extends Error {
  override readonly name = "NoAnswer";
}

const PATIENCE_MS = 20_000;

/** What the names of this run's connections begin with, so that one that stays behind can be told, and no other is taken for it. */
const OURS = `contract suite ${randomBytes(4).toString("hex")}`;

export class Service {
  /** Requests since the rule began, for telling what answered differently. */
  readonly asked: Asked[] = [];
  readonly #baseUrl: string;
  readonly #key: string;
  readonly #environmentId: string | undefined;
  readonly #created = new Set<string>();
  #hasLook: boolean | undefined;

  constructor(baseUrl: string, key: string, environmentId?: string) {
    this.#baseUrl = baseUrl.replace(/\/+$/, "");
    this.#key = key;
    this.#environmentId = environmentId;
  }

  /** @param path - under the base URL; one that begins with `//` under what stands before its `/v1` */
  async ask(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const url = path.startsWith("//") ? this.#baseUrl.replace(/\/v1$/, "") + path.slice(1) : this.#baseUrl + path;
    const asked: Asked = { method, path, text: "" };
    this.asked.push(asked);
    const { response, text } = await this.#send(url, {
      method,
      headers: {
        "x-api-key": this.#key,
        ...(this.#environmentId === undefined ? {} : { "x-environment-id": this.#environmentId }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      redirect: "manual",
      signal: AbortSignal.timeout(PATIENCE_MS),
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    asked.status = response.status;
    asked.text = this.hidden(text);
    const answer = { status: response.status, headers: response.headers, text, body: parsed(text) };
    const id: unknown = answer.body?.id;
    if (method === "POST" && path === "/connections" && response.ok && typeof id === "string") this.#created.add(id);
    return answer;
  }

  /** A text with the key blotted out, which a service may repeat; before anything is cut off it. */
  hidden(text: string): string {
    return text.replaceAll(this.#key, "(secret)").replaceAll(JSON.stringify(this.#key).slice(1, -1), "(secret)");
  }

  async #send(url: string, init: RequestInit): Promise<{ readonly response: Response; readonly text: string }> {
    try {
      const response = await fetch(url, init);
      return { response, text: await response.text() };
    } catch (cause) {
      const { message, cause: inner } = cause as Error;
      throw new NoAnswer(inner instanceof Error ? `${message}: ${inner.message}` : message, { cause });
    }
  }

  /** Creates a connection that is gone when the rule has ended. */
  async create(provider: string, more: object = {}): Promise<Body> {
    await this.mustBeFree(provider);
    const answer = await this.ask("POST", "/connections", { name: nameOf(provider), provider_type: provider, ...more });
    if (answer.status !== 201) throw new Error(`${provider} was not created: ${answer.status} ${answer.text}`);
    return answer.body;
  }

  /** @throws NotTried when a connection of the provider is there that is not ours: the service allows one only */
  async mustBeFree(...providers: readonly string[]): Promise<void> {
    const { body } = await this.ask("GET", "/connections");
    for (const { id, provider_type: provider, name } of body?.connections ?? []) {
      if (provider === "s3" || !providers.includes(provider) || this.#created.has(id)) continue;
      throw new NotTried(`the environment has a ${provider} connection already: ${JSON.stringify(name)}`);
    }
  }

  /** @throws NotTried when the environment has connections that are not ours */
  async mustBeEmpty(): Promise<void> {
    const { body } = await this.ask("GET", "/connections");
    const others = (body?.connections ?? []).filter(({ id }: Body) => !this.#created.has(id));
    const count = others.length === 1 ? "a connection" : `${others.length} connections`;
    if (others.length > 0) throw new NotTried(`the environment has ${count} of its own`);
  }

  /** Ours of a list: others may be there, too. */
  own(body: Body): readonly Body[] {
    return (body?.connections ?? []).filter(({ id }: Body) => this.#created.has(id));
  }

  /** What is stored of a connection, where the service shows it, as our sandbox does; elsewhere `undefined`. */
  async stored(id: string): Promise<Body | undefined> {
    if (!(await this.showsStored())) return undefined;
    return (await this.ask("GET", `//sandbox/connections/${id}`)).body;
  }

  async showsStored(): Promise<boolean> {
    this.#hasLook ??= (await this.ask("GET", "//sandbox/connections")).body?.connections !== undefined;
    return this.#hasLook;
  }

  /** @throws NotTried where creating reaches out to the provider, which refuses made-up credentials */
  async mustBeSandbox(): Promise<void> {
    if (!(await this.showsStored())) throw new NotTried("the service checks such credentials at the provider");
  }

  /** Archives what was created, as far as the service lets it. Returns the ids of what is still there. */
  async cleanUp(): Promise<readonly string[]> {
    for (const id of this.#created) if (await this.#archived(id)) this.#created.delete(id);
    this.asked.length = 0;
    return this.left;
  }

  /** Ids of what was created and not archived yet. */
  get left(): readonly string[] {
    return [...this.#created];
  }

  /**
   * Takes over rows that carry this run's names: the requests that created them were not answered. Returns the ids of others
   * that were not there at the start: they may be anybody's.
   */
  async adoptLost(before: ReadonlySet<string>): Promise<readonly string[]> {
    const { body } = await this.ask("GET", "/connections");
    const added: readonly Body[] = (body?.connections ?? []).filter(({ id }: Body) => !before.has(id));
    for (const { id, name } of added) if (String(name).startsWith(OURS)) this.#created.add(id);
    return added.map(({ id }) => id).filter((id) => !this.#created.has(id));
  }

  async #archived(id: string): Promise<boolean> {
    try {
      const { status, body } = await this.ask("DELETE", `/connections/${encodeURIComponent(id)}`);
      // An unknown path is no JSON: then it is there still.
      return status === 204 || (status === 404 && typeof body === "object" && body !== null);
    } catch (cause) {
      if (cause instanceof NoAnswer) return false;
      throw cause;
    }
  }
}

/** A name that says whose it is, should one stay behind. */
export function nameOf(what: string): string {
  return `${OURS}: ${what}`;
}

function parsed(text: string): Body {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
