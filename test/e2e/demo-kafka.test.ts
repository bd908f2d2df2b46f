/** `npm run demo:kafka`, as it runs where its output is read by a program. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import path from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { describeKafka } from "../support/kafka/shared-broker.ts";

const SCRIPT = path.resolve(import.meta.dirname, "../../scripts/demo-kafka.ts");

async function demo(args: readonly string[], environment: { readonly [name: string]: string } = {}) {
  const child = spawn(process.execPath, [SCRIPT, ...args], {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  return { code: child.exitCode, out, err };
}

/** Whether anybody listens on a port of this machine. */
async function isOpen(port: number): Promise<boolean> {
  const socket = net.connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

describeKafka("demo:kafka", () => {
  test("shows what flows, finds every order once in the end, and leaves no server behind", async () => {
    const { code, out, err } = await demo(["--seconds", "3", "--rate", "1000"]);
    expect([code, err], out).toEqual([0, ""]);
    expect([out.includes("\u001B"), out.includes("\r")]).toEqual([false, false]);
    const lines = out.matchAll(/^ +\d+ s +(?<produced>[\d,]+) +[\d,]+ +[\d,]+ +[\d,]+ +(?<lag>[\d,]+)$/gm);
    const last = [...lines].at(-1)?.groups;
    expect(last?.["lag"]).toBe("0");
    expect(last?.["produced"]).not.toBe("0");
    expect(out).toMatch(/^ {2}ledger .* read = .* written \+ 0 filtered \+ .* rejected {3}balanced$/m);
    expect(out).toContain(`${last?.["produced"]} orders sent:`);
    expect(out).toMatch(/0 missing, 0 twice {3}every order once$/m);
    const ports = [...out.matchAll(/127\.0\.0\.1:(?<port>\d+)/g)].map(({ groups }) => Number(groups?.["port"]));
    expect(ports.length).toBeGreaterThanOrEqual(2);
    expect(await Promise.all(ports.map(isOpen))).not.toContain(true);
  });
});

test("demo:kafka says in one line what is missing", async () => {
  const { code, out, err } = await demo([], { JAVA_HOME: path.join(import.meta.dirname, "nowhere") });
  expect({ code, out, err }).toEqual({
    code: 1,
    out: "",
    err: "demo:kafka cannot run here: Java 17 or newer is not installed\n",
  });
});
