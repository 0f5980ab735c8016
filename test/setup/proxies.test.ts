import { describe, expect, it } from "vitest";
import { proxiesOf } from "../../src/setup/proxies.js";

const P = "http://proxy.test:3128";

function proxyOf(url: string, environment: Readonly<Record<string, string>>): string | undefined {
  return proxiesOf(environment).proxyFor(new URL(url)).proxy?.origin;
}

describe("the proxy of an address", () => {
  it.each<[Readonly<Record<string, string>>, string | undefined, string | undefined]>([
    [{}, undefined, undefined],
    [{ HTTPS_PROXY: P }, P, undefined],
    [{ https_proxy: P }, P, undefined],
    [{ HTTP_PROXY: P }, undefined, P],
    [{ http_proxy: P }, undefined, P],
    [{ HTTPS_PROXY: "http://other.test:1", https_proxy: P }, P, undefined],
    [{ HTTPS_PROXY: P, https_proxy: "" }, P, undefined],
    [{ HTTPS_PROXY: "" }, undefined, undefined],
    [{ HTTPS_PROXY: "  " }, undefined, undefined],
    [{ HTTPS_PROXY: "proxy.test:3128" }, P, undefined],
    [{ HTTPS_PROXY: "http://proxy.test:3128/ignored" }, P, undefined],
    [{ ALL_PROXY: P }, undefined, undefined],
  ])("with %j is %s for https: and %s for http:", (environment, secure, open) => {
    expect(proxyOf("https://api.flexprice.io/v1", environment)).toBe(secure);
    expect(proxyOf("http://api.flexprice.io/v1", environment)).toBe(open);
  });

  it.each<[string, string, boolean]>([
    ["*", "https://api.flexprice.io", true],
    ["a.test,*", "https://api.flexprice.io", true],
    ["flexprice.io", "https://api.flexprice.io", true],
    ["flexprice.io", "https://flexprice.io", true],
    [".flexprice.io", "https://api.flexprice.io", true],
    [".flexprice.io", "https://flexprice.io", true],
    ["*.flexprice.io", "https://us.api.flexprice.io", true],
    ["FLEXPRICE.IO", "https://api.flexprice.io", true],
    ["flexprice.io.", "https://api.flexprice.io", true],
    ["price.io", "https://api.flexprice.io", false],
    ["api.flexprice.io:443", "https://api.flexprice.io", true],
    ["api.flexprice.io:8443", "https://api.flexprice.io", false],
    ["api.flexprice.io:8443", "https://api.flexprice.io:8443", true],
    ["a.test b.test\tapi.flexprice.io", "https://api.flexprice.io", true],
    [",, ,", "https://api.flexprice.io", false],
    [".", "https://api.flexprice.io", false],
    ["10.1.2.3", "https://10.1.2.3", true],
    ["10.1.2.3", "https://10.1.2.33", false],
    ["10.0.0.0/8", "https://10.200.3.4:9", true],
    ["10.0.0.0/8", "https://11.0.0.1", false],
    ["10.0.0.0/99", "https://10.0.0.1", false],
    ["0.0.0", "https://10.0.0.0", false],
    ["2001:db8::1", "https://[2001:db8::1]", true],
    ["[2001:db8::1]", "https://[2001:db8::1]:9", true],
    ["2001:db8::/32", "https://[2001:db8:1::5]", true],
    ["2001:db8::/32", "https://10.0.0.1", false],
  ])("with NO_PROXY=%s is left out for %s: %s", (exceptions, url, isLeftOut) => {
    for (const name of ["NO_PROXY", "no_proxy"]) {
      const found = proxyOf(url, { HTTPS_PROXY: P, [name]: exceptions });
      expect(found).toBe(isLeftOut ? undefined : P);
    }
  });

  it("is left out for this machine, unless it is there itself", () => {
    const near = "http://127.0.0.1:3128";
    for (const url of ["https://localhost/v1", "https://127.0.0.1:8/v1", "https://[::1]/v1"]) {
      expect(proxyOf(url, { HTTPS_PROXY: P })).toBeUndefined();
      expect(proxyOf(url, { HTTPS_PROXY: near })).toBe(near);
    }
    expect(proxyOf("https://api.flexprice.io", { HTTPS_PROXY: near })).toBe(near);
  });

  it("takes user and password as they were before they were written into a URL, and knows both for secrets", () => {
    const { proxyFor, secrets } = proxiesOf({ HTTPS_PROXY: "http://ci:p%40ss%25w%C3%B6rd@proxy.test:3128" });
    const { proxy } = proxyFor(new URL("https://api.flexprice.io"));
    expect(proxy?.credentials?.isIn("ci:p@ss%wörd")).toBe(true);
    expect(secrets.every((secret) => secret.isIn("ci:p@ss%wörd"))).toBe(true);
    expect(JSON.stringify(proxy)).not.toContain("p@ss");
  });

  it("takes a token in place of both for the secret that it is", () => {
    const { secrets } = proxiesOf({ HTTPS_PROXY: "http://proxy-token-1@proxy.test:3128" });
    expect(secrets.some((secret) => secret.isIn("x proxy-token-1 y"))).toBe(true);
  });

  it.each([
    "http://",
    "socks5://proxy.test:1",
    "ftp://proxy.test",
    "canary-pw://x",
    "http://u:%ZZ@proxy.test",
    "http://a b",
    "://x",
  ])("that is %j is an error that does not repeat it", (value) => {
    const { problem } = proxiesOf({ https_proxy: value }).proxyFor(new URL("https://api.flexprice.io"));
    expect(problem?.code).toBe("SETTINGS.BAD_PROXY");
    expect(problem?.message).toContain("https_proxy");
    expect(problem?.message).not.toContain(value);
    expect(problem?.message).not.toContain("canary");
  });

  it("that is none is no matter where it is not asked", () => {
    const environment = { HTTPS_PROXY: "socks5://proxy.test:1", NO_PROXY: "flexprice.io" };
    const { proxyFor } = proxiesOf(environment);
    expect(proxyFor(new URL("https://api.flexprice.io"))).toEqual({});
    expect(proxyFor(new URL("http://billing.test"))).toEqual({});
    expect(proxyFor(new URL("https://billing.test"))).toMatchObject({ problem: { code: "SETTINGS.BAD_PROXY" } });
  });
});
