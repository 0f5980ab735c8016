import type { ProxyRoute } from "../api/route.js";
import type { Place } from "../model/location.js";
import { error, isError, type Problem, warning } from "../model/problem.js";
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
  /** The proxy on the way. */
  readonly proxy?: ProxyRoute;
}

export interface FoundAccess {
  readonly access?: Access;
  readonly problems: readonly Problem[];
}

/** What options say of the target; only where one environment is meant. */
export interface TargetOptions {
  readonly baseUrl?: string;
  readonly environmentId?: string;
  /** Addresses beyond this machine may be plain `http:`. */
  readonly insecureHttp?: boolean;
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
  const { insecureHttp = false } = options;
  const baseUrl = baseUrlOf(written(options.baseUrl, site.baseUrl), insecureHttp, variables, problems);
  const environmentId = environmentIdOf(options.environmentId, site, isOnly, variables, problems);
  // Whatever a key begins with: an id is shown, and a key never.
  if (environmentId !== undefined && apiKey?.isIn(environmentId) === true) {
    const detail = "the environment id repeats the API key.";
    problems.push(error("SETTINGS.BAD_ENVIRONMENT_ID", detail, { hint: ID_HINT }));
  }
  if (apiKey === undefined || baseUrl === undefined || problems.some(isError)) return { problems };
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
  { name: environment, place, apiKey: setting }: EnvironmentSettings,
  isOnly: boolean,
  variables: Variables,
  problems: Problem[],
): Secret | undefined {
  const name = setting?.text ?? "FLEXPRICE_API_KEY";
  const at = setting === undefined ? {} : { place: setting.place };
  if (setting === undefined && !isOnly) {
    const detail = `environments.${environment} names no api_key, and one key cannot be meant for several environments.`;
    const hint = "write api_key: ${NAME} with the variable that holds its key.";
    problems.push(error("SETTINGS.NO_API_KEY", detail, { hint, ...(place === undefined ? {} : { place }) }));
    return undefined;
  }
  const found = variables.lookUp(name);
  if (found.state !== "set") {
    const hint = `set ${name} to a key of that environment (sk_…), or ${name}_FILE to the path of a file that holds one.`;
    problems.push(error("SETTINGS.NO_API_KEY", `${whyMissing(name, found)}.`, { ...at, hint }));
    return undefined;
  }
  const apiKey = new Secret(found.value);
  if (apiKey.fitsHeader()) return apiKey;
  const detail = `${name} holds a blank, a line break (perhaps of a Windows file) or another character that no key has.`;
  problems.push(error("SETTINGS.BAD_API_KEY", detail, { ...at, hint: "copy the key again." }));
  return undefined;
}

function baseUrlOf(
  given: Written | undefined,
  isHttpAllowed: boolean,
  variables: Variables,
  problems: Problem[],
): URL | undefined {
  const found: Lookup =
    given === undefined ? variables.lookUp("FLEXPRICE_BASE_URL") : { state: "set", value: given.text };
  const source = given?.source ?? "FLEXPRICE_BASE_URL";
  if (found.state !== "set") {
    problems.push(
      error("SETTINGS.NO_BASE_URL", `${whyMissing("FLEXPRICE_BASE_URL", found)}.`, {
        hint: `set it, or give --base-url URL, ${EXAMPLE}; regions differ, so there is no default.`,
      }),
    );
    return undefined;
  }
  const problem = badBaseUrl(found.value, source, isHttpAllowed, given?.place);
  if (problem !== undefined) {
    problems.push(problem);
    return undefined;
  }
  const url = new URL(found.value);
  if (isOpen(url)) {
    const detail = `${source} is http: to ${url.hostname}: everybody on the way can read the key and every credential that is sent.`;
    const at = given?.place === undefined ? {} : { place: given.place };
    const hint = "use https: as soon as the service has it.";
    problems.push(warning("SETTINGS.INSECURE_BASE_URL", detail, { ...at, hint }));
  }
  return url;
}

const EXAMPLE = "such as https://us.api.flexprice.io/v1 or https://api.cloud.flexprice.io/v1";

