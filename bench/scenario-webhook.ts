/** Requests that are answered once they are durable, against the state store alone and against a server that keeps nothing. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { connect } from "node:net";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { root } from "../scripts/steps.ts";
import { MillraceError } from "../src/core/errors.ts";
import type { RunSummary } from "../src/core/summary.ts";
import { freePort } from "../test/support/free-port.ts";
import { runChild } from "./child.ts";
import { orderLines } from "./order-lines.ts";
import type { Contender, Measurement, Scenario } from "./scenario.ts";
import { Service } from "./service.ts";
import { nodeScript, type Workshop } from "./workshop.ts";

/** A request costs as much as ten records do elsewhere. */
const RECORDS_PER_REQUEST = 10;
const IN_FLIGHT = 200;
const LOOK_MS = 20;
const WITHIN_MS = 60_000;

/** The scenario: one order a request. */
export async function webhookScenario(workshop: Workshop, rows: number): Promise<Scenario> {
  const requests = Math.max(1000, Math.round(rows / RECORDS_PER_REQUEST));
  const file = await orderLines(workshop, requests);
  return {
    title: `${requests.toLocaleString("en-US")} requests, ${IN_FLIGHT} in flight, each answered when it is durable`,
    rows: requests,
    contenders: [webhook(workshop, file), storeAlone(workshop, file, requests), nothingKept(file, requests)],
    remarks: ["wanted: the store alone takes at least 0.8 times as long as the webhook, whose p99 is below 50 ms"],
  };
}

function webhook(workshop: Workshop, file: string): Contender {
  return {
    name: "millrace, webhook",
    async run() {
      const port = await freePort();
      const output = workshop.path("hooks-{part}.jsonl");
      const source = { type: "webhook", path: "/orders", listen: `127.0.0.1:${port}`, format: "json" };
      const job = { name: "hooks", source, sink: { type: "file", path: output, mode: "append" } };
      const child = start(workshop, job);
      try {
        await listening(port, child);
        const address = `http://127.0.0.1:${port}/orders`;
        const { seconds, p99Ms } = await post(file, address);
        const written = writtenBy(child);
        child.kill("SIGTERM");
        return { seconds, check: `${await written} kept`, figures: { "p99 ms": p99Ms } };
      } finally {
        child.kill("SIGKILL");
      }
    },
  };
}

function storeAlone(workshop: Workshop, file: string, requests: number): Contender {
  return {
    name: "the state store alone",
    async run(): Promise<Measurement> {
      const store = path.join(emptyState(workshop), "state.db");
      const { stdout } = await runChild(nodeScript("spool-alone.ts", store, file, String(IN_FLIGHT)));
      return { seconds: (JSON.parse(stdout) as { seconds: number }).seconds, check: `${requests} kept` };
    },
  };
}

function nothingKept(file: string, requests: number): Contender {
  return {
    name: "a server that keeps nothing",
    async run() {
      await using service = await Service.start("bare-server.ts");
      const { seconds, p99Ms } = await post(file, `${service.url}/orders`);
      return { seconds, check: `${requests} kept`, figures: { "p99 ms": p99Ms } };
    },
  };
}

async function post(file: string, address: string): Promise<{ readonly seconds: number; readonly p99Ms: number }> {
  const { stdout } = await runChild(nodeScript("post-lines.ts", file, address, String(IN_FLIGHT)));
  return JSON.parse(stdout) as { seconds: number; p99Ms: number };
}

function start(workshop: Workshop, job: object): ChildProcess {
  const state = path.join(emptyState(workshop), "state.db");
  const program = path.join(root, "dist/cli/main.js");
  const args = [program, "run", workshop.write("hooks.json", JSON.stringify(job)), "--json", "--state", state];
  return spawn(process.execPath, args, { stdio: ["ignore", "pipe", "ignore"] });
}

function emptyState(workshop: Workshop): string {
  const state = workshop.path("state");
  rmSync(state, { recursive: true, force: true });
  return state;
}

async function listening(port: number, child: ChildProcess): Promise<void> {
  for (const begun = performance.now(); performance.now() - begun < WITHIN_MS && child.exitCode === null; ) {
    const socket = connect(port, "127.0.0.1");
    const isThere = await Promise.race([
      once(socket, "connect").then(() => true),
      once(socket, "close").then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (isThere) return;
    await wait(LOOK_MS);
  }
  throw new MillraceError("INVARIANT", `nobody listens on port ${port}`);
}

/** What its summary says when it has ended. */
async function writtenBy({ stdout }: ChildProcess): Promise<number> {
  let text = "";
  for await (const piece of stdout?.setEncoding("utf8") ?? []) text += String(piece);
  return (JSON.parse(text) as RunSummary).written;
}
