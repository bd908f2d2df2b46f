/** Suites that need Prometheus. */
import { describe, test } from "vitest";
import { isCi } from "../ci.ts";
import { findPrometheus, type PrometheusPrograms } from "./install.ts";

/** Skipped with one line where it cannot be had; in CI that is a failure. */
export async function describePrometheus(name: string, suite: (programs: PrometheusPrograms) => void): Promise<void> {
  const found = await findPrometheus();
  if (typeof found !== "string") {
    describe(name, () => suite(found));
  } else if (isCi()) {
    test(`${name}: Prometheus runs here`, () => {
      throw new TypeError(`CI has to run the tests that need Prometheus, but ${found}`);
    });
  } else {
    console.log(`tests that need Prometheus cannot run: ${found}`);
    describe.skip(name, () => test("is skipped", () => {}));
  }
}
