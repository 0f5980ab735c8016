import type { MostChanges } from "../apply/policy.js";
import type { SecretsToWrite } from "../plan/select.js";
import type { Faults } from "../sandbox/faults.js";
import type { Shard, SiteOptions } from "../setup/options.js";
import type { CommonOptions, Into, ReconcileOptions, SandboxOptions } from "./options.js";

/** Values of options as the parser gives them, by their long names. */
export type Values = Readonly<Record<string, unknown>>;

/** What a command line that reconciles asks for. */
export function reconcileOptions(
  command: ReconcileOptions["command"],
  values: Values,
  paths: readonly string[],
): ReconcileOptions {
  return {
    ...siteOptions(values, paths),
    command,
    only: (values["only"] as readonly string[] | undefined) ?? [],
    requireEnv: values["requireEnv"] === true,
    detailedExitcode: values["detailedExitcode"] === true,
    ...(values["maxChanges"] === undefined ? {} : { maxChanges: values["maxChanges"] as MostChanges }),
    yes: values["yes"] === true,
    failFast: values["failFast"] === true,
    allowDangerous: values["allowDangerous"] === true,
    writeSecrets: (values["writeSecrets"] as SecretsToWrite | undefined) ?? "none",
    adopt: values["adopt"] === true,
    assumeSecrets: values["assumeSecrets"] === true,
    replaces: (values["replace"] as readonly string[] | undefined) ?? [],
    ...text("out", values),
    into: intoFiles(values),
    ...(values["expires"] === undefined ? {} : { expiresInMs: values["expires"] as number }),
    ...(typeof values["recover"] === "string" ? { recoveryFile: values["recover"] } : {}),
  };
}

/** Where further reports go. */
function intoFiles({ jsonInto, markdownInto, htmlInto, sarifInto }: Values): Into {
  return {
    ...(typeof jsonInto === "string" ? { json: jsonInto } : {}),
    ...(typeof markdownInto === "string" ? { markdown: markdownInto } : {}),
    ...(typeof htmlInto === "string" ? { html: htmlInto } : {}),
    ...(typeof sarifInto === "string" ? { sarif: sarifInto } : {}),
  };
}

/** Where a command goes. @param paths - folders and files with definitions that it names without an option */
export function siteOptions(values: Values, paths: readonly string[] = []): SiteOptions & CommonOptions {
  const timeout = values["timeout"] as number | undefined;
  const deadline = values["deadline"] as number | undefined;
  return {
    ...commonOptions(values),
    ...text("config", values),
    env: (values["env"] as readonly string[] | undefined) ?? [],
    ...(values["shard"] === undefined ? {} : { shard: values["shard"] as Shard }),
    paths: paths.length > 0 ? paths : ((values["dir"] as readonly string[] | undefined) ?? []),
    ...text("baseUrl", values),
    ...text("environmentId", values),
    ...(values["parallelism"] === undefined ? {} : { parallelism: values["parallelism"] as number }),
    ...(timeout === undefined ? {} : { timeoutMs: Math.ceil(timeout * 1000) }),
    ...(deadline === undefined ? {} : { deadlineMs: Math.ceil(deadline * 1000) }),
    insecureHttp: values["insecureHttp"] === true,
    ...text("caFile", values),
  };
}

/** What a command line of the sandbox asks for. */
export function sandboxOptions(values: Values): SandboxOptions {
  return {
    ...commonOptions(values),
    command: "sandbox",
    port: values["port"] as number,
    ...text("key", values),
    ...text("environmentId", values),
    ...text("seed", values),
    ...(values["faults"] === undefined ? {} : { faults: values["faults"] as Faults }),
  };
}

/** What every command line may ask for. */
export function commonOptions(values: Values): CommonOptions {
  return {
    json: values["json"] === true,
    color: values["color"] as CommonOptions["color"],
    progress: values["progress"] === true,
    quiet: values["q"] === true,
    verbose: values["v"] === true,
    debug: values["debug"] === true,
  };
}

function text<Key extends string>(key: Key, values: Values): { readonly [name in Key]?: string } {
  const value = values[key];
  return (typeof value === "string" ? { [key]: value } : {}) as { readonly [name in Key]?: string };
}
