// Turns the schema sources into what the rest needs, so that adding a provider is adding one file under providers/:
//
//   docs/secrets.md             its table of what can be changed (committed)
//   connection.schema.json     the bundle that editors read and `flexprice-sync schema` prints (committed)
//   src/generated/catalogue     the annotations as data, for everything that needs to know about a provider
//   src/generated/schemas       the published schemas, for printing them and for their messages
//   src/generated/validators    ajv's checks, compiled ahead of time: compiling them in every run costs 70-180 ms
//   src/generated/validators.meta.json       which packages have code in them, for the list of what ships
//   src/generated/tool          name and version of the package
//   src/generated/connection-definition.ts   the TypeScript types of a definition
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { Ajv2020 } from "ajv/dist/2020.js";
import standaloneCode from "ajv/dist/standalone/index.js";
import { build } from "esbuild";
import { compile as compileTypes } from "json-schema-to-typescript";

const here = new URL("./", import.meta.url);
const generated = new URL("../src/generated/", import.meta.url);
const DIALECT = "https://json-schema.org/draft/2020-12/schema";

const readJson = async (name) => JSON.parse(await readFile(new URL(name, here), "utf8"));

const values = await readJson("parts/values.json");
const definition = await readJson("parts/definition.json");
const syncConfig = await readJson("parts/sync-config.json");
const providerFiles = (await readdir(new URL("providers/", here))).filter((name) => name.endsWith(".json")).sort();
const providers = await Promise.all(providerFiles.map((name) => readJson(`providers/${name}`)));

/** The same schema with every `$ref` to another source file pointing into the bundle, and without what only the sandbox reads. */
function bundled(schema) {
  if (Array.isArray(schema)) return schema.map(bundled);
  if (schema === null || typeof schema !== "object") return schema;
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([key]) => key !== "$schema" && key !== "x-server")
      .map(([key, value]) => [key, key === "$ref" ? bundledReference(value) : bundled(value)]),
  );
}

function bundledReference(reference) {
  if (reference === "sync-config.json") return "#/$defs/sync_config";
  return reference.replace(/^\.\.\/parts\/values\.json#/, "#");
}

/**
 * Lets a field that has an enum or a pattern also take one reference: `${NAME}` cannot match either, and the resolved
 * value is checked again. Titles and annotations stay outside the branch, where editors look for them.
 */
function admittingReferences(schema) {
  if (Array.isArray(schema)) return schema.map(admittingReferences);
  if (schema === null || typeof schema !== "object") return schema;
  const walked = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, admittingReferences(value)]));
  const constrained = schema.type === "string" && (schema.enum !== undefined || schema.pattern !== undefined);
  if (!constrained) return walked;
  const checks = {};
  // Editors look for values to offer outside of branches.
  const rest = schema.enum === undefined ? {} : { examples: schema.enum.filter((value) => value !== "") };
  for (const [key, value] of Object.entries(walked)) {
    const isCheck = ["type", "enum", "pattern", "minLength", "maxLength", "x-error", "x-hint"].includes(key);
    (isCheck ? checks : rest)[key] = value;
  }
  return { ...rest, if: { type: "string", pattern: "^\\$\\{" }, then: { $ref: "#/$defs/reference" }, else: checks };
}

/**
 * The same with what editors take beside the standard: messages of our own for what a field refuses.
 *
 * @see https://code.visualstudio.com/docs/languages/json and the language server of YAML, which read these keywords
 */
function withMessages(schema) {
  if (Array.isArray(schema)) return schema.map(withMessages);
  if (schema === null || typeof schema !== "object") return schema;
  const walked = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, withMessages(value)]));
  const { "x-error": error, "x-hint": hint } = schema;
  if (typeof error !== "string") return walked;
  return { ...walked, errorMessage: [sentence(error), ...(hint ? [sentence(hint)] : [])].join(" ") };
}

