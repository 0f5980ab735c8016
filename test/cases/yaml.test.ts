import { describe, expect, it } from "vitest";
import { folderWith } from "../support/folder.js";
import { documentOf, run } from "../support/program.js";
import { accessTo, type Received, service, unmarked } from "../support/service.js";

// Faults of other tools with YAML itself, as the right result here. test/README.md says where they come from.

const secrets = { AK: "a", SK: "b", PK: "c", WH: "d", CB_KEY: "e", CB_USER: "f", CB_PW: "g" };

/** What an apply of these texts, each in a file of its own, sends to an empty service. */
async function sent(...texts: readonly string[]): Promise<readonly Received["body"][]> {
  const live = await service([]);
  const files = Object.fromEntries(texts.map((text, index) => [`connections/${index}.yaml`, text]));
  const ended = await run(["apply", "--yes"], { cwd: folderWith(files), env: accessTo(live, secrets) });
  expect(ended.code).toBe(0);
  return live.writes().map(({ body }) => unmarked(body));
}

/** The metadata that the service is sent for a new connection with these lines as its `metadata`. */
async function sentMetadata(lines: string): Promise<unknown> {
  return (await sent(inMetadata(lines)))[0]?.metadata;
}

/** The lines stand from the fourth on. */
function inMetadata(lines: string): string {
  return `name: n\nprovider_type: flexprice\nmetadata:\n${lines}`;
}

/**
 * Applies all these texts at once, each in a file of its own, and expects of each exactly these problems, given as
 * `CODE line:column`, and of the run that it sends no request.
 */
async function expectRefused(cases: readonly (readonly [what: string, text: string, ...problems: string[]])[]) {
  const live = await service([]);
  const cwd = folderWith(Object.fromEntries(cases.map(([, text], index) => [`connections/${index}.yaml`, text])));
  const ended = await run(["apply", "--yes", "--json"], { cwd, env: accessTo(live, secrets) });
  const { problems: all, targets } = documentOf(ended);
  // Only that the texts stand side by side makes several of them claim one connection.
  const problems = all.filter(({ code }) => code !== "VALIDATE.SAME_CONNECTION");
  const found = cases.map(([what], index) => [
    what,
    ...problems
      .filter(({ file }) => file === `connections/${index}.yaml`)
      .map(({ code, line, column }) => `${code} ${line}:${column}`),
  ]);
  expect(found).toEqual(cases.map(([what, , ...expected]) => [what, ...expected]));
  expect(problems.filter(({ hint, severity }) => hint === undefined || severity !== "error")).toEqual([]);
  expect({ code: ended.code, targets, received: live.received }).toEqual({ code: 3, targets: [], received: [] });
  expect(ended.stderr).not.toContain("    at ");
}

describe("a key that stands twice", () => {
  const twice = `name: s3-exports
provider_type: s3
encrypted_secret_data:
  aws_access_key_id: \${AK}
  aws_secret_access_key: \${SK}
sync_config:
  s3: {bucket: prod-exports, region: us-east-1}
sync_config:
  s3: {bucket: test-exports, region: us-east-1}
`;

  it("is refused at its second place, wherever it stands and however it is written", async () => {
    await expectRefused([
      ["at the top", twice, "LOAD.DUPLICATE_KEY 8:1"],
      ["between braces", inMetadata("  s3: {bucket: a, region: r, bucket: b}\n"), "LOAD.DUPLICATE_KEY 4:30"],
      ["deep inside of a list", inMetadata("  a: [{b: {c: 1, c: 2}}]\n"), "LOAD.DUPLICATE_KEY 4:18"],
      ["once in quotes", inMetadata('  team: a\n  "team": b\n'), "LOAD.DUPLICATE_KEY 5:3"],
      ["once with an escape", inMetadata('  team: a\n  "te\\u0061m": b\n'), "LOAD.DUPLICATE_KEY 5:3"],
      ["three times", inMetadata("  a: 1\n  a: 1\n  a: 1\n"), "LOAD.DUPLICATE_KEY 5:3", "LOAD.DUPLICATE_KEY 6:3"],
      ["as a number and as text", inMetadata('  1: a\n  "1": b\n'), "LOAD.KEY_NOT_TEXT 4:3"],
    ]);
  });

  it("is told with its first place", async () => {
    const ended = await run(["validate"], { cwd: folderWith({ "connections/s3.yaml": twice }) });
    expect(ended.code).toBe(3);
    expect(ended.stderr).toContain(
      "error[LOAD.DUPLICATE_KEY] connections/s3.yaml:8:1: Duplicate key: sync_config stands here again (first at 6:1).",
    );
  });

  it("is no fault in two documents of a file", async () => {
    const two = "name: a\nprovider_type: flexprice\n---\nname: b\nprovider_type: razorpay\n";
    const ended = await run(["validate"], { cwd: folderWith({ "connections/two.yaml": two }) });
    expect(ended.stdout).toBe("Validate: 2 definitions in 1 file, 0 errors, 0 warnings.\n");
  });
});

