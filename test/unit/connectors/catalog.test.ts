import { expect, test } from "vitest";
import { builtConnectors, loadSink, loadSource } from "../../../src/connectors/catalog.ts";

test("builtConnectors() lists what can run", () => {
  expect(builtConnectors("source")).toEqual(["file", "kafka", "module"]);
  expect(builtConnectors("sink")).toEqual(["file", "postgres", "kafka", "module"]);
});

test("loadSource() and loadSink() load the code of what is built", async () => {
  expect(typeof (await loadSource("file")).resolve).toBe("function");
  expect(typeof (await loadSource("kafka")).resolve).toBe("function");
  expect(typeof (await loadSink("file")).resolve).toBe("function");
  expect(typeof (await loadSink("postgres")).resolve).toBe("function");
  expect(typeof (await loadSink("kafka")).resolve).toBe("function");
});

test.each(["http", "webhook", "nothing", "toString"])("loadSource() refuses %s by its name", async (type) => {
  await expect(loadSource(type)).rejects.toMatchObject({
    code: "NOT_BUILT",
    message: `source.type: ${type}: not built in this release; built now: file, kafka, module`,
  });
});

test("loadSink() refuses what is no sink", async () => {
  await expect(loadSink("webhook")).rejects.toMatchObject({
    message: "sink.type: webhook: not built in this release; built now: file, postgres, kafka, module",
  });
});
