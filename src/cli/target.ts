import { error, type Problem } from "../model/problem.js";
import { Secret } from "../model/secret.js";
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

/** The single target of options and variables; options win. Everything that is wrong with it, at once. */
export function accessOf(
  options: { readonly baseUrl?: string; readonly environmentId?: string },
  variables: Variables,
  { owner, isOn }: Pick<StampVariables, "owner" | "isOn">,
): FoundAccess {
  const problems: Problem[] = [];
  const apiKey = apiKeyOf(variables, problems);
  const baseUrl = baseUrlOf(options.baseUrl, variables, problems);
  const environmentId = environmentIdOf(options.environmentId, variables, problems);
  if (apiKey === undefined || baseUrl === undefined || problems.length > 0) return { problems };
  const shown = `${baseUrl.origin}${baseUrl.pathname.replace(/\/+$/, "")}`;
  const target: Target = {
    environment: "default",
    baseUrl: shown,
    ...(environmentId === undefined ? {} : { expectedEnvironmentId: environmentId }),
    ...(owner === undefined ? {} : { owner }),
    stamps: isOn,
  };
  return { access: { target, baseUrl, apiKey }, problems };
}

function apiKeyOf(variables: Variables, problems: Problem[]): Secret | undefined {
  const found = variables.lookUp("FLEXPRICE_API_KEY");
  if (found.state !== "set") {
    problems.push(
      error("SETTINGS.NO_API_KEY", `${whyMissing("FLEXPRICE_API_KEY", found)}.`, {
        hint: "give it a key of the environment (sk_…); FLEXPRICE_API_KEY_FILE is read where it is not set.",
      }),
    );
    return undefined;
  }
  const apiKey = new Secret(found.value);
  if (apiKey.fitsHeader()) return apiKey;
  problems.push(
    error(
      "SETTINGS.BAD_API_KEY",
      "FLEXPRICE_API_KEY holds a blank, a line break (perhaps of a Windows file) or another character that no key has.",
      { hint: "copy the key again." },
    ),
  );
  return undefined;
}

function baseUrlOf(option: string | undefined, variables: Variables, problems: Problem[]): URL | undefined {
  const found: Lookup = option === undefined ? variables.lookUp("FLEXPRICE_BASE_URL") : { state: "set", value: option };
  const source = option === undefined ? "FLEXPRICE_BASE_URL" : "--base-url";
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
      error("SETTINGS.BAD_BASE_URL", `${source} ${fault}.`, { hint: `give it as scheme, host and path, ${example}.` }),
    );
    return undefined;
  }
  const url = new URL(found.value);
  if (url.protocol === "http:" && !isLoopback(url.hostname)) {
    const detail = `${source} is http: to ${url.hostname}, which would show the key to everybody on the way.`;
    problems.push(
      error("SETTINGS.INSECURE_BASE_URL", detail, { hint: "use https:; plain http: is for this machine only." }),
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

function isLoopback(hostname: string): boolean {
  // Names under localhost are asked of the network on some machines, so they are no sign of this one.
  return hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d+){3}$/.test(hostname);
}

function environmentIdOf(option: string | undefined, variables: Variables, problems: Problem[]): string | undefined {
  const found: Lookup =
    option === undefined
      ? variables.lookUp("FLEXPRICE_ENVIRONMENT_ID")
      : option === ""
        ? { state: "empty", fromFile: false }
        : { state: "set", value: option };
  const source = option === undefined ? "FLEXPRICE_ENVIRONMENT_ID" : "--environment-id";
  if (found.state === "unset") return undefined;
  const isKey = found.state === "set" && /^[sp]k_/.test(found.value);
  if (found.state === "set" && !isKey && /^[\x21-\x7e]+$/.test(found.value)) return found.value;
  const detail =
    found.state === "set"
      ? `${source} holds ${isKey ? "an API key" : "a blank or another character that no id has"}.`
      : `${whyMissing(source, found)}.`;
  problems.push(
    error("SETTINGS.BAD_ENVIRONMENT_ID", detail, {
      hint: "give the id of the environment (env_…), or unset it to go without the check.",
    }),
  );
  return undefined;
}