describe("plain words that YAML 1.1 took for switches, dates and times", () => {
  const chargebee = `name: chargebee-no
provider_type: chargebee
encrypted_secret_data:
  site: no
  api_key: \${CB_KEY}
  webhook_username: \${CB_USER}
  webhook_password: \${CB_PW}
metadata:
  country: NO
  alerts: on
  go_live: 2026-11-24
  window: 12:30:45
`;
  const body = {
    name: "chargebee-no",
    provider_type: "chargebee",
    encrypted_secret_data: { site: "no", api_key: "e", webhook_username: "f", webhook_password: "g" },
    metadata: { country: "NO", alerts: "on", go_live: "2026-11-24", window: "12:30:45" },
  };

  it("arrive as the text they are, and then nothing differs", async () => {
    const live = await service([]);
    const cwd = folderWith({ "connections/cb.yaml": chargebee });
    const env = accessTo(live, secrets);
    expect((await run(["apply", "--yes"], { cwd, env })).code).toBe(0);
    expect(live.writes().map((write) => unmarked(write.body))).toEqual([body]);
    expect((await run(["plan", "--detailed-exitcode"], { cwd, env })).code).toBe(0);
  });

  it("arrive so where the file says that it is YAML 1.2, and never where it asks for 1.1", async () => {
    expect(await sent(`%YAML 1.2\n---\n${chargebee}`)).toEqual([body]);
    const old = `%YAML 1.1\n---\n${chargebee}`;
    await expectRefused([["old", old, "LOAD.YAML_VERSION 1:1"]]);
    const ended = await run(["validate"], { cwd: folderWith({ "connections/old.yaml": old }) });
    expect(ended.stderr).toContain("only YAML 1.2 is read");
  });

  it("arrive as text, all of them", async () => {
    const words = ["y", "Yes", "off", "1_000", "0b11", "1:20", "2026-11-24T10:00:00Z", "=", "1,000", "~user", "Nan"];
    expect(await sentMetadata(`  words:\n${words.map((word) => `    - ${word}\n`).join("")}`)).toEqual({ words });
  });
});

