import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { isError } from "../../../src/model/problem.js";
import { requestOf } from "../../../src/setup/requests.js";
import { setUp } from "../../../src/setup/setting-up.js";
import { keyText } from "../../support/steps.js";
import { WORDS } from "../hurtful.js";
import { ENVIRONMENT_ID, MemoryService, rowOf } from "../memory.js";
import { API_KEY, CANARY, joined, type Seen } from "../seen.js";
import { invocationOf, ran } from "../story.js";
import type { Target } from "../target.js";
import { toldOf } from "../told.js";

/** Variables, and the content of the file `held` that any of them may name. */
interface Input {
  readonly variables: Readonly<Record<string, string>>;
  readonly held: string;
}

const definitions = `name: S
provider_type: stripe
encrypted_secret_data: { secret_key: "\${SK}", webhook_secret: "\${SK2}" }
metadata: { team: "\${TEAM}", both: "\${SK}-\${TEAM}" }
`;

const right: Readonly<Record<string, string>> = {
  FLEXPRICE_API_KEY: API_KEY,
  FLEXPRICE_BASE_URL: "https://us.api.flexprice.io/v1",
  FLEXPRICE_ENVIRONMENT_ID: ENVIRONMENT_ID,
  SK: CANARY,
  SK2: CANARY,
  TEAM: CANARY,
};

/** Variables whose values are nobody's to see. */
const SECRET = [
  "FLEXPRICE_API_KEY",
  "FLEXPRICE_SYNC_FINGERPRINT_KEY",
  "FLEXPRICE_SYNC_FINGERPRINT_KEY_PREVIOUS",
  "SK",
  "SK2",
  "TEAM",
];
const OTHERS = [
  "FLEXPRICE_BASE_URL",
  "FLEXPRICE_ENVIRONMENT_ID",
  "FLEXPRICE_ALLOWED_HOSTS",
  "FLEXPRICE_SYNC_OWNER",
  "FLEXPRICE_SYNC_STAMP",
];
const OF_ALL = [
  "HTTPS_PROXY",
  "HTTP_PROXY",
  "https_proxy",
  "http_proxy",
  "NO_PROXY",
  "no_proxy",
  "NO_COLOR",
  "TERM",
  "CI",
  "GITHUB_WORKSPACE",
  "NODE_EXTRA_CA_CERTS",
  "__proto__",
  "constructor",
];

const many = fc.constantFrom("", " ", "x".repeat(5_000), "x".repeat(1_100_000), "\n", "a\nb", "é", ...WORDS);

const secret = fc.oneof(
  { arbitrary: many.map((text) => (text.length > 3 ? `${CANARY}${text}` : text)), weight: 3 },
  {
    arbitrary: fc.constantFrom(
      CANARY,
      API_KEY,
      keyText(1),
      keyText(2),
      Buffer.alloc(32, 7).toString("base64"),
      `${CANARY}\n`,
      "(secret)",
      "****",
      "a\0b",
      "pk_x",
    ),
    weight: 4,
  },
);

const setting = fc.oneof(
  { arbitrary: many, weight: 2 },
  {
    arbitrary: fc.constantFrom(
      "https://us.api.flexprice.io/v1",
      "http://127.0.0.1:9/v1",
      "http://example.com/v1",
      "https://[::1]/",
      "https://u:p@host/",
      `https://u:${CANARY}@host/v1?k=${CANARY}`,
      "ftp://host",
      "https://host:99999",
      "https://host/v1/connections",
      "https://xn--a/",
      "https://\u0430.example/",
      "https://host/\u202e",
      "host",
      "on",
      "off",
      "ON",
      "acme",
      "env_1",
      "..",
      "a,b,,c:99",
      "[::1]:80,*.x,http://y",
      API_KEY,
    ),
    weight: 5,
  },
);

const proxy = fc.oneof(
  {
    arbitrary: fc.constantFrom(
      "http://proxy:3128",
      "proxy:3128",
      `http://user:${CANARY}@proxy:1`,
      `http://${CANARY}@proxy:1`,
      `http://u:%zz${CANARY}@p`,
      "socks5://x:1",
      "http://[::1",
      "*",
      ".flexprice.io",
      "10.0.0.0/8,::1/129,[::1]:80",
      "10.0.0.0/99",
      "1.2.3.4/",
    ),
    weight: 5,
  },
  { arbitrary: many, weight: 1 },
);

