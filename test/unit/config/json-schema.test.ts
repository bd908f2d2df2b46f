import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { jobJsonSchema, jobJsonSchemaText } from "../../../src/config/json-schema.ts";

test("config/millrace.schema.json is what `millrace schema` prints", () => {
  const file = path.resolve(import.meta.dirname, "../../../config/millrace.schema.json");
  expect(readFileSync(file, "utf8"), "run: node src/cli/main.ts schema > config/millrace.schema.json").toBe(
    jobJsonSchemaText(),
  );
});

test("the JSON Schema knows every key of a job and refuses others", () => {
  const { properties, required, additionalProperties } = jobJsonSchema() as {
    properties: object;
    required: string[];
    additionalProperties: boolean;
  };
  expect(Object.keys(properties)).toEqual([
    "$schema",
    "name",
    "source",
    "columns",
    "select",
    "rename",
    "transform",
    "aggregate",
    "sink",
    "sinks",
    "rejects",
    "errors",
    "retry",
    "chunk",
    "commit",
    "workers",
    "order",
    "onSinkDown",
    "trigger",
    "alerts",
    "progress",
    "retention",
  ]);
  expect(required).toEqual(["name", "source"]);
  expect(additionalProperties).toBe(false);
});
