/** A server in a process of its own, for as long as it is needed. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { nodeScript } from "./workshop.ts";

/** A script of this folder that prints its port. */
export class Service implements AsyncDisposable {
  readonly url: string;
  readonly #stop: () => void;

  private constructor(url: string, stop: () => void) {
    this.url = url;
    this.#stop = stop;
  }

  /** Starts it, and waits until it listens. */
  static async start(script: string, ...given: readonly string[]): Promise<Service> {
    const { command, args } = nodeScript(script, ...given);
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
    const [port] = (await once(child.stdout.setEncoding("utf8"), "data")) as [string];
    return new Service(`http://127.0.0.1:${port.trim()}`, () => child.kill());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop();
  }
}
