import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { configJsonSchema, configJsonSchemaText } from "../../../src/config/json-schema.ts";

test.each([
  ["config/millrace.schema.json", "job"],
  ["config/millrace-runtime.schema.json", "runtime"],
] as const)("%s is what `millrace schema` prints of a %s", (name, kind) => {
  const file = path.resolve(import.meta.dirname, "../../..", name);
  expect(readFileSync(file, "utf8"), "run: npm run reference").toBe(configJsonSchemaText(kind));
});

test("the JSON Schema knows every key of a job and refuses others", () => {
  const { properties, required, additionalProperties } = configJsonSchema("job") as {
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