/** A text as a sentence of its own. */
function sentence(text) {
  const whole = `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
  return /[.!?]$/.test(whole) ? whole : `${whole}.`;
}

/**
 * The same with what editors put in beside a key: for a secret a variable, of the name that `pull` gives it, too. A plain text
 * stands here itself, since they pass over the type behind a reference that has notes beside it.
 */
function withValuesToPutIn(schema) {
  const { "x-provider": provider, properties } = schema;
  if (provider === undefined || properties === undefined) return schema;
  const fields = Object.entries(properties).map(([name, field]) => {
    const { $ref, ...own } = field;
    if ($ref === "#/$defs/text") return [name, { ...values.$defs.text, ...own }];
    const variable = `${provider}_${name}`.toUpperCase();
    return [name, field.writeOnly ? { ...field, examples: [`\${${variable}}`] } : field];
  });
  return { ...schema, properties: Object.fromEntries(fields) };
}

/** `encrypted_secret_data` of one provider: nested if its own block is there, else flat. */
function credentials(provider) {
  const name = provider["x-provider"];
  const block = { $ref: `#/$defs/${name}` };
  const ignored = { generic: { $ref: "#/$defs/generic" }, settings: { $ref: "#/$defs/settings" } };
  const flatFields = Object.fromEntries(
    Object.keys(provider.properties ?? {}).map((field) => [field, { $ref: `#/$defs/${name}/properties/${field}` }]),
  );
  const anyField = typeof provider.additionalProperties === "object";
  return {
    if: { required: [name] },
    then: { properties: { [name]: block, ...ignored }, additionalProperties: false },
    else: {
      // Its own block cannot be here; it stands here so that editors offer it.
      properties: { [name]: block, ...flatFields, ...ignored },
      ...(provider.dependentRequired ? { dependentRequired: provider.dependentRequired } : {}),
      additionalProperties: anyField ? { $ref: `#/$defs/${name}/additionalProperties` } : false,
    },
  };
}

/** The whole schema of a definition in one document. `asWritten` is what a file may say; otherwise what its values resolve to. */
function bundle({ asWritten }) {
  const admit = asWritten ? (schema) => admittingReferences(withValuesToPutIn(schema)) : (schema) => schema;
  const names = providers.map((provider) => provider["x-provider"]);
  const root = bundled(definition);
  return {
    $schema: DIALECT,
    ...root,
    properties: {
      ...root.properties,
      provider_type: {
        ...root.properties.provider_type,
        enum: names,
        enumDescriptions: providers.map(({ description }) => description),
      },
    },
    allOf: [
      ...root.allOf,
      ...providers.map((provider) => ({
        if: { properties: { provider_type: { const: provider["x-provider"] } }, required: ["provider_type"] },
        then: { properties: { encrypted_secret_data: credentials(provider) } },
      })),
    ],
    $defs: {
      ...bundled(values.$defs),
      // Resolved secrets never reach a validator: their fields are left out, and their values are checked by Secret.
      ...(asWritten ? {} : { secret: {}, reference: {} }),
      sync_config: admit(bundled(syncConfig)),
      ...Object.fromEntries(providers.map((provider) => [provider["x-provider"], admit(bundled(provider))])),
    },
  };
}

