import { BlockList, isIP } from "node:net";
import type { ProxyRoute } from "../api/route.js";
import { error, type Problem } from "../model/problem.js";
import { Secret } from "../model/secret.js";
import { isLoopback, shownScheme } from "./target.js";

export interface Proxies {
  /** The proxy on the way to a host, if there is one; or what is wrong with its variable. */
  readonly proxyFor: (url: URL) => { readonly proxy?: ProxyRoute; readonly problem?: Problem };
  /** What no text may repeat. */
  readonly secrets: readonly Secret[];
}

/**
 * The proxies that the variables of all programs name: `HTTPS_PROXY` and `HTTP_PROXY` by the scheme of the address, `NO_PROXY` for
 * exceptions; in small letters they win, as for curl.
 *
 * @see https://everything.curl.dev/usingcurl/proxies/env.html
 */
export function proxiesOf(environment: Readonly<Record<string, string | undefined>>): Proxies {
  const found = { "http:": read("HTTP_PROXY", environment), "https:": read("HTTPS_PROXY", environment) };
  const isExcepted = exceptionsOf(settingOf("NO_PROXY", environment)?.value ?? "");
  return {
    proxyFor(url) {
      const { proxy, problem } = url.protocol === "http:" ? found["http:"] : found["https:"];
      if (isExcepted(url)) return {};
      if (proxy === undefined) return problem === undefined ? {} : { problem };
      // For a proxy elsewhere this machine is another one: it would be sent what is meant for nobody else.
      return isLoopback(url.hostname) && !isLoopback(new URL(proxy.origin).hostname) ? {} : { proxy };
    },
    secrets: Object.values(found).flatMap(({ secrets }) => secrets),
  };
}

interface ReadProxy {
  readonly proxy?: ProxyRoute;
  readonly secrets: readonly Secret[];
  readonly problem?: Problem;
}

function settingOf(
  name: string,
  environment: Readonly<Record<string, string | undefined>>,
): { readonly name: string; readonly value: string } | undefined {
  for (const spelling of [name.toLowerCase(), name]) {
    const value = Object.hasOwn(environment, spelling) ? environment[spelling]?.trim() : undefined;
    if (value !== undefined && value !== "") return { name: spelling, value };
  }
  return undefined;
}

function read(variable: string, environment: Readonly<Record<string, string | undefined>>): ReadProxy {
  const found = settingOf(variable, environment);
  if (found === undefined) return { secrets: [] };
  const { name, value } = found;
  const text = value.includes("://") ? value : `http://${value}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const why = url === undefined ? "is no address of a proxy" : whyNot(url);
  if (url === undefined || why !== undefined) {
    const hint = `give it as http://HOST:PORT, with USER:PASSWORD@ before the host where it asks for them (in those / is %2F, # %23, @ %40, % %25), or unset ${name}.`;
    return { secrets: [], problem: error("SETTINGS.BAD_PROXY", `${name} ${why}.`, { hint }) };
  }
  if (url.username === "" && url.password === "") return { proxy: { origin: url.origin }, secrets: [] };
  const [user, password] = [decodeURIComponent(url.username), decodeURIComponent(url.password)];
  const credentials = new Secret(`${user}:${password}`);
  // Some take a token in place of both.
  return {
    proxy: { origin: url.origin, credentials },
    secrets: [credentials, new Secret(password === "" ? user : password)],
  };
}

/** What is wrong with the address of a proxy; the text is not repeated, for it may hold a password. */
function whyNot({ protocol, hostname, username, password }: URL): string | undefined {
  if (protocol !== "http:" && protocol !== "https:")
    return `begins with ${shownScheme({ protocol })}, and only proxies that speak HTTP are known`;
  if (hostname === "") return "names no host";
  try {
    decodeURIComponent(`${username}:${password}`);
    return undefined;
  } catch {
    return "holds a user or a password that is not written as in a URL: a % in it is %25";
  }
}

/** Whether a host is one of the exceptions: `*`, names with what is under them, addresses, ranges of them; each also with a port. */
function exceptionsOf(text: string): (url: URL) => boolean {
  const entries = text.split(/[\s,]+/).filter((entry) => entry !== "");
  const tests = entries.map(exceptionOf);
  return (url) => tests.some((test) => test(url));
}

function exceptionOf(entry: string): (url: URL) => boolean {
  if (entry === "*") return () => true;
  const [, address = "", bits] = /^\[?([\da-fA-F.:]+)\]?(?:\/(\d{1,3}))?$/.exec(entry) ?? [];
  if (isIP(address) !== 0) return inRange(address, bits);
  const [, name = "", port] = /^(.*?)(?::(\d+))?$/.exec(entry) ?? [];
  const wanted = bare(name).replace(/^\*?\./, "");
  return (url) => {
    const host = bare(url.hostname);
    const isNamed = host === wanted || (isIP(host) === 0 && host.endsWith(`.${wanted}`));
    return wanted !== "" && isNamed && (port === undefined || port === portOf(url));
  };
}

function inRange(address: string, bits: string | undefined): (url: URL) => boolean {
  const family = (ip: string) => (isIP(ip) === 6 ? "ipv6" : "ipv4");
  const range = new BlockList();
  const most = isIP(address) === 6 ? 128 : 32;
  if (bits === undefined) range.addAddress(address, family(address));
  else if (Number(bits) <= most) range.addSubnet(address, Number(bits), family(address));
  return ({ hostname }) => {
    const host = bare(hostname);
    return isIP(host) !== 0 && range.check(host, family(host));
  };
}

/** A host in small letters, without the brackets of an address and a dot at its end. */
function bare(host: string): string {
  return host
    .toLowerCase()
    .replace(/^\[|\]$/g, "")
    .replace(/\.$/, "");
}

function portOf({ port, protocol }: URL): string {
  if (port !== "") return port;
  return protocol === "http:" ? "80" : "443";
}
