import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fillVariables, needsRunValues, type VariableValues } from "../../../src/config/variables.ts";

let baseDir: string;
beforeAll(() => {
  baseDir = mkdtempSync(path.join(os.tmpdir(), "millrace-variables-"));
  writeFileSync(path.join(baseDir, "secret"), "s3cret\n");
});
afterAll(() => rmSync(baseDir, { recursive: true }));

const values = (changes: Partial<VariableValues> = {}): VariableValues => ({
  environment: { HOST: "db", EMPTY: "" },
  params: { day: "monday" },
  slot: "2026-11-22T02:30+01:00",
  baseDir,
  ...changes,
});
const fill = (text: string, changes?: Partial<VariableValues>) => fillVariables({ key: text }, values(changes));
const problem = (text: string, changes?: Partial<VariableValues>) =>
  fill(text, changes).findings.map(({ message }) => message);

describe("fillVariables()", () => {
  test.each([
    ["postgres://${HOST}/x", "postgres://db/x"],
    ["${HOST}${HOST}", "dbdb"],
    ["${NONE:-fallback}", "fallback"],
    ["${EMPTY:-fallback}", "fallback"],
    ["${EMPTY}", ""],
    ["${NONE:-}", ""],
    ["${NONE:-a:-b}", "a:-b"],
    ["${file:secret}", "s3cret"],
    ["${param.day}", "monday"],
    ["${param.night:-dark}", "dark"],
    ["in/${slot.date}/${slot.time}", "in/2026-11-22/02:30:00"],
    ["$${HOST} costs $5", "${HOST} costs $5"],
    ["plain", "plain"],
  ])("makes %s %s", (text, expected) => {
    const filled = fill(text);
    expect(filled.config).toEqual({ key: expected });
    expect(filled.findings).toEqual([]);
  });

  test("fills a slot that is a date alone", () => {
    expect(fill("${slot.date} ${slot.time}", { slot: "2026-11-22" }).config).toEqual({ key: "2026-11-22 00:00:00" });
  });

  test("never changes the structure: a value with YAML in it stays text", () => {
    expect(fill("${HOST}", { environment: { HOST: "{ a: 1 }" } }).config).toEqual({ key: "{ a: 1 }" });
  });

  test("goes into lists and objects, and leaves numbers, functions and instances alone", () => {
    const date = new Date(0);
    const config = { list: ["${HOST}", 1], inner: { key: "${HOST}" }, date, none: undefined };
    expect(fillVariables(config, values()).config).toEqual({
      list: ["db", 1],
      inner: { key: "db" },
      date,
      none: undefined,
    });
  });

  test("remembers which values came from variables", () => {
    expect(Array.from(fill("x${HOST}").sources)).toEqual([['["key"]', "${HOST}"]]);
  });

  test("leaves parameters and slots open while they are not known", () => {
    const filled = fill("${param.day}-${slot.date}", { params: undefined, slot: undefined });
    expect(filled.config).toEqual({ key: "${param.day}-${slot.date}" });
    expect([...filled.waiting]).toEqual(['["key"]']);
    expect(filled.findings).toEqual([]);
    expect(fill("${param.day:-any}", { params: undefined }).config).toEqual({ key: "any" });
  });

  test.each([
    ["${NONE}", "the environment variable NONE is not set; set it or give a default: ${NONE:-...}"],
    ["${HOSTT}", "the environment variable HOSTT is not set (nearest: HOST); set it or give a default: ${HOSTT:-...}"],
    [
      "${param.night}",
      "the parameter night is not given; pass --param night=... or give a default: ${param.night:-...}",
    ],
    ["${file:missing}", "the file missing of ${file:...} cannot be read (ENOENT)"],
    ["${slot.week}", "${slot.week} is not a variable; allowed: ${slot.date}, ${slot.time}"],
    [
      "${env.HOME}",
      "${env.HOME} is not a variable; allowed: ${NAME}, ${NAME:-default}, ${file:/run/secrets/name}, ${param.NAME}, ${slot.date} or ${slot.time}; a plain ${ is written $${",
    ],
    [
      "${HOST",
      "not a variable; allowed: ${NAME}, ${NAME:-default}, ${file:/run/secrets/name}, ${param.NAME}, ${slot.date} or ${slot.time}; a plain ${ is written $${",
    ],
  ])("says of %s what is wrong", (text, message) => {
    expect(problem(text)).toEqual([message]);
  });

  test("says that a run has no slot", () => {
    expect(problem("${slot.date}", { slot: null })).toEqual([
      "this run has no slot to take ${slot.date} from; pass --slot 2026-11-22T02:00",
    ]);
  });
});

test("needsRunValues() finds parameters and slots at any depth", () => {
  expect(needsRunValues({ a: [{ b: "x${param.day}" }] })).toBe(true);
  expect(needsRunValues({ a: "${slot.date:-x}" })).toBe(true);
  expect(needsRunValues({ a: ["${HOST}", 1, null] })).toBe(false);
});
