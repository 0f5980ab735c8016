import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Ajv } from "ajv";

const schemaFile = createRequire(import.meta.url).resolve("@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json");
const { $schema: _dialect, id: _id, ...schema } = JSON.parse(readFileSync(schemaFile, "utf8"));
// The standard's schema is of draft 4, of which it uses nothing that later drafts read otherwise but its own name.
const isLog = new Ajv({
  allErrors: true,
  unicodeRegExp: false,
  strict: false,
  formats: {
    "date-time": true,
    uri: (text: string) => URL.canParse(text),
    "uri-reference": (text: string) => URL.canParse(text, "x:/"),
  },
}).compile(schema);

export interface SarifLog {
  readonly runs: readonly [SarifRun];
}

interface SarifRun {
  readonly tool: {
    readonly driver: {
      readonly name: string;
      readonly version: string;
      readonly rules: readonly { readonly id: string }[];
    };
  };
  readonly results: readonly {
    readonly ruleId: string;
    readonly level: string;
    readonly message: { readonly text: string };
    readonly locations: readonly {
      readonly physicalLocation: {
        readonly artifactLocation: { readonly uri: string };
        readonly region: { readonly startLine: number; readonly startColumn: number };
      };
    }[];
  }[];
  readonly invocations: readonly {
    readonly executionSuccessful: boolean;
    readonly exitCode: number;
    readonly toolExecutionNotifications: readonly {
      readonly descriptor: { readonly id: string };
      readonly level: string;
      readonly message: { readonly text: string };
    }[];
  }[];
}

/** A SARIF log, held against the standard's schema. */
export function sarifOf(text: string): SarifLog {
  if (!text.endsWith("}\n")) throw new Error("not one document and a line feed");
  const log: unknown = JSON.parse(text);
  if (!isLog(log)) throw new Error(JSON.stringify(isLog.errors));
  return log as SarifLog;
}

/** `CODE file:line:column` of every result. */
export function placesIn({ runs: [run] }: SarifLog): readonly string[] {
  return run.results.map(({ ruleId, locations: [location] }) => {
    const { artifactLocation, region } = location?.physicalLocation ?? {};
    return `${ruleId} ${artifactLocation?.uri}:${region?.startLine}:${region?.startColumn}`;
  });
}
