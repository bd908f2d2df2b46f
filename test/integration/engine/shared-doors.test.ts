import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

test("threads that share doors out of WebAssembly do not end the program (decision 0024)", async () => {
  const script = path.join(import.meta.dirname, "shared-doors.ts");
  const { stdout } = await promisify(execFile)(process.execPath, ["--expose-gc", script, "--as-the-program"]);
  expect(stdout).toBe("all threads ended\n");
});