const path = fc.constantFrom(
  "held",
  "./held",
  "nowhere",
  "",
  ".",
  "folder",
  "loop",
  "link",
  "/dev/zero",
  "/dev/null",
  "held/x",
  `${CANARY}`,
  `dir/${CANARY}`,
  "a\0b",
  "x".repeat(5_000),
  "~/.ssh/id",
);

const variable = fc.oneof(
  { arbitrary: fc.tuple(fc.constantFrom(...SECRET), secret), weight: 4 },
  { arbitrary: fc.tuple(fc.constantFrom(...OTHERS), setting), weight: 6 },
  { arbitrary: fc.tuple(fc.constantFrom(...OF_ALL), proxy), weight: 4 },
  {
    arbitrary: fc.tuple(
      fc.constantFrom(...SECRET, ...OTHERS).map((name) => `${name}_FILE`),
      path,
    ),
    weight: 4,
  },
);

const input = fc.record({
  changed: fc.array(variable, { minLength: 1, maxLength: 4 }),
  unset: fc.array(fc.constantFrom(...Object.keys(right)), { maxLength: 2 }),
  held: fc.oneof(secret, fc.constantFrom("\ufeffx", "\xff\xfe", "x\r\n", "\n\n", keyText(1))),
});

function inputOf({
  changed,
  unset,
  held,
}: {
  readonly changed: readonly (readonly [string, string])[];
  readonly unset: readonly string[];
  readonly held: string;
}): Input {
  // A variable that a file is to stand in for must not be set itself.
  const stoodIn = changed.flatMap(([name]) => (name.endsWith("_FILE") ? [name.slice(0, -"_FILE".length)] : []));
  const kept = Object.entries(right).filter(([name]) => !unset.includes(name) && !stoodIn.includes(name));
  return { variables: Object.fromEntries([...kept, ...changed]), held };
}

/** The variables of a process, and the files that they name. */
class EnvironmentTarget implements Target {
  readonly name = "environment";
  readonly extension = "json";
  readonly share = 12;
  readonly inputs = input.map((drawn) => Buffer.from(JSON.stringify(inputOf(drawn))));
  #folder: string | undefined;

  async run(input: Uint8Array): Promise<Seen> {
    const { variables: environment, held } = JSON.parse(Buffer.from(input).toString("utf8")) as Input;
    const folder = this.#workingFolder();
    writeFileSync(join(folder, "held"), Buffer.from(held, held.includes("\xff") ? "latin1" : "utf8"));
    const files = new Map([["connections/s.yaml", Buffer.from(definitions)]]);
    const options = { command: "apply", env: [], paths: [], insecureHttp: input.length % 3 === 0 };
    const ready = setUp(options, { environment, workingFolder: folder });
    const environments = ready.places.map((place) => requestOf(place, options));
    const problems = [...ready.problems, ...environments.flatMap(({ targetProblems }) => targetProblems)];
    if (problems.some(isError)) {
      const run = {
        command: "apply",
        definitions: 0,
        files: 0,
        environments: environments.map(({ name }) => name),
        targets: [],
        problems,
      };
      return { problems, texts: toldOf(run, environment), files, writes: [] };
    }
    const service = new MemoryService([
      rowOf({ id: "conn_s", provider_type: "stripe", name: "S", metadata: { team: CANARY } }),
    ]);
    const asked = invocationOf("apply", { environments, problems: ready.problems, keyVariables: ready.keyVariables });
    const story = {
      files: ready.files,
      send: service.send,
      variables: ready.variables,
      knownSecrets: ready.knownSecrets,
      keys: ready.stamps.keys,
    };
    const { run, seen } = await ran(asked, story, { files, writes: service.writes });
    // The id of the environment is a name, whatever else has the same value.
    const ids = environments.flatMap(({ target }) => target?.expectedEnvironmentId ?? []);
    return joined([
      { ...seen, ids },
      { problems: [], texts: toldOf(run, environment), files, writes: [] },
    ]);
  }

  async close(): Promise<void> {
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
    this.#folder = undefined;
  }

  #workingFolder(): string {
    if (this.#folder !== undefined) return this.#folder;
    const folder = mkdtempSync(join(tmpdir(), "flexprice-sync-fuzz-"));
    mkdirSync(join(folder, "connections"));
    mkdirSync(join(folder, "folder"));
    writeFileSync(join(folder, "connections/s.yaml"), definitions);
    symlinkSync("loop", join(folder, "loop"));
    symlinkSync("held", join(folder, "link"));
    this.#folder = folder;
    return folder;
  }
}

export const environment: Target = new EnvironmentTarget();
