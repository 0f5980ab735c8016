import { execFile } from "node:child_process";
import { chmodSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { exitCodes } from "../src/report/exit-code.js";
import { folderWith } from "./support/folder.js";
import { run } from "./support/program.js";

const execute = promisify(execFile);
const root = fileURLToPath(new URL("..", import.meta.url));
const folder = join(root, "docs/deploy/kubernetes");
const text = (path: string) => readFileSync(join(root, path), "utf8");

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

interface Variable {
  readonly name: string;
  readonly value?: string;
}

interface Container {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly args: readonly string[];
  readonly env: readonly Variable[];
  readonly envFrom?: unknown;
  readonly resources: Readonly<Record<"requests" | "limits", Readonly<Record<string, string>>>>;
  readonly securityContext: unknown;
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean }[];
}

interface Pod {
  readonly metadata: { readonly labels: Readonly<Record<string, string>> };
  readonly spec: {
    readonly restartPolicy: string;
    readonly serviceAccountName: string;
    readonly automountServiceAccountToken: boolean;
    readonly securityContext: { readonly runAsUser: number; readonly runAsGroup: number; readonly fsGroup: number };
    readonly initContainers?: unknown;
    readonly containers: readonly Container[];
    readonly volumes: readonly (
      | { readonly name: string; readonly secret: { readonly secretName: string; readonly defaultMode: number } }
      | { readonly name: string; readonly emptyDir: object }
    )[];
  };
}

interface JobSpec {
  readonly completionMode?: string;
  readonly completions?: number;
  readonly parallelism?: number;
  readonly backoffLimit?: number;
  readonly backoffLimitPerIndex?: number;
  readonly activeDeadlineSeconds?: number;
  readonly ttlSecondsAfterFinished?: number;
  readonly podReplacementPolicy?: string;
  readonly podFailurePolicy: {
    readonly rules: readonly {
      readonly action: string;
      readonly onExitCodes?: { readonly containerName: string; readonly values: readonly number[] };
    }[];
  };
  readonly template: Pod;
}

const files = readdirSync(folder)
  .filter((name) => name.endsWith(".yaml"))
  .sort();

/** YAML 1.1, as the cluster reads it: there 0440 is octal, and `on` is true. */
const manifestIn = (file: string) => parse(readFileSync(join(folder, file), "utf8"), { version: "1.1" }) as Manifest;
const manifests = files.map(manifestIn);
const specOf = <Spec>(file: string) => (manifestIn(file) as unknown as { readonly spec: Spec }).spec;

const drift = specOf<{ readonly jobTemplate: { readonly spec: JobSpec }; readonly [field: string]: unknown }>(
  "drift-cronjob.yaml",
);
const apply = specOf<JobSpec>("apply-job.yaml");
const fleet = specOf<JobSpec>("fleet-job.yaml");
const jobs = [
  ["drift-cronjob.yaml", drift.jobTemplate.spec],
  ["apply-job.yaml", apply],
  ["fleet-job.yaml", fleet],
] as const;

const secret = manifestIn("secrets.yaml") as Manifest & { readonly stringData: Readonly<Record<string, string>> };
const MOUNT = "/run/secrets/flexprice";

/**
 * What the validators of kubernetes-models say, which ajv compiled from the schemas of Kubernetes' API: missing fields, wrong
 * types, values and number formats. They let unknown fields pass.
 */
function schemaProblems(manifest: Manifest): readonly string[] {
  type Model = new (data: object) => { validate(): void };
  const require = createRequire(import.meta.url);
  const models = require(`kubernetes-models/${manifest.apiVersion}/${manifest.kind}`) as Readonly<
    Record<string, Model>
  >;
  const model = models[manifest.kind];
  if (model === undefined) return [`no schema for ${manifest.apiVersion} ${manifest.kind}`];
  try {
    new model(manifest).validate();
    return [];
  } catch (error) {
    return [String(error)];
  }
}

/**
 * What the types of the same package say, for each manifest: TypeScript takes no field in an object literal that its type does
 * not have. All manifests are one program, a line each, since most of the time goes into its start.
 */