/** A schema for the type generator, which does not read if/then: a union over the providers. */
function schemaForTypes() {
  const whole = bundle({ asWritten: false });
  const { allOf: _, $defs, ...root } = whole;
  const unread = ["title", "if", "then", "else", "not", "dependentRequired", "maxItems"];
  const plain = (schema, inProperties = false) => {
    if (Array.isArray(schema)) return schema.map((item) => plain(item));
    if (schema === null || typeof schema !== "object") return schema;
    return Object.fromEntries(
      Object.entries(schema)
        .filter(([key, value]) => (inProperties ? value?.not === undefined : !unread.includes(key)))
        .map(([key, value]) => [key, plain(value, !inProperties && ["properties", "$defs"].includes(key))]),
    );
  };
  const variants = providers.map((provider) => ({
    ...plain(root),
    title: `${provider.title.replaceAll(/\W/g, "")}Definition`,
    description: provider.description,
    properties: {
      ...plain(root.properties),
      provider_type: { const: provider["x-provider"] },
      encrypted_secret_data: {
        anyOf: [
          {
            type: "object",
            properties: {
              [provider["x-provider"]]: { $ref: `#/$defs/${provider["x-provider"]}` },
              generic: { $ref: "#/$defs/generic" },
              settings: { $ref: "#/$defs/settings" },
            },
            required: [provider["x-provider"]],
            additionalProperties: false,
          },
          { $ref: `#/$defs/${provider["x-provider"]}` },
        ],
      },
    },
  }));
  const text = { type: "string" };
  return {
    title: "ConnectionDefinition",
    anyOf: variants,
    $defs: { ...plain($defs, true), secret: text, reference: text },
  };
}

/** Keywords that decide nothing, those of editors among them. */
const NOTES = [
  "title",
  "description",
  "examples",
  "default",
  "writeOnly",
  "errorMessage",
  "patternErrorMessage",
  "enumDescriptions",
];

/** Only what decides whether a value is right: titles, descriptions and annotations would triple the compiled code. */
function checksOnly(schema, inProperties = false) {
  if (Array.isArray(schema)) return schema.map((item) => checksOnly(item));
  if (schema === null || typeof schema !== "object") return schema;
  const isNote = (key) => key.startsWith("x-") || NOTES.includes(key);
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([key]) => inProperties || !isNote(key))
      .map(([key, value]) => [key, checksOnly(value, !inProperties && ["properties", "$defs"].includes(key))]),
  );
}

/** The annotations as data, in the shape of src/model/catalogue.ts. */
function catalogue() {
  return {
    providers: Object.fromEntries(providers.map((provider) => [provider["x-provider"], providerFacts(provider)])),
    syncConfig: syncNode(syncConfig),
    meanings: {
      name: definition.properties.name["x-meaning"],
      note: definition.properties.metadata["x-without-effect"],
      withoutEffect: syncConfig["x-without-effect"],
      unheardOf: syncConfig["x-unheard-of"],
    },
    messages: Object.fromEntries([
      ...messagesOf(definition, []),
      ...messagesOf(syncConfig, ["sync_config"]),
      ...providers.flatMap((provider) => messagesOf(provider, ["encrypted_secret_data", provider["x-provider"]])),
    ]),
  };
}

/** Every x-error with its x-hint, by the path of its field; a list's items are `[]`. */
function messagesOf(node, path) {
  const own = node["x-error"]
    ? [[path.join("."), { error: node["x-error"], ...(node["x-hint"] ? { hint: node["x-hint"] } : {}) }]]
    : [];
  const members = Object.entries(node.properties ?? {}).flatMap(([name, member]) =>
    messagesOf(member, [...path, name]),
  );
  const items = node.items ? messagesOf(node.items, [...path, "[]"]) : [];
  return [...own, ...members, ...items];
}

function providerFacts(provider) {
  const server = provider["x-server"] ?? {};
  return {
    type: provider["x-provider"],
    title: provider.title,
    identity: provider["x-identity"],
    reread: provider["x-reread"] ?? false,
    oauth: provider["x-oauth"] ?? false,
    metadataNullSignificant: provider["x-metadata-null"] === "significant",
    fields: Object.fromEntries(
      Object.entries(provider.properties ?? {}).map(([name, field]) => [
        name,
        fieldFacts(field, provider.dependentRequired?.[name]),
      ]),
    ),
    ...(typeof provider.additionalProperties === "object"
      ? { anyField: fieldFacts(provider.additionalProperties) }
      : {}),
    ...(provider["x-own-credentials-under"] ? { ownCredentialsUnder: provider["x-own-credentials-under"] } : {}),
    requiredSyncConfig: provider["x-required-sync-config"] ?? [],
    effects: provider["x-effects"],
    server: {
      keepsEmpty: server.keeps_empty ?? [],
      many: server.many ?? false,
      managed: server.managed ?? false,
      createChecks: (server.create ?? []).map(({ sync_config: syncConfig, ...check }) => ({
        ...check,
        ...(syncConfig ? { syncConfig } : {}),
      })),
      ...(server.update_together ? { updateTogether: server.update_together } : {}),
      ...(server.needs_secrets ? { needsSecrets: server.needs_secrets } : {}),
      nestedUpdateOnly: server.nested_update_only ?? [],
      alsoReads: server.also_reads ?? [],
      nestedUpdate: server.nested_update ?? true,
      foreign: server.foreign ?? "ignored",
      ...(server.intent ? { intent: server.intent } : {}),
    },
  };
}

