/** `npm run demo:enrich`, from the sources, as it runs where its output is read by a program. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";

const SCRIPT = path.resolve(import.meta.dirname, "../../scripts/demo-enrich.ts");
const HOOKS = path.resolve(import.meta.dirname, "../support/fixtures/doc-examples-hooks.ts");

test("demo:enrich looks ten thousand users up, a hundred at once, and accounts for each of them", async () => {
  const child = spawn(process.execPath, ["--import", HOOKS, SCRIPT], { stdio: ["ignore", "pipe", "pipe"] });
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  expect([child.exitCode, err], out).toEqual([0, ""]);
  expect([out.includes("\u001B"), out.includes("\r")]).toEqual([false, false]);
  expect(out).toContain("10,000 read = 9,879 written + 20 filtered + 101 rejected   balanced");
  expect(out).toMatch(/bottleneck: workers \(transform, \d+ % busy\): the transform waits for what it asks/);
  expect(out).toMatch(/over 1[01]\d connections, at most (?:9\d|100) at once/);
  expect(out).toMatch(/ 100 \| +100 \| no such user$/m);
  expect(out).toMatch(/ 1 \| +4711 \| .*\/users\/4711 answered 500 Internal Server Error: .*"} \(sent \d+ times\)$/m);
  expect(out).toContain("every user once: 9,879 found, 20 left out, 101 rejected");
});
