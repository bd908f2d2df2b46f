/** One node of the test broker: its folder and the process on it. */
import { type ChildProcess, execFile, type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";
import { kafkaClient, withAdmin } from "./client.ts";
import { failed } from "./failed.ts";
import { type Installation, javaArguments, javaCommand } from "./java.ts";
import { type Login, type NodeOptions, serverProperties } from "./server-properties.ts";

const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 10_000;
const LOOK_EVERY_MS = 20;

/**
 * Turns into Java, and leaves a guard behind that kills it when our end of the pipe closes: the system closes it even
 * when this process is killed. The kill is a hard one, for a paused process heeds no other.
 */
const GUARDED = `exec 3<&0
(cat <&3 >/dev/null; kill -9 $$) &
exec "$@" </dev/null 3<&-`;

/** What a start came to. */
export type Started = "ready" | "port taken";

/** A broker and controller in one process. */
export class KafkaNode {
  readonly id: number;
  readonly #installation: Installation;
  readonly #folder: string;
  readonly #clusterId: string;
  #port = 0;
  #process: ChildProcess | undefined;

  constructor(installation: Installation, place: { readonly id: number; folder: string; clusterId: string }) {
    this.#installation = installation;
    this.id = place.id;
    this.#folder = place.folder;
    this.#clusterId = place.clusterId;
    fs.mkdirSync(this.#folder, { recursive: true });
  }

  /** The address for clients that need no login. */
  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  /** Writes down ports and settings; they hold for every later start. */
  configure(options: Pick<NodeOptions, "ports" | "security">): void {
    this.#port = options.ports[this.id - 1]?.plaintext ?? 0;
    fs.writeFileSync(this.#properties, serverProperties({ ...options, id: this.id, folder: this.#folder }));
  }

  /** Prepares the data folder; one that is prepared stays as it is. @param scram who may log in with SCRAM */
  async format(scram: Login | undefined): Promise<void> {
    if (fs.existsSync(path.join(this.#folder, "data", "meta.properties"))) return;
    const secret = scram && `[name=${scram.username},password=${scram.password}]`;
    const users = secret === undefined ? [] : ["SCRAM-SHA-256", "SCRAM-SHA-512"].map((name) => `${name}=${secret}`);
    const options = ["-t", this.#clusterId, "-c", this.#properties, ...users.flatMap((user) => ["--add-scram", user])];
    const args = [...javaArguments(this.#installation), "kafka.tools.StorageTool", "format", ...options];
    try {
      await promisify(execFile)(javaCommand(), args);
    } catch (thrown) {
      const { message, stdout } = thrown as Error & { stdout?: string };
      throw failed("the data folder was not formatted", `${message}\n${stdout ?? ""}`);
    }
  }

  /**
   * Starts and waits until it answers.
   *
   * @param flags more of them for Java
   */
  async start(flags: readonly string[] = []): Promise<Started> {
    const child = this.#spawn([...javaArguments(this.#installation, flags), "kafka.Kafka", this.#properties]);
    this.#process = child;
    const deadline = performance.now() + START_TIMEOUT_MS;
    while (isAlive(child)) {
      const answer = await this.#ask();
      if (answer === this.#clusterId && isAlive(child)) return "ready";
      if (answer !== undefined && answer !== this.#clusterId) return this.#giveWay();
      if (performance.now() > deadline) throw failed(`node ${this.id} did not start in time`, this.#log());
      await wait(LOOK_EVERY_MS);
    }
    if (/Address already in use/.test(this.#log())) return "port taken";
    throw failed(`node ${this.id} did not start (exit code ${child.exitCode ?? child.signalCode})`, this.#log());
  }

  /** Ends it in order; with force after ten seconds. */
  async stop(): Promise<void> {
    const child = this.#process;
    if (child === undefined || !isAlive(child)) return;
    const late = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
    try {
      // A paused process would not hear the first.
      child.kill("SIGCONT");
      await this.#end(child, "SIGTERM");
    } finally {
      clearTimeout(late);
    }
  }

  /** Ends it at once. */
  async kill(): Promise<void> {
    if (this.#process !== undefined && isAlive(this.#process)) await this.#end(this.#process, "SIGKILL");
  }

  /** Stops the clock of the process; whoever talks to it waits. */
  pause(): void {
    this.#process?.kill("SIGSTOP");
  }

  resume(): void {
    this.#process?.kill("SIGCONT");
  }

  get #properties(): string {
    return path.join(this.#folder, "server.properties");
  }

  get #logFile(): string {
    return path.join(this.#folder, "log");
  }

  /** What the newest process said. */
  #log(): string {
    return fs.readFileSync(this.#logFile, "utf8");
  }

  #spawn(args: readonly string[]): ChildProcess {
    const log = fs.openSync(this.#logFile, "w");
    try {
      const options: SpawnOptions = { cwd: this.#folder, stdio: ["pipe", log, log], detached: true };
      const child = spawn("sh", ["-c", GUARDED, "sh", javaCommand(), ...args], options);
      child.on("error", () => {});
      // A program that forgets to stop its broker may end nevertheless; the guard sees to the rest.
      child.unref();
      if (child.stdin instanceof net.Socket) child.stdin.unref();
      return child;
    } finally {
      fs.closeSync(log);
    }
  }

  async #end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
    const gone = once(child, "exit");
    child.ref();
    child.kill(signal);
    await gone;
  }

  /** Somebody else's broker answers: ours will not get the port. */
  async #giveWay(): Promise<Started> {
    await this.kill();
    return "port taken";
  }

  /** The id of the cluster that answers and lists this node; undefined as long as there is none. */
  async #ask(): Promise<string | undefined> {
    if (!(await accepts(this.#port))) return undefined;
    const kafka = kafkaClient([this.address], { connectionTimeout: 1000, requestTimeout: 2000, retry: { retries: 0 } });
    try {
      const { clusterId, brokers } = await withAdmin(kafka, (admin) => admin.describeCluster());
      if (clusterId !== this.#clusterId) return clusterId;
      return brokers.some(({ nodeId }) => nodeId === this.id) ? clusterId : undefined;
    } catch {
      return undefined;
    }
  }
}

function isAlive(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1");
    const end = (accepted: boolean) => {
      socket.destroy();
      resolve(accepted);
    };
    socket.once("connect", () => end(true)).once("error", () => end(false));
  });
}
