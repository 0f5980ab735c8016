import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { folderWith, writeInto } from "../support/folder.js";
import { Screen } from "../support/screen.js";
import { accessTo, definitionOfPushing, pushing, row, type Service, service } from "../support/service.js";

const definition = definitionOfPushing(false);

async function open(
  more: Readonly<Record<string, string>> = {},
  shell: readonly string[] = ["sh"],
): Promise<{ live: Service; screen: Screen; cwd: string }> {
  const live = await service([pushing]);
  const cwd = folderWith({ "connections/s.yaml": definition });
  return { live, cwd, screen: new Screen(cwd, accessTo(live, more), { shell }) };
}

const question =
  /Apply 1 change \(1 to (?:update|replace)\) at http:\/\/127\.0\.0\.1:\d+\/v1, env_test\? Only yes is taken:/;

describe("apply on a terminal", () => {
  it("shows the plan, names target, counts and dangers in its question, and applies on a typed yes", async () => {
    const { live, screen } = await open();
    screen.run("apply");
    const asked = await screen.until(question);
    expect(asked).toContain("Plan: 0 to create, 1 to update");
    expect(asked).toContain("danger: Stripe: invoices will no longer be pushed to Stripe");
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
    screen.run("plan -q --replace Stripe --out p.json && echo kept");
    await screen.until(/^kept/m);
    screen.run("apply -q p.json");
    await screen.until(/error\[APPLY\.DANGEROUS\][\s\S]*ended with 6/);
    screen.clear();
    screen.run("apply --replace Stripe");
    const asked = await screen.until(question);
    expect(asked).toContain("danger: Stripe: conn_s is archived for good");
    expect(asked).toContain("danger: Stripe: scheduled exports of the archived connection are deleted");
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
    const { live, screen, cwd } = await open();
    screen.run("apply");
    await screen.until(question);
    screen.press("C-c");
    const left = await screen.until(/ended with 130/);
    expect(left).toContain("error[RUN.INTERRUPTED] Interrupted: nothing was written.");
    expect(left).not.toContain("APPLY.DECLINED");
    screen.clear();
    screen.run("apply --json > out.json");
    await screen.until(question);
    screen.press("C-c");
    await screen.until(/ended with 130/);
    expect(JSON.parse(readFileSync(join(cwd, "out.json"), "utf8"))).toMatchObject({ exit_code: 130 });
    screen.clear();
    screen.run("apply");
    await screen.until(question);
    screen.press("C-d");
    await screen.until(/ended with 6/);
    expect(live.writes()).toEqual([]);
  });

  it("is no longer asked when the time of the run is up", async () => {
    const { live, screen } = await open();
    screen.run("apply --deadline 2");
    await screen.until(question);
    const over = await screen.until(/ended with 1/);
    expect(over).toContain("error[RUN.DEADLINE] Deadline passed: nobody had agreed by then, so nothing was written.");
    expect(live.writes()).toEqual([]);
  });

  it("goes on waiting when it comes back from the background", async () => {
    const { live, screen } = await open({}, ["bash", "--norc", "--noprofile", "-i"]);
    screen.run("apply");
    await screen.until(question);
    screen.press("C-z");
    await screen.until(/Stopped/);
    screen.answer("clear; fg; echo back with $?");
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(screen.text()).not.toContain("back with");
    screen.answer("yes");
    await screen.until(/1 updated[\s\S]*back with 0/);
    expect(live.writes()).toHaveLength(1);
  });

  it("takes no answer that was typed before the question stood there", async () => {
    const { live, screen } = await open();
    live.intercept = async ({ method }) => {
      if (method === "GET") await new Promise((resolve) => setTimeout(resolve, 1_500));
      return false;
    };
    screen.run("apply");
    await new Promise((resolve) => setTimeout(resolve, 700));
    screen.answer("yes");
    await screen.until(question);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(live.writes()).toEqual([]);
    screen.answer("no");
    await screen.until(/error\[APPLY\.DECLINED\][\s\S]*ended with 6/);
    expect(live.writes()).toEqual([]);
  });

  it("draws nothing on a terminal that cannot take a line away, nor where CI is set", async () => {
    for (const more of [{ TERM: "dumb" }, { CI: "1" }]) {
      const plain = await openSlow(more);
      plain.screen.run("apply --yes --parallelism 2");
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      expect(plain.screen.text()).not.toContain("[#");
      await plain.screen.until(/ended with 0/);
    }
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

/** Many connections to write, half a second each. */
async function openSlow(more: Readonly<Record<string, string>> = {}, columns = 100) {
  const rows = Array.from({ length: 8 }, (_, at) => row({ id: `conn_${at}`, provider_type: "s3", name: `E${at}` }));
  const live = await service(rows);
  let tries = 0;
  live.intercept = async ({ method }, response) => {
    if (method !== "PUT") return false;
    await new Promise((resolve) => setTimeout(resolve, 500));
    tries += 1;
    if (tries !== 2) return false;
    response.writeHead(503, { "content-type": "application/json" }).end('{"code":"busy","message":"busy"}');
    return true;
  };
  const text = rows.map(({ name }) => `name: ${name}\nprovider_type: s3\nmetadata: { a: b }\n`).join("---\n");
  const cwd = folderWith({ "connections/e.yaml": text });
  return { live, screen: new Screen(cwd, accessTo(live, more), { columns }) };
}

describe("a long run on a terminal", () => {
  const bar = /^Writing {2}\[#+\.+\] {2}\d of 8 {2}[\d.]+\/s {2}1 retry {2}\d+ s left$/m;

  it("draws how far it has come, beside what else it says, and leaves nothing of it", async () => {
    const { screen } = await openSlow();
    screen.run("apply --yes --parallelism 1");
    const under = await screen.until(bar);
    expect(under).toMatch(/answered 503; trying again/);
    const ended = await screen.until(/ended with 0/);
    expect(ended).not.toContain("Writing");
    expect(ended).toContain("Apply: 0 created, 8 updated");
  });

  it("is in words where there is no room for a bar, and not there with --no-progress", async () => {
    const { screen } = await openSlow({}, 50);
    screen.run("apply --yes -q --parallelism 1 --no-progress");
    expect(await screen.until(/ended with 0/)).not.toContain("Writing");
    const narrow = await openSlow({}, 50);
    narrow.screen.run("apply --yes --parallelism 1");
    await narrow.screen.until(/^Writing: \d of 8 {2}[\d.]+\/s {2}1 retry {2}\d s left$/m);
    await narrow.screen.until(/ended with 0/);
  });

  it("ends with Ctrl-C in a whole report", async () => {
    const { live, screen } = await openSlow();
    screen.run("apply --yes -q --parallelism 1 --no-progress");
    await screen.until(/./);
    while (live.writes().length === 0) await new Promise((resolve) => setTimeout(resolve, 50));
    screen.press("C-c");
    const over = await screen.until(/ended with 130/);
    expect(over).toContain("Interrupted. Nothing more is begun");
    expect(over).toMatch(/Apply: 0 created, [1-9]\d* updated, .* [1-9]\d* not started, /);
    expect(over).toContain("error[RUN.INTERRUPTED]");
  });

  it("is broken off by Ctrl-C with the terminal as it was", async () => {
    const { screen } = await openSlow();
    screen.run("apply --yes --parallelism 1");
    await screen.until(bar);
    screen.press("C-c");
    const ended = await screen.until(/ended with 130/);
    expect(ended).not.toMatch(bar);
    screen.answer("echo still he''re");
    expect(await screen.until(/^still here/m)).toBeTruthy();
    expect(screen.cursorIsShown()).toBe(true);
  });
});

describe("a narrow terminal", () => {
  it("has the plan broken between words, and the fixed last line whole where it is copied", async () => {
    const live = await service([{ ...pushing, metadata: { note: `${"the quick brown fox ".repeat(12)}old` } }]);
    const text = `${definition}metadata: { note: ${"the quick brown fox ".repeat(12)}new }\n`;
    const screen = new Screen(folderWith({ "connections/s.yaml": text }), accessTo(live), { columns: 60 });
    screen.run("plan");
    const shown = await screen.until(/ended with 0/);
    expect(shown).toMatch(/^ {8}- ….*old"$/m);
    expect(shown).toMatch(/^ {8}\+ ….*new"$/m);
    expect(shown).toMatch(/^ {6}danger: invoices will no longer be pushed to Stripe$/m);
    // -J joins what only the terminal broke.
    expect(screen.text("-J")).toMatch(/^Plan: 0 to create, 1 to update, .* 0 unknown\.$/m);
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
