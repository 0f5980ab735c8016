import { randomBytes } from "node:crypto";
import { catalogue } from "../generated/catalogue.js";
import type { Files } from "../load/files.js";
import { type Given, nothingGiven } from "../load/given.js";
import type { Interrupt } from "../model/interrupt.js";
import { Bug, error, isError, type Problem } from "../model/problem.js";
import { KnownSecrets, Secret } from "../model/secret.js";
import type { EnvironmentSettings, Settings } from "../model/settings.js";
import type { Connected, ReadingWorld, Target } from "../reconcile.js";
import { type Variables, variablesOf } from "../secrets/variables.js";
import { type Authorities, authoritiesOf } from "./authorities.js";
import { type Hosts, type HostsParts, nowMs } from "./hosts.js";
import { nodeFiles } from "./node-files.js";
import { DEFAULT_PARALLELISM, DEFAULT_TIMEOUT_SECONDS, type SiteOptions } from "./options.js";
import { type Proxies, proxiesOf } from "./proxies.js";
import { settingsFor } from "./settings.js";
import { allSites, sitesFor } from "./sites.js";
import { type StampVariables, stampVariablesOf } from "./stamp-variables.js";
import { type Access, accessOf } from "./target.js";

/** One environment of a run, and the way there. */
export interface Place {
  readonly site: EnvironmentSettings;
  /** Absent when it could not be made out, and where the network is not asked. */
  readonly access?: Access;
  /** Why it could not be made out. */
  readonly problems: readonly Problem[];
}

/** What a run is surrounded by. */
export interface Surroundings {
  /** Variables by their names. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** An absolute path: where paths start, and what a replace leaves is kept. */
  readonly workingFolder: string;
}

/** All that a command needs to know before it begins. */
export interface SetUp {
  readonly files: Files;
  readonly variables: Variables;
  readonly knownSecrets: KnownSecrets;
  readonly stamps: StampVariables;
  readonly settings?: Settings;
  /** All environments that there are. */
  readonly all: readonly EnvironmentSettings[];
  /** Those that are meant; none where the problems keep the command from beginning. */
  readonly places: readonly Place[];
  /** Variables that hold API keys of the settings: no definition may take one. */
  readonly keyVariables: ReadonlySet<string>;
  readonly parallelism: number;
  readonly timeoutMs: number;
  readonly authorities: Authorities;
  /** In milliseconds, from now. */
  readonly deadlineMs?: number;
  /** Of what is asked for and of the settings, whatever the environment. */
  readonly problems: readonly Problem[];
}

/**
 * Reads settings and variables, and makes out which environments are meant and how to reach them.
 *
 * @param isOffline - no key and no address is needed
 */