function fieldFacts(field, sentWith = []) {
  return {
    title: field.title,
    secret: field.writeOnly ?? false,
    update: field["x-update"],
    requiredOnCreate: field["x-required-on-create"] ?? false,
    expectedOnCreate: field["x-expected-on-create"] ?? false,
    afterCreate: field["x-after-create"] ?? false,
    sentWith,
    ...(field.pattern ? { pattern: field.pattern } : {}),
  };
}

function syncNode(node) {
  if (node.type !== "object") {
    return {
      kind: "field",
      default: node.default,
      update: node["x-update"] ?? "applied",
      serverFilled: node["x-server-filled"] ?? false,
      meaning: node["x-meaning"] ?? {},
    };
  }
  return {
    kind: "group",
    members: Object.fromEntries(Object.entries(node.properties).map(([name, member]) => [name, syncNode(member)])),
    ...(node["x-managed-by"] ? { managedBy: node["x-managed-by"] } : {}),
    required: node["x-required-in-block"] ?? [],
    together: Object.keys(node.dependentRequired ?? {}),
  };
}

/** What an update does with each credential, a row for each provider, as Markdown. */
function changeTable() {
  const rows = providers.map((provider) => {
    const fields = Object.entries(provider.properties ?? {});
    const named = (update) => fields.filter(([, field]) => field["x-update"] === update).map(([name]) => `\`${name}\``);
    const partners = Object.keys(provider.dependentRequired ?? {});
    const together = partners.length > 0 ? `${partners.map((name) => `\`${name}\``).join(" with ")}` : "";
    const applied = named("applied").filter((name) => !partners.includes(name.replaceAll("`", "")));
    const any = typeof provider.additionalProperties === "object" ? ["any field"] : [];
    return [
      `\`${provider["x-provider"]}\``,
      [...(together ? [together] : []), ...applied].join(", "),
      [...named("create-only"), ...any].join(", "),
      named("server-managed").join(", "),
    ];
  });
  const head = ["provider", "an update changes", "only a create sets", "sent on create, then the service's own"];
  return [head, head.map(() => "---"), ...rows]
    .map((cells) => `| ${cells.map((cell) => cell || "–").join(" | ")} |`)
    .join("\n");
}

const written = withMessages(bundle({ asWritten: true }));
const resolved = bundle({ asWritten: false });
const seed = await readJson("seed.schema.json");
const plan = await readJson("plan.schema.json");
const recovery = await readJson("recovery.schema.json");
const settings = await readJson("settings.schema.json");

const bundleUrl = new URL("connection.schema.json", here);
const bundleText = `${JSON.stringify(written, null, 2)}\n`;
const guideUrl = new URL("../docs/secrets.md", here);
const guide = await readFile(guideUrl, "utf8").catch(() => undefined);
const guideText = guide?.replace(/(<!-- made by .*-->\n)[\s\S]*?(<!-- end -->)/, `$1\n${changeTable()}\n\n$2`);

