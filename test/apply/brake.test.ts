import { describe, expect, it } from "vitest";
import { Brake } from "../../src/apply/brake.js";

describe("the brake", () => {
  it("holds for the first reason there is, and tells whether the run is at its end", () => {
    let isLate = false;
    let isStopped = false;
    const brake = new Brake(
      true,
      () => isLate,
      () => (isStopped ? { message: "the run was interrupted", code: "RUN.INTERRUPTED" } : undefined),
    );
    expect([brake.reason, brake.isEnding]).toEqual([undefined, false]);
    isStopped = true;
    expect([brake.reason?.code, brake.isEnding]).toEqual(["RUN.INTERRUPTED", true]);
    isLate = true;
    brake.failed("another write");
    expect(brake.reason?.code).toBe("RUN.INTERRUPTED");
  });

  it("of a failure holds only where that is asked for, and the run is not at its end for that", () => {
    const [patient, fast] = [false, true].map((failFast) => new Brake(failFast, () => false));
    patient?.failed("another write");
    fast?.failed("another write");
    expect([patient?.reason, fast?.reason?.message, fast?.isEnding]).toEqual([
      undefined,
      "another write went wrong, and --fail-fast was given",
      false,
    ]);
  });
});
