import { DEFAULT_FOLDER, type Files } from "../load/files.js";
import { readSettings } from "../load/settings-file.js";
import type { Catalogue } from "../model/catalogue.js";
import { error, isError, type Problem, warning } from "../model/problem.js";
import type { EnvironmentSettings, Settings } from "../model/settings.js";
import { type Variables, whyMissing } from "../secrets/variables.js";
import { checkSettings } from "../validate/settings.js";
import { badOwner } from "./stamp-variables.js";
import { badBaseUrl, badEnvironmentId, isLoopback } from "./target.js";

export interface FoundSettings {
  /** Absent when there is no settings file, or something is wrong with it. */
  readonly settings?: Settings;
  readonly problems: readonly Problem[];
}

/**
 * The settings of a run, held against what they may say: hosts that only a file in the repository names must be the service's
 * own or allowed, so that a pull request cannot send a key elsewhere.
 *
 * @param named - the file that an option names
 * @param isHttpAllowed - also beyond this machine
 */
export function settingsFor(
  named: string | undefined,
  files: Files,
  catalogue: Catalogue,
  variables: Variables,
  isHttpAllowed: boolean,
): FoundSettings {
  const { main, included, folder, problems } = readSettings(named, files);
  if (main === undefined || problems.some(isError)) return { problems };
  const checked = checkSettings({ main, included, folder, usualFolder: DEFAULT_FOLDER }, catalogue);
  const { settings } = checked;
  if (settings === undefined) return { problems: [...problems, ...checked.problems] };
  const hosts = allowedHosts(variables);
  const all = [
    ...problems,
    ...checked.problems,
    ...hosts.problems,
    ...ownersOf(settings),
    ...badTargets(settings, isHttpAllowed),
    ...foreignHosts(settings, hosts),
    ...nestedFolders(settings, files),
  ];
  return all.some(isError) ? { problems: all } : { settings, problems: all };
}

function ownersOf({ owner, environments }: Settings): readonly Problem[] {
  const all = new Map(
    [owner, ...environments.map((one) => one.owner)].flatMap((one) => (one ? [[one.place, one]] : [])),
  );
  return [...all.values()].flatMap(({ text, place }) => badOwner(text, "owner", place) ?? []);
}

/** Folders of one environment inside those of another, which reads them, too. */
function nestedFolders({ environments }: Settings, files: Files): readonly Problem[] {
  const owners = new Map<string, EnvironmentSettings[]>();
  for (const site of environments) {
    for (const path of site.connections.map(files.absolute)) owners.set(path, [...(owners.get(path) ?? []), site]);
  }
  return environments.flatMap((site) =>
    site.connections.flatMap((path) => {
      const outer = foldersAbove(files.absolute(path)).flatMap((folder) => owners.get(folder) ?? []);
      // Whoever names both means both.
      const names = [...new Set(outer.filter((one) => one !== site && !one.connections.includes(path)))].map(
        ({ name }) => name,
      );
      if (names.length === 0) return [];
      const detail = `${path}, a folder of ${site.name}, lies in a folder of ${names.join(", ")}, so its definitions are read there, too.`;
      const hint =
        "give each environment folders beside those of the others, such as connections/common and connections/NAME.";
      return [
        warning("SETTINGS.NESTED_FOLDERS", detail, {
          hint,
          ...(site.place === undefined ? {} : { place: site.place }),
        }),
      ];
    }),
  );
}

/** The folders that a path lies in, from the inside out. */
export function foldersAbove(path: string): readonly string[] {
  const parts = path.split("/");
  return parts.slice(1, -1).map((_, at) => parts.slice(0, parts.length - 1 - at).join("/"));
}

const ALLOWED_HOSTS = "FLEXPRICE_ALLOWED_HOSTS";

interface AllowedHosts {
  /** Host names, or host names with a port, in lower case. */
  readonly names: ReadonlySet<string>;
  readonly problems: readonly Problem[];
}

function allowedHosts(variables: Variables): AllowedHosts {
  const found = variables.lookUp(ALLOWED_HOSTS);
  if (found.state === "unset" || (found.state === "empty" && !found.fromFile))
    return { names: new Set(), problems: [] };
  const hint = `list host names, separated by commas, such as ${ALLOWED_HOSTS}=flexprice.example.com,billing.example.com:8443.`;
  const refused = (detail: string) => ({
    names: new Set<string>(),
    problems: [error("SETTINGS.BAD_ALLOWED_HOSTS", detail, { hint })],
  });
  if (found.state !== "set") return refused(`${whyMissing(ALLOWED_HOSTS, found)}.`);
  const names = found.value
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== "");
  const isHost = (name: string) => /^(?:\[[0-9a-f:]+\]|[a-z0-9_-]+(?:\.[a-z0-9_-]+)*)(?::\d{1,5})?$/.test(name);
  if (names.every(isHost)) return { names: new Set(names), problems: [] };
  return refused(`${ALLOWED_HOSTS} holds something that is no host name.`);
}

/** What no run could use, whichever environment it is about. */
function badTargets({ environments }: Settings, isHttpAllowed: boolean): readonly Problem[] {
  return environments.flatMap(({ baseUrl, environmentId }) => [
    ...[baseUrl && badBaseUrl(baseUrl.text, "base_url", isHttpAllowed, baseUrl.place)].flatMap((one) => one ?? []),
    ...[environmentId && badEnvironmentId(environmentId.text, "environment_id", environmentId.place)].flatMap(
      (one) => one ?? [],
    ),
  ]);
}

function foreignHosts({ environments }: Settings, { names }: AllowedHosts): readonly Problem[] {
  return environments.flatMap(({ name, baseUrl }) => {
    if (baseUrl === undefined || badBaseUrl(baseUrl.text, "", true) !== undefined) return [];
    const { hostname, host } = new URL(baseUrl.text);
    const isOurs = hostname === "flexprice.io" || hostname.endsWith(".flexprice.io");
    if (isOurs || isLoopback(hostname) || names.has(hostname) || names.has(host)) return [];
    const detail = `environments.${name} would send its key to ${host}, which is neither under flexprice.io nor this machine.`;
    const hint = `nothing was sent. If it is meant, whoever runs this adds ${host} to ${ALLOWED_HOSTS} (commas between several), for a file alone cannot; else correct base_url.`;
    return [error("SETTINGS.FOREIGN_HOST", detail, { place: baseUrl.place, hint })];
  });
}
