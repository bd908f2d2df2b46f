import { expect, test } from "vitest";
import { applicationName } from "../../../src/postgres/application-name.ts";

test.each([
  ["orders", undefined, "millrace orders"],
  ["orders", "01J9ZK", "millrace orders 01J9ZK"],
  ["j".repeat(80), "01J9ZKXQ3MGZ8VYB5T6W7N2RDE", `millrace ${"j".repeat(27)} 01J9ZKXQ3MGZ8VYB5T6W7N2RDE`],
  ["Aufträge\n", "r", "millrace Auftr?ge? r"],
])("applicationName(%j, %j) keeps the run whole in what the server keeps", (job, run, expected) => {
  expect(applicationName(job, run)).toBe(expected);
  expect(Buffer.byteLength(expected)).toBeLessThanOrEqual(63);
});
