import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { catalogue } from "../src/generated/catalogue.js";
import { folderWith } from "./support/folder.js";
import { Editor } from "./support/language-server.js";
import { run } from "./support/program.js";

/** A repository as `init` starts it, open in an editor. */
async function repository(schemas?: Readonly<Record<string, string>>): Promise<Editor> {
  const cwd = folderWith();
  const started = await run(["init"], { cwd });
  if (started.code !== 0) throw new Error(started.stderr);
  return Editor.open(cwd, schemas);
}

const header = "# yaml-language-server: $schema=../.flexprice-sync/connection.schema.json\n";
const file = "connections/new.yaml";
const beginning = `${header}name: Stripe\nprovider_type: stripe\n`;
const labels = (offers: readonly { readonly label: string }[]) => offers.map(({ label }) => label);

describe("an editor with the language server of YAML", () => {
  it("offers every provider, and says what each is for", async () => {
    const editor = await repository();
    const offered = await editor.offers(file, `${header}name: S\nprovider_type: |\n`);
    expect(labels(offered).sort()).toEqual(Object.keys(catalogue.providers));
    expect(offered.find(({ label }) => label === "stripe")?.says).toContain("pushes customers, prices and invoices");
  });

  it("offers the fields of the provider and no other's, each secret with a variable to put in", async () => {
    const editor = await repository();
    const nested = await editor.offers(file, `${beginning}encrypted_secret_data:\n  stripe:\n    |\n`);
    expect(labels(nested)).toEqual(["secret_key", "webhook_secret", "publishable_key", "account_id"]);
    const [secret, , , plain] = nested;
    expect(secret?.putsIn).toBe("secret_key: ${1:\\${STRIPE_SECRET_KEY\\}}");
    expect(secret?.says).toContain("cannot be changed on an existing connection");
    expect(plain?.putsIn).toMatch(/^account_id: /);
    const direct = labels(await editor.offers(file, `${beginning}encrypted_secret_data:\n  |\n`));
    expect(direct).toContain("stripe");
    expect(direct).toContain("secret_key");
    expect(direct).not.toContain("hubspot");
  });

  it("offers what else a definition says, down to the values", async () => {
    const editor = await repository();
    const keys = labels(await editor.offers(file, `${header}name: S\n|\n`));
    expect(keys).toEqual(expect.arrayContaining(["provider_type", "encrypted_secret_data", "sync_config", "protect"]));
    const entities = labels(await editor.offers(file, `${beginning}sync_config:\n  |\n`));
    expect(entities).toEqual(expect.arrayContaining(["customer", "invoice", "invoice_sync_settings"]));
    expect(labels(await editor.offers(file, `${beginning}sync_config:\n  invoice:\n    |\n`))).toEqual([
      "inbound",
      "outbound",
    ]);
    const compression = await editor.offers(
      file,
      `${header}name: E\nprovider_type: s3\nsync_config:\n  s3:\n    compression: |\n`,
    );
    expect(labels(compression)).toEqual(expect.arrayContaining(["none", "gzip"]));
  });

  it("shows over a key what it means", async () => {
    const editor = await repository();
    const secret = `${beginning}encrypted_secret_data:\n  stripe:\n    secret|_key: \${S}\n`;
    expect(await editor.hover(file, secret)).toContain("API secret key of the Stripe account");
    expect(await editor.hover(file, `${beginning}sync_config:\n  invoice:\n    out|bound: true\n`)).toContain(
      "Invoices of Flexprice are created at the provider",
    );
    expect(await editor.hover(file, `${header}na|me: S\n`)).toContain("a new name renames the existing connection");
  });

  it("marks nothing in a good file", async () => {
    const editor = await repository();
    for (const name of readdirSync(new URL("../connections/", import.meta.url))) {
      const example = readFileSync(new URL(`../connections/${name}`, import.meta.url), "utf8");
      expect([name, await editor.marks(file, header + example.replace(/^#.*\n/, ""))]).toEqual([name, []]);
    }
  });

  it("marks what is wrong at its place, and says what to write instead", async () => {
    const editor = await repository();
    const text = `${beginning}metadta: {}
sync_config:
  invoice: { outbund: true, inbound: true }
  plan: { outbound: yes }
`;
    expect(await editor.marks(file, text)).toEqual([
      { at: "4:1", text: "metadta", message: "Property metadta is not allowed." },
      { at: "6:14", text: "outbund", message: "Property outbund is not allowed." },
      {
        at: "6:38",
        text: "true",
        message: "Invoices can only be pushed, so this can only be false. Write inbound: false or drop the line.",
      },
      {
        at: "7:21",
        text: "yes",
        message: "Plans can only be pulled, so this can only be false. Write outbound: false or drop the line.",
      },
    ]);
    const [provider] = await editor.marks(file, `${header}name: S\nprovider_type: strip\n`);
    expect(provider).toMatchObject({ at: "3:16", text: "strip" });
    expect(provider?.message).toContain('"stripe"');
  });

  it.each(["secret_key: sk_live_in_a_file", "stripe: { secret_key: sk_live_in_a_file }"])(
    "marks a secret that stands in the file: %s",
    async (line) => {
      const editor = await repository();
      const marks = await editor.marks(file, `${beginning}encrypted_secret_data:\n  ${line}\n`);
      expect(marks).toEqual([
        {
          at: `5:${line.indexOf("sk_live") + 3}`,
          text: "sk_live_in_a_file",
          message: expect.stringMatching(/^A secret never stands in a file\. Write exactly one variable/),
        },
      ]);
    },
  );

  it("checks the settings, too", async () => {
    const editor = await repository();
    const settings = "# yaml-language-server: $schema=.flexprice-sync/settings.schema.json\nenvironments:\n  eu:\n    ";
    const offered = labels(await editor.offers("flexprice-sync.yaml", `${settings}|\n`));
    expect(offered).toEqual(expect.arrayContaining(["base_url", "api_key", "environment_id", "connections", "vars"]));
    const marks = await editor.marks("flexprice-sync.yaml", `${settings}api_key: sk_live_in_a_file\n    base: x\n`);
    expect(marks.map(({ text }) => text)).toEqual(["sk_live_in_a_file", "base"]);
  });

  it("needs no line in the files with the settings that the guide shows", async () => {
    const guide = readFileSync(new URL("../docs/editors.md", import.meta.url), "utf8");
    const [, block = "{}"] = /^```json\n([\s\S]*?)^```/m.exec(guide) ?? [];
    const editor = await repository(JSON.parse(block)["yaml.schemas"]);
    for (const path of ["connections/a.yaml", "connections/deep/b.yml"])
      expect([path, (await editor.marks(path, "name: S\nprovider_type: strip\n")).map(({ at }) => at)]).toEqual([
        path,
        ["2:16"],
      ]);
    expect(await editor.marks("elsewhere/c.yaml", "name: S\nprovider_type: strip\n")).toEqual([]);
  });
});

describe("the schema that is printed", () => {
  it("is the one that the editor reads, and stands by itself", async () => {
    const cwd = folderWith();
    const { stdout, code } = await run(["schema"], { cwd });
    expect(code).toBe(0);
    const schema = JSON.parse(stdout);
    expect(schema.$schema).toBe("https://json-schema.org/draft/2020-12/schema");
    expect([...stdout.matchAll(/"\$ref": "([^"]*)"/g)].filter(([, to = ""]) => !to.startsWith("#/"))).toEqual([]);
    await run(["init"], { cwd });
    expect(readFileSync(join(cwd, ".flexprice-sync/connection.schema.json"), "utf8")).toBe(stdout);
    expect(readFileSync(new URL("../schema/connection.schema.json", import.meta.url), "utf8")).toBe(stdout);
  });
});