describe("keys that JavaScript treats in a special way", () => {
  const stripe = (lines: string) => `name: stripe-eu
provider_type: stripe
encrypted_secret_data:
  publishable_key: \${PK}
  secret_key: \${SK}
  webhook_secret: \${WH}
metadata:
${lines}`;

  it("are refused at their place, at any depth, plain or in quotes", async () => {
    await expectRefused(
      ["__proto__", "constructor", "prototype"].flatMap((key) => [
        [`${key} plain`, stripe(`  ${key}: {is_admin: true}\n`), "LOAD.FORBIDDEN_KEY 8:3"],
        [`${key} in quotes`, stripe(`  "${key}": {is_admin: true}\n`), "LOAD.FORBIDDEN_KEY 8:3"],
        [`${key} in a list`, stripe(`  list: [{ ${key}: {is_admin: true} }]\n`), "LOAD.FORBIDDEN_KEY 8:12"],
        [`${key} at the top`, `${key}: {is_admin: true}\n${stripe("  team: x\n")}`, "LOAD.FORBIDDEN_KEY 1:1"],
      ]),
    );
  });

  it("change nothing in the process that reads them", async () => {
    // Runs inside of the program: says at its end what every object has inherited by then.
    const probe = "process.on('exit',()=>process.stderr.write('admin:'+({}).is_admin+';'))";
    const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(probe)}`, ...secrets };
    const files = [
      "  __proto__: {is_admin: true}\n  <<: {__proto__: {is_admin: true}}\n",
      '  "__proto__": {is_admin: true}\n',
      "  constructor: {prototype: {is_admin: true}}\n",
      "  prototype: {is_admin: true}\n",
    ].map((lines) => folderWith({ "connections/stripe.yaml": stripe(lines) }));
    const all = await Promise.all(files.map((cwd) => run(["validate"], { cwd, env })));
    for (const [at, key] of ["__proto__", "__proto__", "constructor", "prototype"].entries()) {
      expect(all[at]?.code).toBe(3);
      expect(all[at]?.stderr).toContain("error[LOAD.FORBIDDEN_KEY] connections/stripe.yaml:8:3: ");
      expect(all[at]?.stderr).toContain(`${key} cannot be used as a key`);
      expect(all[at]?.stderr).toContain("admin:undefined;");
    }
  });

  it("are ordinary keys where they only look alike", async () => {
    expect(await sentMetadata("  proto: 1\n  toString: a\n  hasOwnProperty: b\n  length: c\n")).toEqual({
      proto: 1,
      toString: "a",
      hasOwnProperty: "b",
      length: "c",
    });
  });

  it("are refused as merge keys, whatever is merged", async () => {
    await expectRefused([
      ["a map", stripe("  <<: {team: billing}\n"), "LOAD.MERGE_KEY 8:3"],
      ["in quotes", stripe('  "<<": {team: billing}\n'), "LOAD.MERGE_KEY 8:3"],
      ["an alias", stripe("  base: &base {team: billing}\n  copy:\n    <<: *base\n"), "LOAD.MERGE_KEY 10:5"],
      ["aliases", stripe("  a: &a {x: 1}\n  b: &b {y: 1}\n  c: { <<: [*a, *b], z: 1 }\n"), "LOAD.MERGE_KEY 10:8"],
      [
        "beside a forbidden key",
        stripe("  __proto__: {is_admin: true}\n  <<: {team: billing}\n"),
        "LOAD.FORBIDDEN_KEY 8:3",
        "LOAD.MERGE_KEY 9:3",
      ],
    ]);
    const cwd = folderWith({ "connections/stripe.yaml": stripe("  <<: {team: billing}\n") });
    const ended = await run(["validate"], { cwd, env: secrets });
    expect(ended.stderr).toContain("merge keys are not supported");
  });
});

describe("anchors and aliases", () => {
  it("are written out where they are harmless, and mean the nearest anchor before them", async () => {
    expect(
      await sentMetadata(`  team: &team billing
  owner: *team
  hours: &hours {from: 9, to: 17}
  support: *hours
  all: [*hours, *team]
  next: &team sales
  last: *team
`),
    ).toEqual({
      team: "billing",
      owner: "billing",
      hours: { from: 9, to: 17 },
      support: { from: 9, to: 17 },
      all: [{ from: 9, to: 17 }, "billing"],
      next: "sales",
      last: "sales",
    });
  });

  it("take references with them, each resolved once", async () => {
    expect(await sentMetadata('  a: &a { from: "${CB_USER}", as: "$${CB_USER}" }\n  b: *a\n')).toEqual({
      a: { from: "f", as: "${CB_USER}" },
      b: { from: "f", as: "${CB_USER}" },
    });
  });

  it("are refused where they lead nowhere or to themselves", async () => {
    await expectRefused([
      ["to nowhere", inMetadata("  a: *gone\n"), "LOAD.BAD_YAML 4:6"],
      ["to what comes later", inMetadata("  a: *b\n  b: &b 1\n"), "LOAD.BAD_YAML 4:6"],
      ["to themselves", inMetadata("  a: &a\n    b: *a\n"), "LOAD.BAD_YAML 5:8"],
    ]);
  });

  it("are answered soon, with a place, when a few lines would unfold into billions", { timeout: 10_000 }, async () => {
    const levels = Array.from({ length: 12 }, (_, level) => {
      const inner = level === 0 ? '"ha"' : `*l${level - 1}`;
      return `  l${level}: &l${level} [${Array.from({ length: 9 }, () => inner).join(", ")}]\n`;
    });
    // The fifth level is the first that does not fit any more.
    await expectRefused([["bomb", inMetadata(levels.join("")), "LOAD.TOO_MANY_ALIASES 8:12"]]);
  });
});

describe("tags", () => {
  it("are refused at their place when YAML's core does not have them", async () => {
    await expectRefused([
      ["of another schema", inMetadata("  a: !!binary aGk=\n"), "LOAD.UNKNOWN_TAG 4:6"],
      ["for dates", inMetadata("  a: !!timestamp 2026-11-24\n"), "LOAD.UNKNOWN_TAG 4:6"],
      ["for sets", inMetadata("  a: !!set {b, c}\n"), "LOAD.UNKNOWN_TAG 4:6"],
      ["of somebody's own", inMetadata("  a: !foo bar\n"), "LOAD.UNKNOWN_TAG 4:6"],
      ["for code", inMetadata("  a: !!js/function 'x'\n"), "LOAD.UNKNOWN_TAG 4:6"],
      ["with a whole address", inMetadata("  a: !<tag:example.com,2026:x> y\n"), "LOAD.UNKNOWN_TAG 4:6"],
      ["of a map", inMetadata("  a: !vault {b: c}\n"), "LOAD.UNKNOWN_TAG 4:6"],
      [
        "of a secret",
        "name: n\nprovider_type: stripe\nencrypted_secret_data: { secret_key: !env SK }\n",
        "LOAD.UNKNOWN_TAG 3:38",
      ],
      ["several", inMetadata("  a: !foo x\n  b: [!bar y]\n"), "LOAD.UNKNOWN_TAG 4:6", "LOAD.UNKNOWN_TAG 5:7"],
    ]);
  });

  it("of YAML's core do what they say", async () => {
    expect(await sentMetadata('  a: !!str 0757\n  b: !!str no\n  c: !!int "7"\n  d: !!map {e: !!null ""}\n')).toEqual({
      a: "0757",
      b: "no",
      c: 7,
      d: { e: null },
    });
  });
});

describe("numbers that JSON cannot carry", () => {
  const numbers = ["9007199254740993", "-9007199254740993", "0x20000000000001", "1e400", "-1e400", ".inf", ".nan"];

  it("are refused at their place", async () => {
    await expectRefused(
      numbers.flatMap((number) => [
        [`${number} alone`, inMetadata(`  a: ${number}\n`), "LOAD.INEXACT_NUMBER 4:6"],
        [`${number} inside`, inMetadata(`  a: [ok, {b: ${number}}]\n`), "LOAD.INEXACT_NUMBER 4:15"],
      ]),
    );
  });

  it("are told by their field and how to keep them", async () => {
    const cwd = folderWith({ "connections/n.yaml": inMetadata("  account: 9007199254740993\n") });
    const ended = await run(["validate"], { cwd });
    expect(ended.code).toBe(3);
    expect(ended.stderr).toMatch(/error\[LOAD\.INEXACT_NUMBER\] connections\/n\.yaml:4:12: .*metadata\.account/);
    expect(ended.stderr).toContain("in quotes");
  });

  it("arrive as text in quotes, and other numbers as they are", async () => {
    const quoted = numbers.map((number) => `    - "${number}"\n`).join("");
    expect(
      await sentMetadata(`  quoted:\n${quoted}  others: [9007199254740992, -9007199254740992, 0.1, -3, 1e3, 0x10]\n`),
    ).toEqual({ quoted: numbers, others: [9007199254740992, -9007199254740992, 0.1, -3, 1000, 16] });
  });
});

describe("keys that are no text", () => {
  it("are refused at their place", async () => {
    await expectRefused([
      ["a number", inMetadata("  1: a\n"), "LOAD.KEY_NOT_TEXT 4:3"],
      ["a fraction", inMetadata("  1.5: a\n"), "LOAD.KEY_NOT_TEXT 4:3"],
      ["a switch", inMetadata("  true: a\n"), "LOAD.KEY_NOT_TEXT 4:3"],
      ["null", inMetadata("  ~: a\n"), "LOAD.KEY_NOT_TEXT 4:3"],
      ["nothing", inMetadata("  : a\n"), "LOAD.KEY_NOT_TEXT 4:3"],
      ["a list", inMetadata("  ? [a]\n  : b\n"), "LOAD.KEY_NOT_TEXT 4:5"],
      ["a map", inMetadata("  ? {a: b}\n  : c\n"), "LOAD.KEY_NOT_TEXT 4:5"],
      ["an alias", inMetadata("  a: &a x\n  *a : y\n"), "LOAD.KEY_NOT_TEXT 5:3"],
      ["between braces", inMetadata("  a: {1: b}\n"), "LOAD.KEY_NOT_TEXT 4:7"],
    ]);
  });

  it("are keys like others in quotes, and so are words of YAML 1.1", async () => {
    expect(await sentMetadata('  "1": a\n  "true": b\n  "null": c\n  no: d\n  on: e\n  2026-11-24: f\n')).toEqual({
      "1": "a",
      true: "b",
      null: "c",
      no: "d",
      on: "e",
      "2026-11-24": "f",
    });
  });
});
