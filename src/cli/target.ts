import type { Place } from "../model/location.js";
import { error, type Problem } from "../model/problem.js";
import { Secret } from "../model/secret.js";
import type { EnvironmentSettings, SettingText } from "../model/settings.js";
import type { Target } from "../reconcile.js";
import { type Lookup, type Variables, whyMissing } from "../secrets/variables.js";
import type { StampVariables } from "./stamp-variables.js";

/** Where to and with which key. */
export interface Access {
  readonly target: Target;
  readonly baseUrl: URL;
  readonly apiKey: Secret;
}

export interface FoundAccess {
  readonly access?: Access;
  readonly problems: readonly Problem[];
}

/** What options say of the target; only where one environment is meant. */
export interface TargetOptions {
  readonly baseUrl?: string;
  readonly environmentId?: string;
}

/**
 * Where one environment is, by options, settings and variables. Options win. Where the settings describe an environment, the
 * three variables of the single target only stand in for what they leave out: one that was left in a shell must not lead an
 * environment elsewhere.
 *
 * @param isOnly - whether it is the only environment of the run: one key cannot be meant for several
 * @returns everything that is wrong with it, at once
 */
export function accessOf(
  options: TargetOptions,
  variables: Variables,
  { owner, isOn }: Pick<StampVariables, "owner" | "isOn">,
  site: EnvironmentSettings,
  isOnly = true,
): FoundAccess {
  const problems: Problem[] = [];
  const apiKey = apiKeyOf(site, isOnly, variables, problems);
  const baseUrl = baseUrlOf(written(options.baseUrl, site.baseUrl), variables, problems);
  const environmentId = environmentIdOf(options.environmentId, site, variables, problems);
  if (apiKey === undefined || baseUrl === undefined || problems.length > 0) return { problems };
  const shown = `${baseUrl.origin}${baseUrl.pathname.replace(/\/+$/, "")}`;
  const ours = owner ?? site.owner?.text;
  const target: Target = {
    environment: site.name,
    baseUrl: shown,
    ...(environmentId === undefined ? {} : { expectedEnvironmentId: environmentId }),
    ...(ours === undefined ? {} : { owner: ours }),
    stamps: isOn ?? site.stamp ?? true,
    assumeUpdatable: site.assumeUpdatable,
  };
  return { access: { target, baseUrl, apiKey }, problems };
}

/** A value that was written out, and where. */
interface Written {
  readonly text: string;
  readonly source: string;
  readonly place?: Place;
}

function written(option: string | undefined, setting: SettingText | undefined): Written | undefined {
  if (option !== undefined) return { text: option, source: "--base-url" };
  return setting === undefined ? undefined : { ...setting, source: "base_url" };
}

function apiKeyOf(
  { name: environment, apiKey: setting }: EnvironmentSettings,
  isOnly: boolean,
  variables: Variables,
  problems: Problem[],
): Secret | undefined {
  const name = setting?.text ?? "FLEXPRICE_API_KEY";
  const at = setting === undefined ? {} : { place: setting.place };
  if (setting === undefined && !isOnly) {
    const detail = `environments.${environment} names no api_key, and one key cannot be meant for several environments.`;
    const hint = "write api_key: ${NAME} with the variable that holds its key.";
    problems.push(error("SETTINGS.NO_API_KEY", detail, { hint }));
    return undefined;
  }
  const found = variables.lookUp(name);
  if (found.state !== "set") {
    const hint = `give it a key of the environment (sk_…); ${name}_FILE is read where it is not set.`;
    problems.push(error("SETTINGS.NO_API_KEY", `${whyMissing(name, found)}.`, { ...at, hint }));
    return undefined;
  }
  const apiKey = new Secret(found.value);
  if (apiKey.fitsHeader()) return apiKey;
  const detail = `${name} holds a blank, a line break (perhaps of a Windows file) or another character that no key has.`;
  problems.push(error("SETTINGS.BAD_API_KEY", detail, { ...at, hint: "copy the key again." }));
  return undefined;
}

function baseUrlOf(given: Written | undefined, variables: Variables, problems: Problem[]): URL | undefined {
  const found: Lookup =
    given === undefined ? variables.lookUp("FLEXPRICE_BASE_URL") : { state: "set", value: given.text };
  const source = given?.source ?? "FLEXPRICE_BASE_URL";
  const at = given?.place === undefined ? {} : { place: given.place };
  const example = "such as https://us.api.flexprice.io/v1 or https://api.cloud.flexprice.io/v1";
  if (found.state !== "set") {
    problems.push(
      error("SETTINGS.NO_BASE_URL", `${whyMissing("FLEXPRICE_BASE_URL", found)}.`, {
        hint: `set it or give --base-url, ${example}; regions differ, so there is no default.`,
      }),
    );
    return undefined;
  }
  const fault = URL.canParse(found.value) ? faultOf(new URL(found.value)) : "is not a URL";
  if (fault !== undefined) {
    problems.push(
      error("SETTINGS.BAD_BASE_URL", `${source} ${fault}.`, {
        ...at,
        hint: `give it as scheme, host and path, ${example}.`,
      }),
    );
    return undefined;
  }
  const url = new URL(found.value);
  if (url.protocol === "http:" && !isLoopback(url.hostname)) {
    const detail = `${source} is http: to ${url.hostname}, which would show the key to everybody on the way.`;
    problems.push(
      error("SETTINGS.INSECURE_BASE_URL", detail, {
        ...at,
        hint: "use https:; plain http: is for this machine only.",
      }),
    );
    return undefined;
  }
  return url;
}

function faultOf(url: URL): string | undefined {
  if (url.protocol !== "https:" && url.protocol !== "http:") return `begins with ${url.protocol}, not with https:`;
  if (url.username !== "" || url.password !== "") return "holds a user name or password";
  if (url.search !== "" || url.hash !== "") return "holds a query or a fragment";
  if (/\/connections\/*$/.test(url.pathname)) return "ends in /connections, which is added to it";
  return undefined;
}

/** Whether a host is this machine. */
export function isLoopback(hostname: string): boolean {
  // Names under localhost are asked of the network on some machines, so they are no sign of this one.
  return hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d+){3}$/.test(hostname);
}

function environmentIdOf(
  option: string | undefined,
  site: EnvironmentSettings,
  variables: Variables,
  problems: Problem[],
): string | undefined {
  const { place: isInSettings, environmentId: setting } = site;
  const source =
    option !== undefined ? "--environment-id" : isInSettings ? "environment_id" : "FLEXPRICE_ENVIRONMENT_ID";
  const said = option ?? setting?.text;
  const found: Lookup =
    said === undefined
      ? isInSettings === undefined
        ? variables.lookUp("FLEXPRICE_ENVIRONMENT_ID")
        : { state: "unset" }
      : said === ""
        ? { state: "empty", fromFile: false }
        : { state: "set", value: said };
  if (found.state === "unset") return undefined;
  const isKey = found.state === "set" && /^[sp]k_/.test(found.value);
  if (found.state === "set" && !isKey && /^[\x21-\x7e]+$/.test(found.value)) return found.value;
  const detail =
    found.state === "set"
      ? `${source} holds ${isKey ? "an API key" : "a blank or another character that no id has"}.`
      : `${whyMissing(source, found)}.`;
  problems.push(
    error("SETTINGS.BAD_ENVIRONMENT_ID", detail, {
      ...(option === undefined && setting !== undefined ? { place: setting.place } : {}),
      hint: "give the id of the environment (env_…), or unset it to go without the check.",
    }),
  );
  return undefined;
}
