import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { faultsFor, launched, opened } from "../support/browser.js";
import { folderWith } from "../support/folder.js";
import { run } from "../support/program.js";
import { API_KEY, ENVIRONMENT, row, service } from "../support/service.js";

/*
 * The page of a report in a real browser, as it is kept by a CI job: a file that somebody opens.
 */

let browser: Browser;
beforeAll(async () => {
  browser = await launched();
});
afterAll(() => browser.close());

const HOSTILE = [
  "<script>document.title='taken'</script>",
  '"><img src=x onerror="document.title=\'taken\'">',
  "</details></li><h1>taken</h1>",
  "\u202egnp.exe",
  "javascript:alert(1)",
];

const long = [...Array(40).keys()].map((at) => `line ${at}`).join("\n");
const files = {
  "flexprice-sync.yaml": `environments:
  eu:
    base_url: \${EU_URL}
    api_key: \${EU_KEY}
    environment_id: ${ENVIRONMENT}
    connections: [eu]
  us:
    base_url: \${EU_URL}
    api_key: \${US_KEY}
    environment_id: env_us
    connections: [us]
`,
  "eu/stripe.yaml": `name: Stripe\nprovider_type: stripe\nmetadata: { team: billing, note: ${JSON.stringify(long.replace("line 20", "line twenty"))} }\nsync_config: { invoice: { outbound: false }, plan: { inbound: true } }\n`,
  "eu/chargebee.yaml":
    'name: Chargebee\nprovider_type: chargebee\nencrypted_secret_data: { site: acme, api_key: "${CB}", webhook_username: "${CB}", webhook_password: "${CB}" }\n',
  "us/exports.yaml": HOSTILE.map(
    (name, at) =>
      `name: ${JSON.stringify(`${at} ${name}`)}\nprovider_type: s3\nmetadata: { ${JSON.stringify(name)}: ${JSON.stringify(name)} }\nsync_config: { s3: { bucket: b, region: r } }\n`,
  ).join("---\n"),
};
const rows = [
  row({
    id: "conn_s",
    provider_type: "stripe",
    name: "Stripe",
    metadata: { note: long },
    sync_config: { invoice: { outbound: true } },
  }),
  ...HOSTILE.map((name, at) =>
    row({
      id: `conn_${at}`,
      provider_type: "s3",
      name: `${at} ${name}`,
      environment_id: "env_us",
      sync_config: { s3: { bucket: "a", region: "r" } },
    }),
  ),
];

/** A page of two environments: a create, an update with a danger and a long text, and names that are made to hurt. */
async function pageOf(): Promise<string> {
  const live = await service(rows);
  live.keys.set("sk_01K0US", "env_us");
  const cwd = folderWith({
    ...files,
    "flexprice-sync.yaml": files["flexprice-sync.yaml"].replaceAll("${EU_URL}", live.baseUrl),
  });
  const env = { EU_KEY: API_KEY, US_KEY: "sk_01K0US", CB: "canary-secret" };
  const ended = await run(["plan", "--env", "*", "--html-into", "plan.html"], { cwd, env });
  expect(ended, ended.stderr).toMatchObject({ code: 0 });
  return join(cwd, "plan.html");
}

/** A page of as many changes as a big fleet has. */
async function pageOfMany(count: number): Promise<string> {
  const numbers = [...Array(count).keys()];
  const live = await service(
    numbers.map((at) =>
      row({
        id: `conn_${at}`,
        provider_type: "s3",
        name: `exports ${at}`,
        sync_config: { s3: { bucket: "a", region: "r" } },
      }),
    ),
  );
  const cwd = folderWith({
    "connections/many.yaml": numbers
      .map(
        (at) =>
          `name: exports ${at}\nprovider_type: s3\nmetadata: { team: billing, number: ${at} }\nsync_config: { s3: { bucket: ${at % 100 === 7 ? "b" : "a"}, region: r } }\n`,
      )
      .join("---\n"),
  });
  const env = { FLEXPRICE_API_KEY: API_KEY, FLEXPRICE_BASE_URL: live.baseUrl, FLEXPRICE_ENVIRONMENT_ID: ENVIRONMENT };
  expect(await run(["plan", "-q", "--html-into", "plan.html"], { cwd, env })).toMatchObject({ code: 0 });
  return join(cwd, "plan.html");
}

