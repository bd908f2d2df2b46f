import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { readTokens } from "../../../../src/connectors/kafka/client/bearer-token.ts";
import type { BearerToken } from "../../../../src/connectors/kafka/options.ts";
import { FakeClock } from "../../../../src/testing/index.ts";

const folder = mkdtempSync(path.join(os.tmpdir(), "millrace-token-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("readTokens()", () => {
  test("asks the function for each login, unless its token says how long it lives", async () => {
    const clock = new FakeClock();
    let asked = 0;
    let shape = (value: string): BearerToken => value;
    const tokens = await readTokens(async () => shape(`t${++asked}`), "/", clock);
    expect([await tokens(), await tokens()]).toEqual(["t1", "t2"]);
    shape = (value) => ({ value, lifetime: "100s" });
    expect(await Promise.all([tokens(), tokens()])).toEqual(["t3", "t3"]);
    await clock.advance(79_000);
    expect(await tokens()).toBe("t3");
    await clock.advance(2_000);
    expect(await tokens()).toBe("t4");
  });

  test("asks again after a failure, which goes to whoever wanted the token", async () => {
    let isAway = true;
    const tokens = await readTokens(async () => {
      if (isAway) throw new TypeError("away");
      return "t";
    }, "/");
    await expect(tokens()).rejects.toThrow("away");
    isAway = false;
    expect(await tokens()).toBe("t");
  });

  test("takes the default export of the module that a job file names", async () => {
    writeFileSync(path.join(folder, "token.ts"), 'export default async () => ({ value: "from a module" });');
    const tokens = await readTokens("token.ts", folder);
    expect(await tokens()).toBe("from a module");
  });

  test("says what is wrong with a module, and with a token without showing it", async () => {
    writeFileSync(path.join(folder, "other.ts"), "export const token = 1;");
    await expect(readTokens("none.ts", folder)).rejects.toMatchObject({
      code: "CONFIG_UNREADABLE",
      message: expect.stringContaining(`sasl.token: none.ts in ${folder} does not load: `),
    });
    await expect(readTokens("other.ts", folder)).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: expect.stringContaining(
        "sasl.token: other.ts exports no function by default; write: export default async",
      ),
    });
    const secret = { access_token: "secret" } as unknown as BearerToken;
    const tokens = await readTokens(() => secret, "/");
    const failure: unknown = await tokens().catch((thrown: unknown) => thrown);
    expect(failure).toMatchObject({ code: "CONFIG_INVALID" });
    expect((failure as Error).message).toBe("sasl.token: its function has to give a text, or { value, lifetime }");
  });
});