function fieldProblems(written: readonly object[]): readonly (readonly string[])[] {
  const name = join(root, "test/manifests.ts");
  const lines = written.map((manifest, index) => {
    const { apiVersion, kind } = { apiVersion: "", kind: "", ...manifest };
    return `export const m${index}: import("kubernetes-models/${apiVersion}/${kind}").I${kind} = ${JSON.stringify(manifest)};`;
  });
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
  };
  const host = ts.createCompilerHost(options);
  const source = ts.createSourceFile(name, lines.join("\n"), ts.ScriptTarget.ES2022, true);
  const compiler = ts.createProgram([name], options, {
    ...host,
    getSourceFile: (file, ...more) => (file === name ? source : host.getSourceFile(file, ...more)),
    fileExists: (file) => file === name || host.fileExists(file),
  });
  const problems = written.map((): string[] => []);
  for (const { start = 0, messageText } of compiler.getSemanticDiagnostics(source)) {
    const line = source.getLineAndCharacterOfPosition(start).line;
    problems[line]?.push(ts.flattenDiagnosticMessageText(messageText, " "));
  }
  return problems;
}

/** Maps whose keys are the writer's own; of everything else the API knows the fields. */
const FREE = new Set(["labels", "matchLabels", "annotations", "stringData", "requests", "limits"]);

/** The value once for each field in it, with that field misspelt. */
function misspelt(value: unknown): readonly { readonly field: string; readonly value: unknown }[] {
  if (Array.isArray(value)) {
    return value.flatMap((item: unknown, index) =>
      misspelt(item).map((wrong) => ({ field: `[${index}].${wrong.field}`, value: value.with(index, wrong.value) })),
    );
  }
  if (typeof value !== "object" || value === null) return [];
  const entries: [string, unknown][] = Object.entries(value);
  return entries.flatMap(([key, below], index) => {
    const within = FREE.has(key) ? [] : misspelt(below);
    return [
      { field: key, value: Object.fromEntries(entries.with(index, [`${key}_`, below])) },
      ...within.map((wrong) => ({
        field: `${key}.${wrong.field}`,
        value: Object.fromEntries(entries.with(index, [key, wrong.value])),
      })),
    ];
  });
}

describe("the manifests for Kubernetes", () => {
  it("are valid, field by field", () => {
    expect(files).toEqual([
      "apply-job.yaml",
      "drift-cronjob.yaml",
      "fleet-job.yaml",
      "network-policy.yaml",
      "secrets.yaml",
      "service-account.yaml",
    ]);
    const problems = fieldProblems(manifests);
    const found = manifests.map((manifest, index) => [...schemaProblems(manifest), ...(problems[index] ?? [])]);
    expect(Object.fromEntries(files.map((file, index) => [file, found[index]]))).toEqual(
      Object.fromEntries(files.map((file) => [file, []])),
    );
  });

  it("would not pass with any one field misspelt", () => {
    const wrong = manifests.flatMap((manifest, index) =>
      misspelt(manifest).map(({ field, value }) => ({ field: `${files[index]}: ${field}`, value: value as object })),
    );
    expect(wrong.length).toBeGreaterThan(200);
    const problems = fieldProblems(wrong.map(({ value }) => value));
    expect(wrong.filter((_, index) => problems[index]?.length === 0).map(({ field }) => field)).toEqual([]);
  });

  it("would not pass with a value that the API does not take", () => {
    const changed = (file: string, from: string, to: string) => {
      const written = text(`docs/deploy/kubernetes/${file}`);
      expect(written).toContain(from);
      return parse(written.replace(from, to), { version: "1.1" }) as Manifest;
    };
    for (const [file, from, to] of [
      ["drift-cronjob.yaml", "concurrencyPolicy: Forbid", "concurrencyPolicy: forbid"],
      ["drift-cronjob.yaml", "backoffLimit: 0", "backoffLimit: 0.5"],
      ["apply-job.yaml", "restartPolicy: Never", "restartPolicy: never"],
      ["apply-job.yaml", "memory: 256Mi", "memory: much"],
      ["fleet-job.yaml", "completionMode: Indexed", "completionMode: indexed"],
      ["fleet-job.yaml", "action: FailIndex", "action: FailShard"],
      ["network-policy.yaml", "protocol: UDP", "protocol: udp"],
    ] as const) {
      expect([to, schemaProblems(changed(file, from, to))]).toEqual([to, [expect.any(String)]]);
    }
  });

  it("leave the namespace to whoever applies them", () => {
    for (const { metadata } of manifests) expect(metadata).not.toHaveProperty("namespace");
  });
});

