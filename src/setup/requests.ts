import type { MostChanges } from "../apply/policy.js";
import { shellWord } from "../model/problem.js";
import { ONLY_ENVIRONMENT } from "../model/settings.js";
import type { EnvironmentRequest } from "../reconcile.js";
import type { SiteOptions } from "./options.js";
import type { Place } from "./setting-up.js";

/** What is asked for in one environment. */
export function requestOf(
  { site, access, problems }: Place,
  options: SiteOptions,
  most?: MostChanges,
): EnvironmentRequest {
  const { name, connections, vars } = site;
  const named = name === ONLY_ENVIRONMENT && site.place === undefined ? "" : ` --env ${shellWord(name)}`;
  return {
    name,
    paths: options.paths,
    usualPaths: connections,
    vars,
    ...(most === undefined ? {} : { maxChanges: most }),
    sameTarget: `${named}${sameSettings(options)}`,
    targetProblems: problems,
    ...(access === undefined ? {} : { target: access.target }),
  };
}

/** The options about settings and target again, as a part of a command line; which environment is said beside them. */
export function sameSettings({ config, baseUrl, environmentId, insecureHttp, caFile }: SiteOptions): string {
  const named = (option: string, value: string | undefined) => (value ? ` ${option} ${shellWord(value)}` : "");
  const target = `${named("--base-url", baseUrl)}${named("--environment-id", environmentId)}`;
  return `${named("--config", config)}${target}${insecureHttp ? " --insecure-http" : ""}${named("--ca-file", caFile)}`;
}
