import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { folderWith, writeInto } from "../support/folder.js";
import { Screen } from "../support/screen.js";
import { accessTo, row, type Service, service } from "../support/service.js";

const definition = "name: S\nprovider_type: stripe\nsync_config: { invoice: { outbound: false } }\n";

async function open(
  more: Readonly<Record<string, string>> = {},
): Promise<{ live: Service; screen: Screen; cwd: string }> {
  const live = await service([
    row({
      id: "conn_s",
      provider_type: "stripe",
      name: "S",
      sync_config: { invoice: { inbound: false, outbound: true } },
    }),
  ]);
  const cwd = folderWith({ "connections/s.yaml": definition });
  return { live, cwd, screen: new Screen(cwd, accessTo(live, more)) };
}

const question = /Apply 1 change to http:\/\/127\.0\.0\.1:\d+\/v1, env_test\? Only yes is taken:/;

describe("apply on a terminal", () => {
  it("shows the plan, names target, counts and dangers in its question, and applies on a typed yes", async () => {
    const { live, screen } = await open();
    screen.run("apply");
    const asked = await screen.until(question);
    expect(asked).toContain("Plan: 0 to create, 1 to update");
    expect(asked).toContain("danger: S: invoices will no longer be pushed to Stripe");
    expect(live.writes()).toEqual([]);
    expect(screen.text("-e")).toContain("\u001b[");
    screen.answer("yes");
    const ended = await screen.until(/ended with 0/);
    expect(ended).toContain("Apply: 0 created, 1 updated");
    expect(live.writes()).toHaveLength(1);
  });

  it("asks about a replace with all that is lost, and a typed yes is enough; a saved plan of one asks nothing", async () => {
    const { live, cwd, screen } = await open();
    writeInto(cwd, {
      "connections/s.yaml": `${definition}encrypted_secret_data: { secret_key: "\${PATH}", webhook_secret: "\${PATH}" }\n`,
    });
    screen.run("plan -q --replace S --out p.json && echo kept");
    await screen.until(/^kept/m);
    screen.run("apply -q p.json");
    await screen.until(/error\[APPLY\.DANGEROUS\][\s\S]*ended with 6/);
    screen.clear();
    screen.run("apply --replace S");
    const asked = await screen.until(question);
    expect(asked).toContain("danger: S: conn_s is archived for good");
    expect(asked).toContain("danger: S: scheduled exports of the archived connection are deleted");
    expect(live.writes()).toEqual([]);
    screen.answer("yes");
    await screen.until(/1 replaced[\s\S]*ended with 0/);
    expect(live.writes().map(({ method }) => method)).toEqual(["DELETE", "POST"]);
  });

  it.each(["y", "YES", "", "no"])("takes %j for no yes", async (answer) => {
    const { live, screen } = await open();
    screen.run("apply");
    await screen.until(question);
    screen.answer(answer);
    await screen.until(/error\[APPLY\.DECLINED\][\s\S]*ended with 6/);
    expect(live.writes()).toEqual([]);
  });

  it("is interrupted by Ctrl-C and ended by Ctrl-D, and writes nothing", async () => {
    const { live, screen } = await open();
    screen.run("apply");
    await screen.until(question);
    screen.press("C-c");
    await screen.until(/ended with 130/);
    screen.clear();
    screen.run("apply");
    await screen.until(question);
    screen.press("C-d");
    await screen.until(/ended with 6/);
    expect(live.writes()).toEqual([]);
  });

  it("never asks where CI is set", async () => {
    const { live, screen } = await open({ CI: "1" });
    screen.run("apply");
    await screen.until(/error\[APPLY\.NO_CONSENT\][\s\S]*ended with 6/);
    expect(live.writes()).toEqual([]);
  });

  it("keeps stdout for the document with --json and asks on stderr", async () => {
    const { live, screen, cwd } = await open();
    screen.run("apply --json > out.json");
    await screen.until(question);
    screen.answer("yes");
    await screen.until(/ended with 0/);
    const document = JSON.parse(readFileSync(join(cwd, "out.json"), "utf8"));
    expect(document.targets[0].changes[0].outcome.status).toBe("updated");
    expect(live.writes()).toHaveLength(1);
  });

  it("shows the plan on stderr where stdout goes elsewhere", async () => {
    const { live, screen, cwd } = await open();
    screen.run("apply > out.txt");
    const asked = await screen.until(question);
    expect(asked).toMatch(/outbound +true → false/);
    expect(live.writes()).toEqual([]);
    screen.answer("yes");
    await screen.until(/ended with 0/);
    const text = readFileSync(join(cwd, "out.txt"), "utf8");
    expect(text).toMatch(/outbound +true → false/);
    expect(text).toContain("Apply: 0 created, 1 updated");
  });
});

describe("a result that cannot be written", () => {
  it("is said, and no command that lost it succeeds", async () => {
    const { live, screen } = await open();
    screen.run("validate > /dev/full");
    expect(await screen.until(/ended with 1/)).toContain("error[INTERNAL.OUTPUT]");
    screen.clear();
    screen.run("apply --yes > /dev/full");
    expect(await screen.until(/ended with 4/)).toContain("run plan to see what the service has");
    expect(live.writes()).toHaveLength(1);
  });

  it("is no error when the reader has gone", async () => {
    const { screen } = await open();
    screen.run("schema | head -n 1");
    expect(await screen.until(/ended with 0/)).not.toContain("error[");
  });
});
