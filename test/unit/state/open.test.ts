import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { systemClock } from "../../../src/core/clock.ts";
import { threadEntry } from "../../../src/core/thread-entry.ts";
import { openStateStore, parseStateUrl } from "../../../src/state/open.ts";
import { postgresLabel } from "../../../src/state/options.ts";

describe("openStateStore()", () => {
  test("opens the store in memory", async () => {
    await using store = await openStateStore({ type: "memory" }, { clock: systemClock });
    expect(store.label).toBe("memory");
  });

  test("opens the store in a file, whose path is told from the working directory", async () => {
    const folder = await mkdtemp(path.join(os.tmpdir(), "millrace-open-"));
    const spec = { type: "sqlite", path: path.join(folder, "state.db") } as const;
    {
      await using store = await openStateStore(spec, { clock: systemClock });
      expect(store.label).toContain("state.db");
    }
    await rm(folder, { recursive: true });
  });
});

describe("parseStateUrl()", () => {
  test.each([
    ["sqlite:state.db", { type: "sqlite", path: "/srv/jobs/state.db" }],
    ["sqlite:/var/state.db", { type: "sqlite", path: "/var/state.db" }],
    ["../state.db", { type: "sqlite", path: "/srv/state.db" }],
    ["./odd:name.db", { type: "sqlite", path: "/srv/jobs/odd:name.db" }],
    ["memory:", { type: "memory" }],
    ["memory", { type: "memory" }],
    ["postgres://u@h/d", { type: "postgres", url: "postgres://u@h/d" }],
    ["postgresql://u@h/d", { type: "postgres", url: "postgresql://u@h/d" }],
    ["postgres://u@h/d?sslmode=require", { type: "postgres", url: "postgres://u@h/d?sslmode=require" }],
    ["postgres://u@h/d?stateSchema=etl", { type: "postgres", url: "postgres://u@h/d", schema: "etl" }],
    [
      "postgres://u:p%40@h/d?stateSchema=etl&sslmode=require",
      { type: "postgres", url: "postgres://u:p%40@h/d?sslmode=require", schema: "etl" },
    ],
  ])("reads %s", (text, spec) => {
    expect(parseStateUrl(text, "/srv/jobs")).toEqual(spec);
  });

  test.each(["", "sqlite:", "mysql://u:secret@h/d", "redis:x"])("refuses %j without telling what it holds", (text) => {
    expect(() => parseStateUrl(text, "/srv")).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID", message: expect.not.stringContaining("secret") }),
    );
  });
});

describe("threadEntry()", () => {
  test.each([
    ["file:///app/src/state/sqlite/store.ts", "file:///app/src/state/sqlite/worker.ts"],
    ["file:///app/dist/state/sqlite/store.js", "file:///app/dist/state/sqlite/worker.js"],
    ["file:///app/bundle", "file:///app/worker.js"],
  ])("resolves ./worker beside %s", (caller, entry) => {
    expect(threadEntry(caller, "./worker").href).toBe(entry);
  });
});

describe("postgresLabel()", () => {
  test.each([
    ["postgres://etl:secret@db.internal:5433/ops?sslmode=require", undefined, "postgres db.internal:5433/ops"],
    ["postgres://db/ops", "etl", "postgres db/ops, schema etl"],
    ["postgres:///ops", undefined, "postgres /ops"],
    ["postgres://no:secret@url:port", undefined, "postgres"],
  ])("tells of %s only where it is", (url, schema, label) => {
    expect(postgresLabel(url, schema)).toBe(label);
  });
});
