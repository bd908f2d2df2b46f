/** An unruly server in a process of its own: what it makes and sends costs the test nothing. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";
import type { ServerSettings } from "./settings.ts";

const script = path.resolve(import.meta.dirname, "fixtures/serve.ts");

/** One process; it ends with this one, however this one ends. */
export class ServerProcess implements AsyncDisposable {
  /** Its address, without a path. */
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
  }

  static async start(settings: ServerSettings): Promise<ServerProcess> {
    const child = spawn(process.execPath, [script, JSON.stringify(settings)], { stdio: ["pipe", "pipe", "inherit"] });
    const [url] = (await once(createInterface(child.stdout), "line")) as [string];
    return new ServerProcess(child, url);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await gone;
  }
}