describe("every Pod", () => {
  it.each(jobs)("of %s runs without rights", (_file, { template: { spec } }) => {
    expect(spec).not.toHaveProperty("initContainers");
    expect(spec.securityContext).toEqual({
      runAsNonRoot: true,
      runAsUser: expect.any(Number),
      runAsGroup: expect.any(Number),
      fsGroup: spec.securityContext.runAsGroup,
      seccompProfile: { type: "RuntimeDefault" },
    });
    expect(spec.securityContext.runAsUser).toBeGreaterThan(0);
    for (const container of spec.containers) {
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      });
      for (const amount of [container.resources.requests, container.resources.limits]) {
        expect(Object.keys(amount).sort()).toEqual(["cpu", "memory"]);
      }
    }
  });

  it.each(jobs)("of %s has no token of the cluster", (_file, { template: { spec } }) => {
    const account = manifestIn("service-account.yaml");
    expect(account).toHaveProperty("automountServiceAccountToken", false);
    expect(spec.automountServiceAccountToken).toBe(false);
    expect(spec.serviceAccountName).toBe(account.metadata.name);
  });

  it.each(jobs)("of %s has its secrets as files, and in no variable", (_file, { template: { spec } }) => {
    for (const container of spec.containers) {
      expect(container).not.toHaveProperty("envFrom");
      expect(container.env.length).toBeGreaterThan(0);
      for (const variable of container.env) {
        const [, name = "not a file"] = /^([A-Z][A-Z0-9_]*)_FILE$/.exec(variable.name) ?? [];
        expect(variable).toEqual({ name: `${name}_FILE`, value: `${MOUNT}/${name}` });
        expect(Object.keys(secret.stringData)).toContain(name);
      }
      const mounted = container.volumeMounts.filter(({ mountPath }) => mountPath !== "/tmp");
      expect(mounted).toEqual([{ name: "secrets", mountPath: MOUNT, readOnly: true }]);
    }
    // Nothing else is mounted. What the root owns is for the group to read.
    expect(spec.volumes).toEqual([
      { name: "secrets", secret: { secretName: secret.metadata.name, defaultMode: 0o440 } },
      { name: "tmp", emptyDir: { sizeLimit: expect.any(String) } },
    ]);
  });

  it("is reached by the network policy, and goes out for names and HTTPS only", () => {
    const policy = specOf<{ readonly podSelector: { readonly matchLabels: object } }>("network-policy.yaml");
    for (const [file, { template }] of jobs) {
      expect([file, template.metadata.labels]).toEqual([file, expect.objectContaining(policy.podSelector.matchLabels)]);
    }
    expect(policy).toMatchObject({
      policyTypes: ["Ingress", "Egress"],
      ingress: [],
      egress: [
        {
          ports: [
            { protocol: "UDP", port: 53 },
            { protocol: "TCP", port: 53 },
          ],
        },
        { ports: [{ protocol: "TCP", port: 443 }] },
      ],
    });
  });
});

describe("the example Secret", () => {
  it("holds nothing but placeholders, each of them used", () => {
    for (const value of Object.values(secret.stringData)) expect(value).toMatch(/^replace-me with the /);
    const used = new Set(jobs.flatMap(([, { template }]) => template.spec.containers.flatMap(({ env }) => env)));
    const names = new Set([...used].map(({ name }) => name.replace(/_FILE$/, "")));
    expect([...names].sort()).toEqual(Object.keys(secret.stringData).sort());
  });
});

