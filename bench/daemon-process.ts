/** A daemon in a process of its own that tells what it holds. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { root } from "../scripts/steps.ts";
import { MillraceError } from "../src/core/errors.ts";

/** What a daemon holds and has used. */
export interface DaemonFigures {
  readonly rssBytes: number;
  readonly heapBytes: number;
  /** Buffers and the like. */
  readonly outsideBytes: number;
  /** Of all its threads since its start. */
  readonly cpuSeconds: number;
  readonly descriptors: number;
  readonly threads: number;
  /** What keeps its event loop alive: handles, timers, requests. */
  readonly resources: number;
}

const PROGRAM = path.join(root, "dist/cli/main.js");
/** Between two looks at whether it is ready, milliseconds. */
const LOOK_MS = 5;
const READY_WITHIN_MS = 60_000;

/**
 * A daemon from its start to its end.
 *
 * @example
 * await using daemon = await DaemonProcess.start("millrace.json", { url: "http://127.0.0.1:9464" });
 * (await daemon.figures(true)).rssBytes;
 */
export class DaemonProcess implements AsyncDisposable {
  readonly url: string;
  /** From the start of the process until `/readyz` said 200, and the CPU time that went into it. */
  readonly ready: { readonly seconds: number; readonly cpuSeconds: number };
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, url: string, ready: DaemonProcess["ready"]) {
    this.#child = child;
    this.url = url;
    this.ready = ready;
  }

  /** @throws MillraceError USAGE when the program is not built; INVARIANT when it does not become ready */
  static async start(
    file: string,
    { url, program = PROGRAM, nodeArgs = [] }: { url: string; program?: string; nodeArgs?: readonly string[] },
  ): Promise<DaemonProcess> {
    if (!existsSync(program)) throw new MillraceError("USAGE", "the program is not built: run npm run build first");
    const inside = path.join(import.meta.dirname, "inside-daemon.mjs");
    const args = [...nodeArgs, "--expose-gc", "--import", inside, program, "daemon", file];
    const begun = performance.now();
    const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "inherit", "ipc"] });
    while (!(await isReady(url))) {
      if (child.exitCode !== null || performance.now() - begun > READY_WITHIN_MS)
        throw new MillraceError("INVARIANT", `the daemon of ${file} does not become ready`);
      await wait(LOOK_MS);
    }
    const seconds = (performance.now() - begun) / 1_000;
    const { cpuSeconds } = await figuresOf(child, false);
    return new DaemonProcess(child, url, { seconds, cpuSeconds });
  }

  /** @param collect all garbage first */
  figures(collect: boolean): Promise<DaemonFigures> {
    return figuresOf(this.#child, collect);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return;
    this.#child.kill("SIGTERM");
    await once(this.#child, "exit");
  }
}

async function figuresOf(child: ChildProcess, collect: boolean): Promise<DaemonFigures> {
  const told = once(child, "message");
  child.send(collect);
  const [figures] = (await told) as [DaemonFigures];
  return figures;
}

async function isReady(url: string): Promise<boolean> {
  return await fetch(`${url}/readyz`).then(
    ({ ok }) => ok,
    () => false,
  );
}
