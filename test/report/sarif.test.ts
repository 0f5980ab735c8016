import { describe, expect, it } from "vitest";
import type { Place } from "../../src/model/location.js";
import { error, warning } from "../../src/model/problem.js";
import { sarifText } from "../../src/report/sarif.js";
import { reportOf } from "../support/reports.js";
import { placesIn, sarifOf } from "../support/sarif.js";

const asIs = (place: Place) => place;
const problems = [
  error("VALIDATE.WRONG_TYPE", "a is a text.", {
    hint: "write true.",
    place: { file: "connections/a b#c.yaml", line: 7, column: 11 },
  }),
  warning("LOAD.EMPTY_FILE", "c.yaml is empty.", { place: { file: "c.yaml", line: 1, column: 1 } }),
  error("VALIDATE.WRONG_TYPE", "b is a text.", { place: { file: "c.yaml", line: 2, column: 3 } }),
  { ...error("SERVICE.UNAUTHORIZED", "no \u202e key."), environments: ["eu", "us"] },
];

describe("a SARIF log", () => {
  it("has every problem with a place as a result, and its file as an address", () => {
    const log = sarifOf(sarifText(reportOf([], { problems, exitCode: 3 }), "plan-1", asIs));
    expect(placesIn(log)).toEqual([
      "VALIDATE.WRONG_TYPE connections/a%20b%23c.yaml:7:11",
      "LOAD.EMPTY_FILE c.yaml:1:1",
      "VALIDATE.WRONG_TYPE c.yaml:2:3",
    ]);
    const [run] = log.runs;
    expect(run.results.map(({ level }) => level)).toEqual(["error", "warning", "error"]);
    expect(run.results[0]?.message.text).toBe("Wrong type: a is a text.\nhint: write true.");
    expect(run.tool.driver).toMatchObject({ name: "flexprice-sync", version: "1.2.3" });
    expect(run.tool.driver.rules.map(({ id }) => id)).toEqual([
      "LOAD.EMPTY_FILE",
      "SERVICE.UNAUTHORIZED",
      "VALIDATE.WRONG_TYPE",
    ]);
  });

  it("tells problems without a place as what happened to the run: a result without a line is refused by services", () => {
    const text = sarifText(reportOf([], { problems, exitCode: 3 }), "plan-1", asIs);
    expect(text).toContain("no \\u202e key");
    expect(sarifOf(text).runs[0].invocations).toMatchObject([
      {
        executionSuccessful: false,
        exitCode: 3,
        toolExecutionNotifications: [
          {
            descriptor: { id: "SERVICE.UNAUTHORIZED" },
            level: "error",
            message: { text: "[eu, us] Not authorized: no \u202e key." },
          },
        ],
      },
    ]);
  });

  it("is whole when there is nothing to tell", () => {
    const [run] = sarifOf(sarifText(reportOf([]), "plan-1", asIs)).runs;
    expect(run.results).toEqual([]);
    expect(run.invocations).toMatchObject([{ executionSuccessful: true, exitCode: 0, toolExecutionNotifications: [] }]);
  });

  it("counts a plan with changes as a run that went well", () => {
    expect(
      sarifOf(sarifText(reportOf([], { exitCode: 2 }), "plan-1", asIs)).runs[0].invocations[0]?.executionSuccessful,
    ).toBe(true);
  });

  it("has no base for files outside of the repository", () => {
    const elsewhere = ["/etc/a b.yaml", "../c.yaml"].map((file) =>
      warning("LOAD.EMPTY_FILE", "x", { place: { file, line: 1, column: 1 } }),
    );
    const text = sarifText(reportOf([], { problems: elsewhere }), "plan-1", asIs);
    expect(placesIn(sarifOf(text))).toEqual([
      "LOAD.EMPTY_FILE file:///etc/a%20b.yaml:1:1",
      "LOAD.EMPTY_FILE ../c.yaml:1:1",
    ]);
    expect(text.match(/uriBaseId/g)).toBeNull();
  });

  it("takes the place of the log before it of the same kind, and of no other", () => {
    expect(sarifText(reportOf([]), "plan-1", asIs)).toContain('"id": "flexprice-sync/plan-1/"');
  });

  it("has places from the top of the repository", () => {
    const inFolder = (place: Place) => ({ ...place, file: `infra/${place.file}` });
    expect(placesIn(sarifOf(sarifText(reportOf([], { problems }), "plan-1", inFolder)))).toContain(
      "LOAD.EMPTY_FILE infra/c.yaml:1:1",
    );
  });
});