describe("the jobs", () => {
  it("end: none runs on, and none is tried without end", () => {
    for (const [file, job] of jobs) {
      expect([file, job.template.spec.restartPolicy]).toEqual([file, "Never"]);
      expect([file, job.activeDeadlineSeconds]).toEqual([file, expect.any(Number)]);
      expect([file, job.backoffLimit ?? job.backoffLimitPerIndex]).toEqual([file, file.startsWith("drift") ? 0 : 1]);
    }
    expect(apply.ttlSecondsAfterFinished).toBeGreaterThan(0);
    expect(fleet.ttlSecondsAfterFinished).toBeGreaterThan(0);
  });

  it("look for drift one at a time, and fail when there is some", () => {
    expect(drift).toMatchObject({
      concurrencyPolicy: "Forbid",
      startingDeadlineSeconds: expect.any(Number),
      successfulJobsHistoryLimit: expect.any(Number),
      failedJobsHistoryLimit: expect.any(Number),
    });
    expect(drift.jobTemplate.spec.template.spec.containers.map(({ args }) => args)).toEqual([
      ["plan", "--detailed-exitcode", "--env", "production"],
    ]);
    expect(exitCodesOf(drift.jobTemplate.spec, "FailJob")).toEqual([2]);
  });

  it("apply to one environment from one Pod at a time", () => {
    expect(apply.completions ?? 1).toBe(1);
    expect(apply.parallelism ?? 1).toBe(1);
    for (const [file, job] of jobs) expect([file, job.podReplacementPolicy]).toEqual([file, "Failed"]);
  });

  it("try again what another try may mend, and nothing else", () => {
    const hopeless = exitCodesOf(apply, "FailJob");
    expect(hopeless).toEqual([3, 6, 7, 64]);
    // In a fleet, a share that cannot be done does not end the others.
    expect(exitCodesOf(fleet, "FailIndex")).toEqual(hopeless);
    expect(exitCodesOf(fleet, "FailJob")).toEqual([]);
    const known = exitCodes.map(({ code }) => code);
    for (const code of hopeless) expect(known).toContain(code);
  });

  it("share a fleet without a gap", async () => {
    const { completionMode, completions = 0, parallelism } = fleet;
    expect([completionMode, parallelism]).toEqual(["Indexed", completions]);
    const indexes = Array.from({ length: completions }, (_, index) => index);
    const called = await Promise.all(indexes.map((index) => fleetArguments({ JOB_COMPLETION_INDEX: String(index) })));
    expect(called).toEqual(indexes.map((index) => ["apply", "--yes", "--shard", `${index + 1}/${completions}`]));
  });

  it("do not take a share where Kubernetes gives no index", async () => {
    await expect(fleetArguments({})).rejects.toThrow("JOB_COMPLETION_INDEX");
  });

  it("use options that the program has", async () => {
    const commands = [
      ...jobs.slice(0, 2).flatMap(([, { template }]) => template.spec.containers.map(({ args }) => args)),
      await fleetArguments({ JOB_COMPLETION_INDEX: "0" }),
    ];
    const wrong = await Promise.all(
      commands.map(async ([command = "", ...words]) => {
        const { code, stdout } = await run([command, "--help"], { cwd: root });
        expect([command, code]).toEqual([command, 0]);
        return unknownWords(words, stdout).map((word) => `${command} ${word}`);
      }),
    );
    expect(wrong.flat()).toEqual([]);
  });
});

const exitCodesOf = (job: JobSpec, action: string) =>
  job.podFailurePolicy.rules.flatMap((rule) => {
    if (rule.action !== action || rule.onExitCodes === undefined) return [];
    const { containerName, values } = rule.onExitCodes;
    expect(job.template.spec.containers.map(({ name }) => name)).toContain(containerName);
    return [...values];
  });

/** The arguments with which a Pod of the fleet calls the program, found by a shell that finds another one of that name. */
async function fleetArguments(environment: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const [container, ...more] = fleet.template.spec.containers;
  expect(more).toEqual([]);
  const [shell = "", ...words] = [...(container?.command ?? []), ...(container?.args ?? [])].map((word) =>
    expanded(word, environment),
  );
  expect(shell).toBe("sh");
  const bin = folderWith({ "flexprice-sync": '#!/bin/sh\nprintf "%s\\n" "$@"\n' });
  chmodSync(join(bin, "flexprice-sync"), 0o755);
  const { stdout } = await execute(shell, words, { env: { PATH: `${bin}:${process.env["PATH"]}`, ...environment } });
  return stdout.trimEnd().split("\n");
}

