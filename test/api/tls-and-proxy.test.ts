import { Agent, type Dispatcher, Pool, ProxyAgent, request } from "undici";
import { describe, expect, it, onTestFinished } from "vitest";
import { authority } from "../support/authority.js";
import { proxy } from "../support/proxy.js";
import { API_KEY, pushing, type Service, secureService, service } from "../support/service.js";

const YESTERDAY = new Date(Date.now() - 24 * 60 * 60 * 1000);

async function statusOf(url: string, dispatcher: Dispatcher): Promise<number> {
  onTestFinished(() => dispatcher.destroy());
  const { statusCode, body } = await request(url, { dispatcher, headers: { "x-api-key": API_KEY } });
  await body.dump();
  return statusCode;
}

const trusting = (ca: string) => new Agent({ connect: { ca } });
const portOf = ({ baseUrl }: Service) => Number(new URL(baseUrl).port);
const connectionsOf = ({ baseUrl }: Service) => `${baseUrl}/connections`;

describe("a service over TLS", () => {
  it("answers who trusts the authority of its certificate", async () => {
    const { certificate, issue } = authority();
    const live = await secureService([pushing], issue());
    expect(live.baseUrl).toMatch(/^https:\/\/localhost:\d+\/v1$/);
    expect(await statusOf(connectionsOf(live), trusting(certificate))).toBe(200);
    const byAddress = connectionsOf(live).replace("localhost", "127.0.0.1");
    expect(await statusOf(byAddress, trusting(certificate))).toBe(200);
    expect(live.received.map(({ path }) => path)).toEqual(["/v1/connections", "/v1/connections"]);
  });

  it("is not trusted by the authorities of the machine, nor by another one", async () => {
    const live = await secureService([], authority().issue());
    for (const dispatcher of [new Agent(), trusting(authority().certificate)]) {
      await expect(statusOf(connectionsOf(live), dispatcher)).rejects.toMatchObject({
        code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
      });
    }
    expect(live.received).toEqual([]);
  });

  it.each([
    ["of another host", { hosts: ["other.test", "127.0.0.2"] }, "ERR_TLS_CERT_ALTNAME_INVALID"],
    ["that has expired", { notAfter: YESTERDAY }, "CERT_HAS_EXPIRED"],
  ])("is not trusted with a certificate %s", async (_what, options, code) => {
    const { certificate, issue } = authority();
    const live = await secureService([], issue(options));
    await expect(statusOf(connectionsOf(live), trusting(certificate))).rejects.toMatchObject({ code });
    expect(live.received).toEqual([]);
  });
});

describe("a proxy", () => {
  it("opens a tunnel, in which the certificate of the service is checked", async () => {
    const { certificate, issue } = authority();
    const live = await secureService([pushing], issue({ hosts: ["flexprice.test"] }));
    const { url: uri, seen } = await proxy({ hosts: { "flexprice.test": portOf(live) } });
    const url = "https://flexprice.test/v1/connections";
    expect(await statusOf(url, new ProxyAgent({ uri, requestTls: { ca: certificate } }))).toBe(200);
    expect(seen.map(({ method, target }) => `${method} ${target}`)).toEqual(["CONNECT flexprice.test:443"]);
    expect(seen[0]?.headers).not.toHaveProperty("x-api-key");
    expect(live.received).toHaveLength(1);

    const stranger = new ProxyAgent({ uri, requestTls: { ca: authority().certificate } });
    await expect(statusOf(url, stranger)).rejects.toMatchObject({ code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" });
    expect(live.received).toHaveLength(1);
  });

  it("passes on a request in absolute form, but not what was meant for itself", async () => {
    const live = await service([pushing]);
    const { url, seen } = await proxy({ hosts: { "flexprice.test": portOf(live) }, credentials: "user:pass word" });
    const uri = url.replace("//", "//user:pass%20word@");
    const target = "http://flexprice.test/v1/connections?offset=3";
    expect(await statusOf(target, new ProxyAgent({ uri, proxyTunnel: false }))).toBe(200);
    expect(seen).toMatchObject([{ method: "GET", target, headers: { "proxy-authorization": expect.any(String) } }]);
    expect(live.received).toMatchObject([{ path: "/v1/connections?offset=3", headers: { "x-api-key": API_KEY } }]);
    expect(live.received[0]?.headers).not.toHaveProperty("proxy-authorization");
  });

  it("asks for credentials with 407, and tells the service nothing", async () => {
    const live = await service();
    const secure = await secureService([], authority().issue());
    const { url: uri, seen } = await proxy({ credentials: "user:password" });
    for (const given of [uri, uri.replace("//", "//user:wrong@")]) {
      await expect(statusOf(connectionsOf(secure), new ProxyAgent(given))).rejects.toMatchObject({
        message: "Proxy response (407) !== 200 when HTTP Tunneling",
      });
    }
    // Asked as any server is: the library makes an error without the answer of a 407 that it meets as a proxy's.
    const pool = new Pool(uri);
    onTestFinished(() => pool.destroy());
    const { statusCode, headers, body } = await pool.request({ method: "GET", path: connectionsOf(live) });
    await body.dump();
    expect({ statusCode, asks: headers["proxy-authenticate"] }).toEqual({
      statusCode: 407,
      asks: 'Basic realm="proxy of a test"',
    });
    expect(seen).toHaveLength(3);
    expect([...live.received, ...secure.received]).toEqual([]);
  });

  it.each([403, 502])("refuses every request with %i, if told to", async (refuse) => {
    const live = await service();
    const { url: uri } = await proxy({ refuse });
    expect(await statusOf(connectionsOf(live), new ProxyAgent({ uri, proxyTunnel: false }))).toBe(refuse);
    await expect(statusOf("https://localhost:9/", new ProxyAgent(uri))).rejects.toMatchObject({
      message: `Proxy response (${refuse}) !== 200 when HTTP Tunneling`,
    });
    expect(live.received).toEqual([]);
  });

  it("answers 502 for a host that is not on this machine, and for one that nothing listens at", async () => {
    const { url: uri } = await proxy();
    for (const host of ["flexprice.test", "localhost:9"]) {
      expect(await statusOf(`http://${host}/`, new ProxyAgent({ uri, proxyTunnel: false }))).toBe(502);
      await expect(statusOf(`https://${host}/`, new ProxyAgent(uri))).rejects.toMatchObject({
        message: "Proxy response (502) !== 200 when HTTP Tunneling",
      });
    }
  });
});
