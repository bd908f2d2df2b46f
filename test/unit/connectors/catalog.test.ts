import { expect, test } from "vitest";
import { builtConnectors, loadSink, loadSource } from "../../../src/connectors/catalog.ts";

test("builtConnectors() lists what can run", () => {
  expect(builtConnectors("source")).toEqual(["file", "postgres", "kafka", "http", "webhook", "module"]);
  expect(builtConnectors("sink")).toEqual(["file", "postgres", "kafka", "http", "module"]);
});

test("loadSource() and loadSink() load the code of what is built", async () => {
  for (const type of builtConnectors("source")) expect(typeof (await loadSource(type)).resolve, type).toBe("function");
  for (const type of builtConnectors("sink")) expect(typeof (await loadSink(type)).resolve, type).toBe("function");
});

test.each(["nothing", "toString"])("loadSource() refuses %s by its name", async (type) => {
  await expect(loadSource(type)).rejects.toMatchObject({
    code: "NOT_BUILT",
    message: `source.type: ${type}: not built in this release; built now: file, postgres, kafka, http, webhook, module`,
  });
});

test("loadSink() refuses what is no sink", async () => {
  await expect(loadSink("webhook")).rejects.toMatchObject({
    message: "sink.type: webhook: not built in this release; built now: file, postgres, kafka, http, module",
  });
});