// With --check nothing is written: are the committed files what the sources make?
if (process.argv.includes("--check")) {
  const stale = [
    ...((await readFile(bundleUrl, "utf8")) === bundleText ? [] : ["schema/connection.schema.json"]),
    ...(guide === guideText ? [] : ["docs/secrets.md"]),
  ];
  for (const name of stale) console.error(`${name} is not what its sources make: run npm run generate and commit it`);
  process.exit(stale.length > 0 ? 1 : 0);
}

await mkdir(generated, { recursive: true });

// inlineRefs: false halves the generated code and its time to load.
const ajv = new Ajv2020({
  allErrors: true,
  strict: false,
  inlineRefs: false,
  unicodeRegExp: true,
  code: { source: true, esm: true, lines: false },
});
ajv.addSchema(checksOnly(written), "written");
ajv.addSchema(checksOnly(resolved), "resolved");
ajv.addSchema(checksOnly(seed), "seed");
ajv.addSchema(checksOnly(plan), "plan");
ajv.addSchema(checksOnly(recovery), "recovery");
ajv.addSchema(checksOnly(settings), "settings");
ajv.addSchema({ $ref: "#/$defs/included", $defs: checksOnly(settings).$defs }, "included");
const code = standaloneCode.default(ajv, {
  validateWritten: "written",
  validateResolved: "resolved",
  validateSeed: "seed",
  validatePlan: "plan",
  validateRecovery: "recovery",
  validateSettings: "settings",
  validateIncluded: "included",
});
const project = new URL("../", here).pathname;
const { metafile } = await build({
  stdin: { contents: code, resolveDir: project, loader: "js" },
  absWorkingDir: project,
  bundle: true,
  format: "esm",
  platform: "node",
  outfile: new URL("validators.js", generated).pathname,
  metafile: true,
  logLevel: "warning",
});
await writeFile(new URL("validators.meta.json", generated), `${JSON.stringify(metafile)}\n`);
await writeFile(
  new URL("validators.d.ts", generated),
  `export interface SchemaViolation {
  readonly keyword: string;
  readonly instancePath: string;
  readonly schemaPath: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly message?: string;
}
export interface Validator {
  (data: unknown): boolean;
  errors?: readonly SchemaViolation[] | null;
}
export const validateWritten: Validator;
export const validateResolved: Validator;
export const validateSeed: Validator;
export const validatePlan: Validator;
export const validateRecovery: Validator;
export const validateSettings: Validator;
export const validateIncluded: Validator;
`,
);

await writeFile(new URL("catalogue.js", generated), `export const catalogue = ${JSON.stringify(catalogue())};\n`);
await writeFile(
  new URL("catalogue.d.ts", generated),
  'import type { Catalogue } from "../model/catalogue.js";\nexport const catalogue: Catalogue;\n',
);

const published = { connection: written, settings, result: await readJson("result.schema.json"), plan, recovery, seed };
await writeFile(new URL("schemas.js", generated), `export const schemas = ${JSON.stringify(published)};\n`);
await writeFile(
  new URL("schemas.d.ts", generated),
  'import type { JsonObject } from "../model/json.js";\nexport const schemas: Readonly<Record<"connection" | "settings" | "result" | "plan" | "recovery" | "seed", JsonObject>>;\n',
);

const { name, version } = JSON.parse(await readFile(new URL("../package.json", here), "utf8"));
await writeFile(new URL("tool.js", generated), `export const tool = ${JSON.stringify({ name, version })};\n`);
await writeFile(
  new URL("tool.d.ts", generated),
  "export const tool: { readonly name: string; readonly version: string };\n",
);

const types = await compileTypes(schemaForTypes(), "ConnectionDefinition", {
  bannerComment: "// Made from schema/ by schema/compile.mjs; do not edit.",
  additionalProperties: true,
  format: false,
  unreachableDefinitions: false,
});
await writeFile(new URL("connection-definition.ts", generated), types);

await writeFile(bundleUrl, bundleText);
if (guideText !== undefined && guideText !== guide) await writeFile(guideUrl, guideText);
