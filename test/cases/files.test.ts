import { mkdirSync, realpathSync, renameSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { folderWith, writeInto } from "../support/folder.js";
import { documentOf, lastLine, run, targetOf } from "../support/program.js";
import { API_KEY, accessTo, ENVIRONMENT, MARK, row, service } from "../support/service.js";
import { stampWith } from "../support/steps.js";

// Faults of other tools with files and folders, as the right result here. test/README.md says where they come from.

const commands: readonly (readonly string[])[] = [["plan"], ["apply", "--yes"]];
const flexprice = "name: relay\nprovider_type: flexprice\n";
const broken = "broken: [\n";

describe("a file that is broken or empty", () => {
  const hubspot = "name: a\nprovider_type: hubspot\n";
  const stripe = "name: b\nprovider_type: stripe\nencrypted_secret_data:\n\tsecret_key: ${SK}\n";
  const files = {
    "connections/a.yaml": hubspot,
    "connections/b.yaml": stripe,
    "connections/c.yaml": "",
    "connections/d.yaml": "# todo\n",
  };
  const rows = [
    row({ id: "conn_a", provider_type: "hubspot", name: "a" }),
    row({ id: "conn_b", provider_type: "stripe", name: "b" }),
  ];

  it.each(commands)("is no wish for less: %s shows no plan and asks the service nothing", async (...command) => {
    const live = await service(rows);
    const env = accessTo(live, { SK: "s" });
    const ended = await run(command, { cwd: folderWith(files), env });
    expect(ended).toMatchObject({ code: 3, stdout: "" });
    expect(ended.stderr).toContain("error[LOAD.BAD_YAML] connections/b.yaml:4:1: Not valid YAML: a tab is used as");
    const document = documentOf(await run([...command, "--json"], { cwd: folderWith(files), env }));
    expect(document.targets).toEqual([]);
    expect(document.problems.map(({ code, severity, file }) => `${severity} ${code} ${file}`)).toEqual([
      "error LOAD.BAD_YAML connections/b.yaml",
      "warning LOAD.EMPTY_FILE connections/c.yaml",
      "warning LOAD.EMPTY_FILE connections/d.yaml",
    ]);
    expect(live.received).toEqual([]);
  });

  it.each(commands)("is worth one warning and nothing more when it is only empty: %s", async (...command) => {
    const live = await service(rows);
    const cwd = folderWith({ ...files, "connections/b.yaml": stripe.replace("\t", "  ") });
    const ended = await run([...command, "--json"], { cwd, env: accessTo(live, { SK: "s" }) });
    expect(ended.code).toBe(0);
    expect(documentOf(ended).problems).toMatchObject([
      { severity: "warning", code: "LOAD.EMPTY_FILE", file: "connections/c.yaml", line: 1, column: 1 },
      { severity: "warning", code: "LOAD.EMPTY_FILE", file: "connections/d.yaml", line: 1, column: 1 },
    ]);
    const told = [...ended.stderr.matchAll(/^warning\[LOAD\.EMPTY_FILE\] (\S+): /gm)].map(([, place]) => place);
    expect(told).toEqual(["connections/c.yaml:1:1", "connections/d.yaml:1:1"]);
    expect(targetOf(ended).changes.filter(({ file }) => /[cd]\.yaml$/.test(file))).toEqual([]);
    expect(targetOf(ended).summary).toMatchObject({ create: 0, update: 0, archive: 0, unchanged: 2, unclaimed: 0 });
    expect(live.writes()).toEqual([]);
  });

  it("gives its warnings on stderr and leaves the result alone", async () => {
    const cwd = folderWith({ ...files, "connections/b.yaml": stripe.replace("\t", "  ") });
    const ended = await run(["validate"], { cwd, env: { SK: "s" } });
    expect(ended).toMatchObject({ code: 0, stdout: "Validate: 2 definitions in 2 files, 0 errors, 2 warnings.\n" });
    expect(ended.stderr.match(/^warning\[LOAD\.EMPTY_FILE\] connections\/[cd]\.yaml:1:1: /gm)).toHaveLength(2);
  });

  it.each(commands)("is no wish for nothing when all of them are empty: %s", async (...command) => {
    const live = await service(rows);
    const cwd = folderWith({ "connections/c.yaml": "", "connections/d.yaml": "# todo\n---\n---\n" });
    const ended = await run(command, { cwd, env: accessTo(live) });
    expect(ended).toMatchObject({ code: 3, stdout: "" });
    expect(ended.stderr).toContain("error[LOAD.NO_DEFINITIONS]");
    expect(live.received).toEqual([]);
  });
});

describe("a file from another system", () => {
  const plain = `# Chargebee of Norway
name: chargebee-no
provider_type: chargebee
encrypted_secret_data:
  site: no
  api_key: \${CB_KEY}
  webhook_username: \${CB_USER}
  webhook_password: \${CB_PW}
metadata:
  country: NO
  note: |
    first line
    second line
  folded: "one
    two"
---
name: relay
provider_type: flexprice
metadata: { window: 12:30:45, hook: "\${HOOK}" }
`;
  const dos = plain.replaceAll("\n", "\r\n");

  it("is the same to the byte with a byte order mark, with CRLF and with both: values, lines and columns", async () => {
    const live = await service([]);
    const shown = await Promise.all(
      [plain, `\ufeff${plain}`, dos, `\ufeff${dos}`].map(async (text) => {
        const cwd = folderWith({ "connections/cb.yaml": text });
        const env = accessTo(live, { CB_KEY: "k", CB_USER: "u" });
        return [await run(["plan"], { cwd, env }), await run(["validate", "--json"], { cwd, env })];
      }),
    );
    const [first, ...others] = shown;
    const [plan, checked] = first ?? [];
    expect(plan).toMatchObject({ code: 0, stdout: expect.stringMatching(/note +"first line\\nsecond line\\n"\n/) });
    expect(plan?.stdout).toMatch(/folded +"one two"\n/);
    expect(plan?.stdout).toContain("connections/cb.yaml:17\n");
    expect(checked?.stderr).toContain("warning[SECRETS.UNSET] connections/cb.yaml:8:21: ");
    expect(checked?.stderr).toContain("warning[SECRETS.UNSET] connections/cb.yaml:19:37: ");
    for (const other of others) expect(other).toEqual(first);
    expect(live.writes()).toEqual([]);
  });

  it("has its faults at the same places with a byte order mark and CRLF", async () => {
    const bad = "provider_type: Stripe\nname: a\nmetadata:\n  a: 1\n  a: 2\n";
    const places: (readonly string[])[] = [];
    for (const text of [bad, `\ufeff${bad}`, bad.replaceAll("\n", "\r\n"), `\ufeff${bad.replaceAll("\n", "\r\n")}`]) {
      const ended = await run(["validate", "--json"], { cwd: folderWith({ "connections/a.yaml": text }) });
      places.push(documentOf(ended).problems.map(({ code, line, column }) => `${code} ${line}:${column}`));
    }
    for (const found of places) expect(found).toEqual(["VALIDATE.UNKNOWN_PROVIDER 1:16", "LOAD.DUPLICATE_KEY 5:3"]);
  });

  it.each([
    ["UTF-16, little endian", Buffer.from(`\ufeff${dos}`, "utf16le")],
    ["UTF-16, big endian", Buffer.from(`\ufeff${dos}`, "utf16le").swap16()],
  ])("is refused by its name and encoding, and by nothing else, as %s", async (encoding, bytes) => {
    for (const command of commands) {
      const live = await service([]);
      const cwd = folderWith({ "connections/cb.yaml": bytes });
      const ended = await run(command, { cwd, env: accessTo(live) });
      expect(ended).toMatchObject({ code: 3, stdout: "" });
      expect(ended.stderr).toContain(
        `error[LOAD.NOT_UTF8] connections/cb.yaml:1:1: Not UTF-8: connections/cb.yaml is ${encoding}`,
      );
      expect(ended.stderr.match(/^error/gm)).toHaveLength(1);
      expect(live.received).toEqual([]);
    }
  });
});

describe("a file that stands for a variable", () => {
  it("gives its content to the byte but for one final line feed", async () => {
    const pem = "-----BEGIN KEY-----\nMIIB\n-----END KEY-----\n";
    const contents: Readonly<Record<string, readonly [content: string, value: string]>> = {
      BARE: ["canary-1", "canary-1"],
      ENDED: ["canary-2\n", "canary-2"],
      TWICE: ["canary-3\n\n", "canary-3\n"],
      PEM: [`${pem}\n`, pem],
      WINDOWS: ["canary-4\r\n", "canary-4\r"],
      MARKED: ["\ufeffcanary-5\n", "\ufeffcanary-5"],
    };
    const names = Object.keys(contents);
    const cwd = folderWith({
      "connections/f.yaml": `${flexprice}encrypted_secret_data:\n${names.map((name) => `  ${name}: \${${name}}\n`).join("")}`,
      ...Object.fromEntries(Object.entries(contents).map(([name, [content]]) => [`secrets/${name}`, content])),
    });
    const live = await service([]);
    const env = accessTo(live, Object.fromEntries(names.map((name) => [`${name}_FILE`, `secrets/${name}`])));
    const ended = await run(["apply", "--yes", "--debug"], { cwd, env });
    expect(ended.code).toBe(0);
    expect(live.writes()[0]?.body.encrypted_secret_data).toEqual(
      Object.fromEntries(Object.entries(contents).map(([name, [, value]]) => [name, value])),
    );
    expect(ended.stdout + ended.stderr).not.toContain("canary");
  });

  it("leads to the service, and is refused without any request when Windows left its signs in it", async () => {
    const live = await service([row({ id: "conn_f", provider_type: "flexprice", name: "relay" })]);
    const env = { FLEXPRICE_API_KEY_FILE: "key", FLEXPRICE_BASE_URL_FILE: "url", FLEXPRICE_ENVIRONMENT_ID_FILE: "id" };
    const plan = (key: string, id: string) =>
      run(["plan"], { cwd: folderWith({ "connections/f.yaml": flexprice, key, id, url: `${live.baseUrl}\n` }), env });
    expect(await plan(`${API_KEY}\n`, `${ENVIRONMENT}\n`)).toMatchObject({ code: 0, stderr: "" });
    expect(live.received.map(({ headers }) => headers)).toMatchObject([
      { "x-api-key": API_KEY, "x-environment-id": ENVIRONMENT },
    ]);
    live.received.length = 0;
    for (const [key, id] of [
      [`${API_KEY}\r\n`, `${ENVIRONMENT}\r\n`],
      [`\ufeff${API_KEY}\n`, `\ufeff${ENVIRONMENT}\n`],
    ] as const) {
      const refused = await plan(key, id);
      expect(refused).toMatchObject({ code: 3, stdout: "" });
      expect(refused.stderr).toContain("error[SETTINGS.BAD_API_KEY] Unusable API key: FLEXPRICE_API_KEY holds");
      expect(refused.stderr).toContain("error[SETTINGS.BAD_ENVIRONMENT_ID] ");
      expect(refused.stderr).not.toContain(API_KEY);
    }
    expect(live.received).toEqual([]);
  });
});

describe("a .env beside the definitions", () => {
  it("is not read, whoever wrote it: what it names is missing still", async () => {
    const live = await service([]);
    const text = `FLEXPRICE_API_KEY=${API_KEY}\nHOOK=h\n`;
    for (const content of [text, `\ufeff${text.replaceAll("\n", "\r\n")}`]) {
      const cwd = folderWith({ "connections/f.yaml": `${flexprice}metadata: { hook: "\${HOOK}" }\n`, ".env": content });
      const [plan, checked] = await Promise.all([
        run(["plan"], { cwd, env: { FLEXPRICE_BASE_URL: live.baseUrl } }),
        run(["validate", "--require-env"], { cwd }),
      ]);
      expect(plan).toMatchObject({ code: 3, stdout: "" });
      expect(plan.stderr).toContain("error[SETTINGS.NO_API_KEY] ");
      expect(checked.code).toBe(3);
      expect(checked.stderr).toContain("error[SECRETS.UNSET] connections/f.yaml:3:19: ");
    }
    expect(live.received).toEqual([]);
  });
});

describe("a folder without definitions", () => {
  /** All of them with our owner's stamp, so that they are ours to archive. */
  const twelve = Array.from({ length: 12 }, (_, index) => {
    const id = `conn_${index}`;
    const metadata = { [MARK]: stampWith("s3", { id, owner: "acme", salt: `the-salt-of-${id}` }) };
    return row({ id, provider_type: "s3", name: `export ${index}`, metadata });
  });
  const owner = { FLEXPRICE_SYNC_OWNER: "acme" };

  it.each<[string, (project: string) => string]>([
    ["is missing", (project) => project],
    [
      "is empty",
      (project) => {
        mkdirSync(join(project, "connections"));
        return project;
      },
    ],
    [
      "holds only a README.md",
      (project) => {
        writeInto(project, { "connections/README.md": "# Connections\n" });
        return project;
      },
    ],
    [
      "is one folder further down",
      (project) => {
        writeInto(project, { "billing/connections/f.yaml": flexprice });
        return project;
      },
    ],
    [
      "holds nothing but backups and hidden files",
      (project) => {
        writeInto(project, { "connections/f.yaml~": flexprice, "connections/.f.yaml": flexprice });
        return project;
      },
    ],
  ])("wipes nothing when it %s", async (_what, prepare) => {
    const live = await service(twelve);
    const cwd = prepare(folderWith());
    const env = accessTo(live, owner);
    const all = [...commands, ["apply", "--yes", "--allow-dangerous"], ["prune", "--yes", "--allow-dangerous"]];
    for (const ended of await Promise.all(all.map((command) => run(command, { cwd, env })))) {
      expect(ended).toMatchObject({ code: 3, stdout: "" });
      expect(ended.stderr).toContain(`no connection files under ${join(realpathSync(cwd), "connections")}`);
    }
    expect(live.received).toEqual([]);
  });

  it("is named as it was looked up when it was named by hand", async () => {
    const live = await service(twelve);
    const cwd = folderWith({ "connections/f.yaml": flexprice });
    for (const command of commands) {
      const ended = await run([...command, "-d", "connections", "-d", "../conections"], { cwd, env: accessTo(live) });
      expect(ended).toMatchObject({ code: 3, stdout: "" });
      expect(ended.stderr).toContain(`no connection files under ${join(realpathSync(cwd), "../conections")}`);
    }
    expect(live.received).toEqual([]);
  });

  it("is no matter for rows that no file names: they stay, and are counted", async () => {
    const live = await service(twelve);
    const cwd = folderWith({ "connections/one.yaml": "name: export 1\nprovider_type: s3\nmetadata: { a: 1 }\n" });
    const ended = await run(["apply", "--yes", "--allow-dangerous", "--json"], { cwd, env: accessTo(live, owner) });
    expect(targetOf(ended).summary).toMatchObject({ update: 1, archive: 0, unclaimed: 11 });
    expect(live.writes().map(({ method, path }) => `${method} ${path}`)).toEqual(["PUT /v1/connections/conn_1"]);
  });

  it("is no matter for prune, which takes rows only with two consents, and within the share that is set", async () => {
    const live = await service(twelve);
    const cwd = folderWith({ "connections/one.yaml": "name: export 1\nprovider_type: s3\n" });
    const prune = (...args: readonly string[]) => run(["prune", ...args], { cwd, env: accessTo(live, owner) });
    const refused = await Promise.all([
      prune(),
      prune("--yes"),
      prune("--allow-dangerous"),
      prune("--yes", "--allow-dangerous", "--max-changes", "50%"),
    ]);
    expect(refused.map(({ code }) => code)).toEqual([6, 6, 6, 6]);
    expect(live.writes()).toEqual([]);
    expect((await prune("--yes", "--allow-dangerous", "--max-changes", "11")).code).toBe(0);
    expect(live.rows.map(({ id }) => id)).toEqual(["conn_1"]);
  });
});

describe("links", () => {
  const counted = "Validate: 1 definition in 1 file, 0 errors, 0 warnings.\n";

  it("to a file inside the folder are fine, and the file counts once", async () => {
    const cwd = folderWith({ "connections/a.yaml": flexprice, "connections/sub/README.md": "x" });
    symlinkSync("a.yaml", join(cwd, "connections/b.yaml"));
    symlinkSync("../a.yaml", join(cwd, "connections/sub/c.yaml"));
    expect(await run(["validate"], { cwd })).toEqual({ code: 0, stdout: counted, stderr: "" });
  });

  it("to a file or folder outside are refused at their place, for plan and apply without any request", async () => {
    const cwd = folderWith({ "connections/a.yaml": flexprice, "other/b.yaml": "name: b\nprovider_type: razorpay\n" });
    symlinkSync("../other/b.yaml", join(cwd, "connections/b.yaml"));
    symlinkSync("../other", join(cwd, "connections/more"));
    symlinkSync("/etc", join(cwd, "connections/etc"));
    const live = await service([]);
    for (const command of commands) {
      const ended = await run([...command, "--json"], { cwd, env: accessTo(live) });
      expect(documentOf(ended).targets).toEqual([]);
      expect(
        documentOf(ended).problems.map(({ code, file, line, column }) => `${code} ${file}:${line}:${column}`),
      ).toEqual(["b.yaml", "etc", "more"].map((name) => `LOAD.LINK_OUTSIDE connections/${name}:1:1`));
      expect(documentOf(ended).problems[0]?.message).toContain(join(realpathSync(cwd), "other/b.yaml"));
    }
    expect(live.received).toEqual([]);
  });

  it("to a folder whose name only begins like ours are outside too", async () => {
    const cwd = folderWith({ "connections/a.yaml": flexprice, "connections-old/b.yaml": flexprice });
    symlinkSync("../connections-old/b.yaml", join(cwd, "connections/b.yaml"));
    const ended = await run(["validate"], { cwd });
    expect(ended.code).toBe(3);
    expect(ended.stderr).toContain("error[LOAD.LINK_OUTSIDE] connections/b.yaml:1:1: ");
  });

  it("are fine as Kubernetes lays them out in a mounted folder, also while it changes", async () => {
    const cwd = folderWith({ "connections/..2026_11_25/x.yaml": flexprice });
    symlinkSync("..2026_11_25", join(cwd, "connections/..data"));
    symlinkSync("..data/x.yaml", join(cwd, "connections/x.yaml"));
    expect(await run(["validate"], { cwd })).toEqual({ code: 0, stdout: counted, stderr: "" });
    expect((await run(["validate", join(cwd, "connections")], { cwd: folderWith() })).stdout).toBe(counted);

    // The new content stands beside the old until the link is moved over in one step.
    writeInto(cwd, { "connections/..2026_11_26/x.yaml": "name: relay\nprovider_type: flexprice\nnope: 1\n" });
    expect((await run(["validate"], { cwd })).stdout).toBe(counted);
    symlinkSync("..2026_11_26", join(cwd, "connections/..data_tmp"));
    renameSync(join(cwd, "connections/..data_tmp"), join(cwd, "connections/..data"));
    const changed = await run(["validate"], { cwd });
    expect(changed.code).toBe(3);
    expect(changed.stderr).toContain("error[VALIDATE.UNKNOWN_FIELD] connections/x.yaml:3:1: ");
  });

  it("are fine as the folder itself", async () => {
    const cwd = folderWith({ "mounted/a.yaml": flexprice });
    symlinkSync("mounted", join(cwd, "connections"));
    expect(await run(["validate"], { cwd })).toEqual({ code: 0, stdout: counted, stderr: "" });
  });

  it("to nothing are an error, never a definition less", async () => {
    const cwd = folderWith({ "connections/a.yaml": flexprice });
    symlinkSync("gone.yaml", join(cwd, "connections/b.yaml"));
    const live = await service([]);
    for (const command of commands) {
      const ended = await run(command, { cwd, env: accessTo(live) });
      expect(ended).toMatchObject({ code: 3, stdout: "" });
      expect(ended.stderr).toContain("error[LOAD.UNREADABLE] connections/b.yaml:1:1: ");
    }
    expect(live.received).toEqual([]);
  });
});

describe("names", () => {
  it("of editors' backups, locks and hidden files are passed over, whatever they hold", async () => {
    const passedOver = [
      "x.yaml~",
      "x.yaml.bak",
      "x.yaml.orig",
      ".x.yaml.swp",
      "#x.yaml#",
      ".hidden.yaml",
      ".git/config.yaml",
      "x.json",
      "yaml",
    ];
    const cwd = folderWith({
      "connections/x.yaml": flexprice,
      ...Object.fromEntries(passedOver.map((name) => [`connections/${name}`, broken])),
    });
    // The lock that Emacs keeps beside a file that is being edited: a link to nothing.
    symlinkSync("somebody@host.4711:1", join(cwd, "connections/.#x.yaml"));
    expect(await run(["validate"], { cwd })).toEqual({
      code: 0,
      stdout: "Validate: 1 definition in 1 file, 0 errors, 0 warnings.\n",
      stderr: "",
    });
  });

  it("that end in .yaml may be those of folders", async () => {
    const cwd = folderWith({
      "connections/eu.yaml/a.yaml": flexprice,
      "connections/us.yml/deep.yaml/b.yml": "name: b\nprovider_type: razorpay\n",
      "more.yaml/c.YAML": "name: c\nprovider_type: hubspot\n",
    });
    const ended = await run(["validate", "connections", "more.yaml"], { cwd });
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    expect(lastLine(ended.stdout)).toBe("Validate: 3 definitions in 3 files, 0 errors, 0 warnings.");
    const live = await service([]);
    const plan = await run(["plan", "--json", "-d", "connections", "-d", "more.yaml"], {
      cwd: folderWith({ "connections/eu.yaml/a.yaml": flexprice, "more.yaml/README.md": "x" }),
      env: accessTo(live),
    });
    expect(plan.code).toBe(3);
    expect(documentOf(plan).problems.map(({ code }) => code)).toEqual(["LOAD.NO_FILES"]);
  });
});
