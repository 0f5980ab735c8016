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
  readonly status: number;
  readonly text: string;
}

/** A rule that cannot be tried here, and why. */
export class NotTried extends Error {
  override readonly name = "NotTried";
}

const PATIENCE_MS = 30_000;

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
    const response = await fetch(url, {
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
    const text = await response.text();
    this.asked.push({ method, path, status: response.status, text });
    const answer = { status: response.status, headers: response.headers, text, body: parsed(text) };
    if (method === "POST" && path === "/connections" && response.status === 201) this.#created.add(answer.body.id);
    return answer;
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

  /** Archives what was created. */
  async cleanUp(): Promise<readonly string[]> {
    const left: string[] = [];
    for (const id of this.#created) {
      const { status } = await this.ask("DELETE", `/connections/${id}`);
      if (status === 204 || status === 404) this.#created.delete(id);
      else left.push(id);
    }
    this.asked.length = 0;
    return left;
  }
}

/** A name that says whose it is, should one stay behind. */
export function nameOf(what: string): string {
  return `contract suite: ${what}`;
}

function parsed(text: string): Body {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