export function setUp(
  options: SiteOptions & { readonly command: string },
  { environment, workingFolder }: Surroundings,
  { given = nothingGiven, isOffline = false }: { readonly given?: Given; readonly isOffline?: boolean } = {},
): SetUp {
  const files = nodeFiles(workingFolder);
  const variables = variablesOf(environment, files.read);
  const knownSecrets = new KnownSecrets();
  const stamps: StampVariables = isOffline ? { keys: {}, secrets: [], problems: [] } : stampVariablesOf(variables);
  knownSecrets.add(stamps.secrets);
  const { settings, problems: ofSettings } = settingsFor(
    options.config,
    files,
    catalogue,
    variables,
    options.insecureHttp,
  );
  const proxies: Proxies = isOffline ? { proxyFor: () => ({}), secrets: [] } : proxiesOf(environment);
  const authorities = authoritiesOf(options.caFile, environment, files);
  knownSecrets.add(proxies.secrets);
  const all = allSites(settings);
  const isStopped = ofSettings.some(isError);
  const chosen = isStopped ? { sites: [], problems: [] } : sitesFor(all, options, given, files);
  const problems = [...ofSettings, ...chosen.problems, ...overrides(options, chosen.sites), ...authorities.problems];
  const sites = problems.some(isError) ? [] : chosen.sites;
  const keyValues: string[] = [];
  const places = sites.map((site) => (isOffline ? { site, problems: [] } : placeOf(site, isMeantAlone(site))));
  // Every key that there is, also of environments that are not meant: a service may repeat it.
  const keys = ["FLEXPRICE_API_KEY", ...all.flatMap(({ apiKey }) => apiKey?.text ?? [])].map(variables.lookUp);
  knownSecrets.add(keys.flatMap((key) => (key.state === "set" ? new Secret(key.value) : [])));
  const { parallelism, timeoutSeconds, deadlineSeconds } = settings?.defaults ?? {};
  return {
    files,
    variables,
    knownSecrets,
    stamps,
    ...(settings === undefined ? {} : { settings }),
    all,
    places,
    keyVariables: new Set(all.flatMap(({ apiKey }) => apiKey?.text ?? [])),
    parallelism: options.parallelism ?? parallelism ?? DEFAULT_PARALLELISM,
    authorities,
    timeoutMs: options.timeoutMs ?? Math.ceil((timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS) * 1000),
    ...deadlineOf(options.deadlineMs ?? (deadlineSeconds === undefined ? undefined : deadlineSeconds * 1000)),
    problems,
  };

  /** Whether somebody meant this environment and no other: what chance leaves of a glob or a share gets nobody's key. */
  function isMeantAlone({ name }: EnvironmentSettings): boolean {
    const named = given.plan?.targets.map((target) => target.environment) ?? options.env;
    return all.length === 1 || (named.length === 1 && named[0] === name);
  }

  /** The number of an environment's key among those that differ. */
  function keyNumberOf({ apiKey }: EnvironmentSettings): number {
    const key = variables.lookUp(apiKey?.text ?? "FLEXPRICE_API_KEY");
    const value = key.state === "set" ? key.value : "";
    if (!keyValues.includes(value)) keyValues.push(value);
    return keyValues.indexOf(value);
  }

  function placeOf(site: EnvironmentSettings, isOnly: boolean): Place {
    const { access, problems: found } = accessOf(options, variables, stamps, site, isOnly);
    const ofPlace = [...found, ...stamps.problems];
    if (access === undefined || ofPlace.some(isError)) return { site, problems: ofPlace };
    const { proxy, problem } = proxies.proxyFor(access.baseUrl);
    if (problem !== undefined) return { site, problems: [...ofPlace, problem] };
    const target = { ...access.target, keyNumber: keyNumberOf(site) };
    return { site, problems: ofPlace, access: { ...access, target, ...(proxy === undefined ? {} : { proxy }) } };
  }
}

function deadlineOf(deadlineMs: number | undefined): Pick<SetUp, "deadlineMs"> {
  return deadlineMs === undefined ? {} : { deadlineMs };
}

/** Options that say where the target is are about one environment. */
function overrides({ baseUrl, environmentId }: SiteOptions, sites: readonly EnvironmentSettings[]): readonly Problem[] {
  const named = [
    ...(baseUrl === undefined ? [] : ["--base-url"]),
    ...(environmentId === undefined ? [] : ["--environment-id"]),
  ];
  if (named.length === 0 || sites.length < 2) return [];
  const detail = `${named.join(" and ")} cannot be meant for ${sites.length} environments.`;
  return [error("USAGE.CONFLICT", detail, { hint: "name one environment with --env, or leave it to the settings." })];
}

/** Bytes of a salt: as many as nobody can meet twice. */
const SALT_BYTES = 16;

/** A text that never came before. */
function newSalt(): string {
  return randomBytes(SALT_BYTES).toString("base64url");
}

/** What the ways to the hosts of a run have in common. */
export function wireParts(
  { parallelism, timeoutMs, deadlineMs, knownSecrets, authorities }: SetUp,
  interrupt: Interrupt,
): Omit<HostsParts, "onEvent"> {
  const deadline = deadlineMs === undefined ? {} : { deadlineAtMs: nowMs() + deadlineMs };
  const { certificates } = authorities;
  const trusted = certificates === undefined ? {} : { certificates };
  return { parallelism, timeoutMs, knownSecrets, interrupt, ...trusted, ...deadline };
}

/** What a run touches to read: the world of {@link SetUp}, and the ways to its hosts. */
export function readingWorld(
  ready: SetUp,
  hosts: Hosts,
  { interrupt, onProgress }: Pick<ReadingWorld, "interrupt" | "onProgress">,
): ReadingWorld {
  const { files, variables, knownSecrets, stamps } = ready;
  const connect = connectBy(ready, hosts);
  const fingerprintKeys = stamps.keys;
  return { files, variables, catalogue, knownSecrets, fingerprintKeys, newSalt, connect, interrupt, onProgress };
}

/** Opens the way to an environment of a run. */
function connectBy({ places }: SetUp, hosts: Hosts): (target: Target) => Promise<Connected> {
  return ({ environment }) => {
    const place = places.find(({ site }) => site.name === environment);
    if (place?.access === undefined) throw new Bug(`connecting to ${environment} without a way there`);
    return hosts.connect(place.access);
  };
}