const names = "ol.changes > li:not([hidden]) h3";

describe("the page of a plan", () => {
  it("opens without a complaint and asks for nothing", async () => {
    const { page, complaints, requests } = await opened(browser, await pageOf());
    expect(await page.title()).toBe("Flexprice connections: plan");
    expect(await page.locator(names).count()).toBe(7);
    expect(complaints).toEqual([]);
    expect(requests.filter((url) => !url.startsWith("file:") && url !== "data:,")).toEqual([]);
  });

  it("shows names that are made to hurt as what they are", async () => {
    const { page, complaints } = await opened(browser, await pageOf());
    const shown = await page.locator(names).allTextContents();
    for (const [at, name] of HOSTILE.entries()) expect(shown).toContain(`${at} ${name.replace("\u202e", "\\u202e")}`);
    await page.click("#open-all");
    expect(await page.title()).not.toBe("taken");
    expect(await page.locator("script").count()).toBe(1);
    expect(await page.locator("img, iframe, object, embed, form").count()).toBe(0);
    expect(await page.locator("h1").count()).toBe(1);
    expect(complaints).toEqual([]);
  });

  it("filters by action, environment, provider, danger and text, and says how many are left", async () => {
    const { page } = await opened(browser, await pageOf());
    const shown = () => page.locator(names).allTextContents();
    const count = () => page.locator("#shown").textContent();
    expect(await count()).toBe("7 of 7 shown");
    await page.uncheck('input[value="update"]');
    expect([await shown(), await count()]).toEqual([["Chargebee"], "1 of 7 shown"]);
    await page.click("#clear");
    await page.selectOption("#environment", "eu");
    expect(await shown()).toEqual(["Chargebee", "Stripe"]);
    await page.selectOption("#provider", "stripe");
    expect(await shown()).toEqual(["Stripe"]);
    await page.click("#clear");
    await page.check("#dangerous");
    expect(await shown()).toHaveLength(6);
    await page.fill("#search", "no longer PUSHED");
    expect(await shown()).toEqual(["Stripe"]);
    await page.fill("#search", "nothing has this");
    expect([await shown(), await count()]).toEqual([[], "0 of 7 shown"]);
    await page.click("#clear");
    expect(await count()).toBe("7 of 7 shown");
  });

  it("unfolds and folds what the filters leave", async () => {
    const { page } = await opened(browser, await pageOf());
    await page.selectOption("#environment", "eu");
    await page.click("#open-all");
    expect(await page.locator("details.change[open]").count()).toBe(2);
    await page.click("#close-all");
    expect(await page.locator("details.change[open]").count()).toBe(0);
  });

  it("leads from a danger to its connection, also when that is filtered away", async () => {
    const { page } = await opened(browser, await pageOf());
    await page.fill("#search", "nothing has this");
    await page.locator(".dangers a", { hasText: "Stripe" }).click();
    const stripe = page.locator("details.change", { has: page.locator("h3", { hasText: /^Stripe$/ }) });
    expect(await stripe.getAttribute("open")).toBe("");
    expect(await page.locator(":focus").textContent()).toContain("Stripe");
    // Once more, after it was folded and filtered away.
    await page.click("#close-all");
    await page.fill("#search", "nothing has this");
    await page.locator(".dangers a", { hasText: "Stripe" }).click();
    expect(await stripe.getAttribute("open")).toBe("");
    expect(await stripe.isVisible()).toBe(true);
  });

  it("can be read and worked by the keyboard alone", async () => {
    const { page } = await opened(browser, await pageOf());
    await page.keyboard.press("Tab");
    expect(await page.locator(":focus").textContent()).toBe("Skip to the connections");
    await page.locator("details.change summary").first().focus();
    await page.keyboard.press("Enter");
    // The page hears of a link's target only after the click.
    await page.waitForFunction("document.querySelectorAll('details.change[open]').length === 1");
    await page.locator("#search").focus();
    await page.keyboard.type("stripe");
    expect(await page.locator(names).allTextContents()).toEqual(["Stripe"]);
  });

  it("shows what differs in a long text, and not all that does not", async () => {
    const { page } = await opened(browser, await pageOf());
    await page.click("#open-all");
    const diff = page.locator("pre.diff");
    expect(await diff.locator("del").allTextContents()).toEqual(["- line 20"]);
    expect(await diff.locator("ins").allTextContents()).toEqual(["+ line twenty"]);
    expect(await diff.textContent()).toContain("equal lines");
    expect(await diff.textContent()).not.toContain("line 5");
  });

  it.each([
    ["light", 1280],
    ["dark", 1280],
    ["light", 360],
    ["dark", 360],
  ] as const)("has no serious fault for anybody, %s, %i wide, folded and not", async (colorScheme, width) => {
    const { page } = await opened(browser, await pageOf(), { colorScheme, viewport: { width, height: 800 } });
    expect(await faultsFor(page)).toEqual([]);
    await page.click("#open-all");
    expect(await faultsFor(page)).toEqual([]);
    // Nothing has to be scrolled sideways.
    expect(await page.evaluate("document.documentElement.scrollWidth - innerWidth")).toBeLessThanOrEqual(0);
  });

  it("is whole without its script", async () => {
    const { page } = await opened(browser, await pageOf(), { javaScriptEnabled: false });
    expect(await page.locator(names).count()).toBe(7);
    expect(await page.locator(".filters").isVisible()).toBe(false);
    await page.locator("details.change summary").first().click();
    // The page hears of a link's target only after the click.
    await page.waitForFunction("document.querySelectorAll('details.change[open]').length === 1");
  });

  it("unfolds itself for paper, and folds again", async () => {
    const { page } = await opened(browser, await pageOf());
    await page.evaluate(
      "addEventListener('beforeprint', () => { window.printed = document.querySelectorAll('details.change[open]').length; })",
    );
    await page.pdf();
    expect(await page.evaluate("window.printed")).toBe(7);
    expect(await page.locator("details.change[open]").count()).toBe(0);
    await page.emulateMedia({ media: "print" });
    expect(await page.locator(".filters").isVisible()).toBe(false);
  });

  it("holds two thousand changes, and finds in them", async () => {
    const { page, complaints } = await opened(browser, await pageOfMany(2_000));
    expect(await page.locator("#shown").textContent()).toBe("2000 of 2000 shown");
    await page.fill("#search", "exports 1234");
    expect(await page.locator(names).allTextContents()).toEqual(["exports 1234"]);
    await page.fill("#search", "");
    await page.check("#dangerous");
    expect(await page.locator("#shown").textContent()).toBe("20 of 2000 shown");
    // The one danger that twenty have: a few links, and the others folded.
    expect(await page.locator(".dangers li").count()).toBe(1);
    expect(await page.locator(".dangers a:visible").count()).toBe(5);
    await page.click(".dangers summary");
    expect(await page.locator(".dangers a:visible").count()).toBe(20);
    await page.locator(".dangers a").last().click();
    // The page hears of a link's target only after the click.
    await page.waitForFunction("document.querySelectorAll('details.change[open]').length === 1");
    expect(complaints).toEqual([]);
  });
});

describe("the page of a failed run", () => {
  it("shows the problems, and has no serious fault", async () => {
    const cwd = folderWith({
      "connections/a.yaml": 'name: <b>x</b>\nprovider_type: stripe\nsync_config: { invoice: { outbound: "no" } }\n',
    });
    expect(await run(["validate", "--html-into", "r.html"], { cwd })).toMatchObject({ code: 3 });
    const { page, complaints } = await opened(browser, join(cwd, "r.html"));
    expect(await page.locator(".problems li").allTextContents()).toEqual([
      expect.stringContaining("VALIDATE.WRONG_TYPE"),
    ]);
    expect(await page.locator(".problems li").textContent()).toContain("connections/a.yaml:3:37");
    expect(await faultsFor(page)).toEqual([]);
    expect(complaints).toEqual([]);
  });
});