/** What Kubernetes makes of a word before any shell sees it: `$(NAME)` is a variable if there is one, `$$` is `$`. */
function expanded(word: string, environment: Readonly<Record<string, string>>): string {
  return word.replace(/\$\$|\$\(([^)]*)\)/g, (found, name: string | undefined) =>
    name === undefined ? "$" : (environment[name] ?? found),
  );
}

/** Words that are neither an option of this help nor the value of one. */
function unknownWords(words: readonly string[], help: string): readonly string[] {
  const takesValue = new Map<string, boolean>();
  for (const [, short, long, value] of help.matchAll(/^ {2}(?:(-\w)(?:, )?)?(--[\w-]+)?( <[^>]+>)?/gm)) {
    for (const name of [short, long]) if (name !== undefined) takesValue.set(name, value !== undefined);
  }
  return words.filter((word, index) => !takesValue.has(word) && takesValue.get(words[index - 1] ?? "") !== true);
}

describe("the Dockerfile", () => {
  const lines = text("docs/deploy/kubernetes/Dockerfile")
    .split("\n")
    .filter((line) => /^[A-Z]/.test(line));
  const last = (instruction: string) =>
    lines.findLast((line) => line.startsWith(`${instruction} `))?.slice(instruction.length + 1);

  it("makes an image that the Pods can run", () => {
    expect(last("ENTRYPOINT")).toBe('["flexprice-sync"]');
    for (const [file, { template }] of jobs) {
      const { runAsUser, runAsGroup } = template.spec.securityContext;
      expect([file, last("USER")]).toEqual([file, `${runAsUser}:${runAsGroup}`]);
    }
  });

  it("installs what the lock file says, without what is for development, on a Node that the program runs on", () => {
    expect(last("RUN")).toMatch(/^npm ci --omit=dev\b/);
    const { engines } = JSON.parse(text("package.json")) as { readonly engines: { readonly node: string } };
    for (const line of lines.filter((candidate) => candidate.startsWith("FROM "))) {
      const [, major] = /^FROM node:(\d+)-slim\b/.exec(line) ?? [];
      expect(`>=${major}`).toBe(engines.node);
    }
  });

  it("takes nothing of the repository but what it names", () => {
    for (const line of lines.filter((candidate) => /^(?:COPY|ADD) /.test(candidate))) {
      expect(line).toMatch(/^COPY (?:--from=\w+ )?(?:[\w/-]+(?:\.json|\.yaml)? )+\.\/\w*$/);
    }
  });
});

describe("the guide to Kubernetes", () => {
  const guide = text("docs/kubernetes.md");

  it("leads to files that are there, to every manifest among them", () => {
    const links = [...guide.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, link = ""]) => link);
    for (const link of links) expect([link, existsSync(join(root, "docs", link))]).toEqual([link, true]);
    for (const file of [...files, "Dockerfile"]) expect(links).toContain(`deploy/kubernetes/${file}`);
  });

  it("says of every exit code what a Job makes of it", () => {
    const told = new Map(
      [...guide.matchAll(/^\| ([\d, ]+) \|.*\| ([^|]+) \|$/gm)].flatMap(([, codes = "", then = ""]) =>
        codes.split(", ").map((code) => [Number(code), then] as const),
      ),
    );
    for (const [code, then] of told) {
      const given = exitCodesOf(apply, "FailJob").includes(code);
      if (code > 4 || code === 3) expect([code, then.includes("not tried again")]).toEqual([code, given]);
    }
    // A job carries out no saved plan, so none can be stale.
    const known = exitCodes.map(({ code }) => code).filter((code) => code !== 5);
    expect([...told.keys()].sort((a, b) => a - b)).toEqual(known.sort((a, b) => a - b));
  });
});