/** What is wrong with an address of the service, if something is; the text is not repeated, for it may hold a key. */
export function badBaseUrl(text: string, source: string, isHttpAllowed: boolean, place?: Place): Problem | undefined {
  const at = place === undefined ? {} : { place };
  const fault = URL.canParse(text) ? faultOf(new URL(text)) : "is not a URL";
  if (fault !== undefined) {
    const hint = `give it as scheme, host and path, ${EXAMPLE}.`;
    return error("SETTINGS.BAD_BASE_URL", `${source} ${fault}.`, { ...at, hint });
  }
  const url = new URL(text);
  if (isHttpAllowed || !isOpen(url)) return undefined;
  const detail = `${source} is http: to ${url.hostname}, which would show the key to everybody on the way.`;
  const hint =
    "use https:; plain http: is for this machine only, unless you allow it with --insecure-http, on a network of your own.";
  return error("SETTINGS.INSECURE_BASE_URL", detail, { ...at, hint });
}

/** Whether what is sent there can be read on the way. */
function isOpen({ protocol, hostname }: URL): boolean {
  return protocol === "http:" && !isLoopback(hostname);
}

function faultOf(url: URL): string | undefined {
  if (url.protocol !== "https:" && url.protocol !== "http:") return `begins with ${shownScheme(url)}, not with https:`;
  if (url.username !== "" || url.password !== "") return "holds a user name or password";
  if (!/^(?:[\w.-]+|\[[0-9a-f:.]+\])$/.test(url.hostname))
    return "names a host that there cannot be; it takes no variable";
  if (url.search !== "" || url.hash !== "") return "holds a query or a fragment";
  if (/\/connections\/*$/.test(url.pathname)) return "ends in /connections, which is added to it";
  return undefined;
}

/** How an address begins, where that is a word that everybody knows: what stands before a colon may be a user or a key. */
export function shownScheme({ protocol }: Pick<URL, "protocol">): string {
  return /^(?:data|file|ftps?|ssh|socks[45]?[ah]?|wss?):$/.test(protocol) ? protocol : "another scheme";
}

/** Whether a host is this machine. */
export function isLoopback(hostname: string): boolean {
  // Names under localhost are asked of the network on some machines, so they are no sign of this one.
  return hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d+){3}$/.test(hostname);
}

function environmentIdOf(
  option: string | undefined,
  { environmentId: setting }: EnvironmentSettings,
  isOnly: boolean,
  variables: Variables,
  problems: Problem[],
): string | undefined {
  const source =
    option !== undefined ? "--environment-id" : setting !== undefined ? "environment_id" : "FLEXPRICE_ENVIRONMENT_ID";
  const said = option ?? setting?.text;
  const found: Lookup =
    said === undefined
      ? // One id cannot be meant for several.
        isOnly
        ? variables.lookUp("FLEXPRICE_ENVIRONMENT_ID")
        : { state: "unset" }
      : said === ""
        ? { state: "empty", fromFile: false }
        : { state: "set", value: said };
  if (found.state === "unset") return undefined;
  const problem =
    found.state === "set"
      ? badEnvironmentId(found.value, source, option === undefined ? setting?.place : undefined)
      : error("SETTINGS.BAD_ENVIRONMENT_ID", `${whyMissing(source, found)}.`, { hint: ID_HINT });
  if (problem === undefined && found.state === "set") return found.value;
  if (problem !== undefined) problems.push(problem);
  return undefined;
}

const ID_HINT = "give the id of the environment (env_…), or unset it to go without the check.";

/** What an id is made of: one of another kind, such as an address, is shown by no row, and may hold what nobody should see. */
const ID = /^(?!\.{1,2}$)[\w.:~-]{1,200}$/;

/** What is wrong with the id of an environment, if something is; the text is not repeated, for it may be a key. */
export function badEnvironmentId(text: string, source: string, place?: Place): Problem | undefined {
  const isKey = /^[sp]k_/.test(text);
  if (!isKey && ID.test(text)) return undefined;
  const other = text.length > 200 ? "more characters than an id has" : "a blank or another character that no id has";
  const detail = `${source} holds ${isKey ? "an API key" : other}.`;
  return error("SETTINGS.BAD_ENVIRONMENT_ID", detail, { hint: ID_HINT, ...(place === undefined ? {} : { place }) });
}
