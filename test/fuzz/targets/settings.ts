import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import type { Files } from "../../../src/load/files.js";
import { isError } from "../../../src/model/problem.js";
import { requestOf } from "../../../src/setup/requests.js";
import { type SetUp, setUp } from "../../../src/setup/setting-up.js";
import { editedBytes } from "../edits.js";
import { editedJson } from "../json-edits.js";
import { MemoryService, rowOf } from "../memory.js";
import { settings as samples, settingsTexts } from "../samples.js";
import { API_KEY, joined, type Seen } from "../seen.js";
import { invocationOf, ran } from "../story.js";
import type { Target } from "../target.js";
import { toldOf } from "../told.js";
import { yamlTexts } from "../yaml-texts.js";

const NAME = "flexprice-sync.yaml";

/** What is beside the settings: patterns of `include` look at real folders. */
const around: Readonly<Record<string, string>> = {
  "connections/common/a.yaml": "name: A\nprovider_type: stripe\nmetadata: { team: billing }\n",
  "connections/sandbox/b.yaml": 'name: B\nprovider_type: hubspot\nmetadata: { x: "${var.X}" }\n',
  "tenants/a.yaml":
    "environments: { a: { base_url: 'https://a.flexprice.io/v1', api_key: '${A_KEY}', connections: [connections/common] } }\n",
  "tenants/b.yaml":
    "environments: { b: { base_url: 'https://b.flexprice.io/v1', api_key: '${B_KEY}', environment_id: env_fuzz } }\n",
  "tenants/wrong.yml": "environments: 7\n",
};

const keys = {
  SANDBOX_KEY: API_KEY,
  PRODUCTION_KEY: `${API_KEY}_2`,
  A_KEY: API_KEY,
  B_KEY: API_KEY,
  FLEXPRICE_API_KEY: API_KEY,
};

/** The settings file: read with all that it includes, and planned with where it can be used. */
class SettingsTarget implements Target {
  readonly name = "settings";
  readonly extension = "yaml";
  readonly share = 14;
  readonly inputs = fc.oneof(
    { arbitrary: editedBytes(settingsTexts), weight: 10 },
    { arbitrary: editedJson(samples).map((text) => Buffer.from(text)), weight: 10 },
    { arbitrary: yamlTexts.map((text) => Buffer.from(text)), weight: 2 },
    { arbitrary: fc.uint8Array({ maxLength: 100 }), weight: 1 },
  );
  #folder: string | undefined;

  async run(input: Uint8Array): Promise<Seen> {
    const folder = this.#workingFolder();
    writeFileSync(join(folder, NAME), input);
    const files = new Map([
      ...Object.entries(around).map(([name, text]) => [name, Buffer.from(text)] as const),
      [NAME, input] as const,
    ]);
    const options = { command: "plan", env: ["*"], paths: [], insecureHttp: input.length % 2 === 0 };
    const ready = setUp(options, { environment: keys, workingFolder: folder });
    const read = {
      command: "plan",
      definitions: 0,
      files: 0,
      environments: ready.all.map(({ name }) => name),
      targets: [],
      problems: ready.problems,
    };
    const seen: Seen = {
      problems: ready.problems,
      texts: toldOf(read),
      files,
      writes: [],
      complaints: withoutPlace(ready),
    };
    if (ready.problems.some(isError)) return seen;
    const environments = ready.places.map((place) => requestOf(place, options));
    const service = new MemoryService([rowOf({ id: "conn_stripe", provider_type: "stripe" })]);
    const asked = invocationOf("plan", { environments, problems: ready.problems, keyVariables: ready.keyVariables });
    const planned = await ran(
      asked,
      { files: within(folder, ready.files), send: service.send, variables: ready.variables },
      { files, writes: service.writes },
    );
    return joined([seen, planned.seen]);
  }

  async close(): Promise<void> {
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
    this.#folder = undefined;
  }

  #workingFolder(): string {
    if (this.#folder !== undefined) return this.#folder;
    const folder = mkdtempSync(join(tmpdir(), "flexprice-sync-fuzz-"));
    for (const [name, text] of Object.entries(around)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    this.#folder = folder;
    return folder;
  }
}

/** The same files, of which none is outside of a folder: settings may name the whole disk. */
function within(folder: string, files: Files): Files {
  return {
    ...files,
    kindOf: (path) => (files.absolute(path).startsWith(`${folder}/`) ? files.kindOf(path) : "missing"),
  };
}

/** What is wrong with settings stands at a place in them. */
function withoutPlace({ problems }: SetUp): readonly string[] {
  return problems
    .filter(({ code, place }) => code.startsWith("SETTINGS.") && place === undefined)
    .map(({ code, message }) => `place: ${code} has none: ${message}`);
}

export const settings: Target = new SettingsTarget();
