/** A Kafka of one's own: one node or three, on free ports, with its data in the temporary folder. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { freePort } from "../free-port.ts";
import { type Certificates, makeCertificates } from "./certificates.ts";
import { failed } from "./failed.ts";
import type { Installation } from "./java.ts";
import { KafkaNode, type Started } from "./node.ts";
import type { Login, NodePorts } from "./server-properties.ts";

const ATTEMPTS = 3;
const PLAIN_LOGIN: Login = { username: "alice", password: "alice-secret" };
const SCRAM_LOGIN: Login = { username: "bob", password: "bob-secret" };

/** How a broker differs from the usual one. */
export interface BrokerOptions {
  /** One by default; three copy each other's data. */
  readonly nodes?: 1 | 3;
  /** Adds listeners that ask for certificates and logins. */
  readonly security?: boolean;
  /** Keeps its data there, also after the end; otherwise they are gone with it. */
  readonly folder?: string;
  /** The port of the first node that is tried first. */
  readonly port?: number;
}

/** The secured listeners, and who gets in. */
export interface Secured {
  /** Addresses that ask for the client's certificate. */
  readonly mtls: readonly string[];
  /** Encrypted addresses that ask for a login: `plain` with PLAIN, `scram` with SCRAM-SHA-256 or -512. */
  readonly sasl: readonly string[];
  readonly certificates: Pick<Certificates, "ca" | "cert" | "key">;
  readonly plain: Login;
  readonly scram: Login;
}

/**
 * The nodes together. What takes a node's number means all of them without it.
 *
 * @example
 * await using broker = await startBroker({ nodes: 3 });
 * await broker.kill(2);
 * await broker.restart(2);
 */
export class KafkaBroker implements AsyncDisposable {
  readonly #place: Place;
  readonly #nodes: readonly KafkaNode[];
  readonly #firstPort: number | undefined;
  readonly #certificates: Certificates | undefined;
  #ports: readonly NodePorts[] = [];

  private constructor(
    installation: Installation,
    { place, certificates, nodes, port }: BrokerOptions & { place: Place; certificates: Certificates | undefined },
  ) {
    this.#place = place;
    this.#certificates = certificates;
    this.#firstPort = port;
    const ids = Array.from({ length: nodes ?? 1 }, (_, index) => index + 1);
    const { clusterId } = place;
    this.#nodes = ids.map((id) => new KafkaNode(installation, { id, folder: place.node(id), clusterId }));
  }

  /** Formats and starts. @param flags more of them for Java */
  static async start(
    installation: Installation,
    options: BrokerOptions = {},
    flags: readonly string[] = [],
  ): Promise<KafkaBroker> {
    const place = new Place(options.folder);
    let broker: KafkaBroker | undefined;
    try {
      const certificates = options.security === true ? await makeCertificates(place.root) : undefined;
      broker = new KafkaBroker(installation, { ...options, place, certificates });
      await broker.#launch(flags);
      return broker;
    } catch (thrown) {
      await (broker ?? place)[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  /** Addresses for clients that need no login. */
  get brokers(): string[] {
    return this.#nodes.map(({ address }) => address);
  }

  /** Of the listeners that `security` added. */
  get secured(): Secured {
    if (this.#certificates === undefined) throw new TypeError("the broker was started without `security`");
    const { ca, cert, key } = this.#certificates;
    return {
      mtls: this.#ports.map(({ mtls }) => `localhost:${mtls}`),
      sasl: this.#ports.map(({ sasl }) => `localhost:${sasl}`),
      certificates: { ca, cert, key },
      plain: PLAIN_LOGIN,
      scram: SCRAM_LOGIN,
    };
  }

  /** Ends in order and keeps the data. */
  async stop(node?: number): Promise<void> {
    await Promise.all(this.#chosen(node).map((chosen) => chosen.stop()));
  }

  /** Ends at once, with kill -9, and keeps the data. */
  async kill(node?: number): Promise<void> {
    await Promise.all(this.#chosen(node).map((chosen) => chosen.kill()));
  }

  /** Starts again on the same ports and data; what still runs is stopped first. */
  async restart(node?: number): Promise<void> {
    await this.stop(node);
    const started = await startAll(this.#chosen(node));
    if (started === "port taken") throw failed(`another program took a port of ${this.brokers.join(", ")}`, "");
  }

  /** Freezes: connections stay open, nobody answers. */
  pause(node?: number): void {
    for (const chosen of this.#chosen(node)) chosen.pause();
  }

  resume(node?: number): void {
    for (const chosen of this.#chosen(node)) chosen.resume();
  }

  /** Ends it, and removes its data unless the caller named the folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    await (this.#place.isTemporary ? this.kill() : this.stop());
    await this.#place[Symbol.asyncDispose]();
  }

  #chosen(id: number | undefined): readonly KafkaNode[] {
    return id === undefined ? this.#nodes : this.#nodes.filter((node) => node.id === id);
  }

  /** A free port may be taken until the broker opens it; then others are tried. */
  async #launch(flags: readonly string[]): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      this.#ports = await Promise.all(this.#nodes.map(choosePorts));
      if (attempt === 0) this.#preferFirstPort();
      this.#configure();
      if (attempt === 0) await this.#format();
      if ((await startAll(this.#nodes, flags)) === "ready") return;
      await this.kill();
    }
    throw failed(`no free ports in ${ATTEMPTS} attempts`, "");
  }

  #preferFirstPort(): void {
    const plaintext = this.#firstPort;
    if (plaintext === undefined) return;
    this.#ports = this.#ports.map((ports, index) => (index === 0 ? { ...ports, plaintext } : ports));
  }

  #configure(): void {
    const stores = this.#certificates;
    const security = stores && { ...stores, plain: PLAIN_LOGIN };
    for (const node of this.#nodes) node.configure({ ports: this.#ports, security });
  }

  async #format(): Promise<void> {
    const scram = this.#certificates && SCRAM_LOGIN;
    await Promise.all(this.#nodes.map((node) => node.format(scram)));
  }
}

/** All at the same time: a node of three is ready only when there is another. */
async function startAll(nodes: readonly KafkaNode[], flags?: readonly string[]): Promise<Started> {
  const starts = await Promise.allSettled(nodes.map((node) => node.start(flags)));
  for (const start of starts) if (start.status === "rejected") throw start.reason;
  return starts.every((start) => start.status === "fulfilled" && start.value === "ready") ? "ready" : "port taken";
}

async function choosePorts(): Promise<NodePorts> {
  return { plaintext: await freePort(), controller: await freePort(), mtls: await freePort(), sasl: await freePort() };
}

/** The folder of a cluster and the cluster's id, which lies in it. */
class Place implements AsyncDisposable {
  readonly root: string;
  readonly clusterId: string;
  readonly #guard: ChildProcess | undefined;

  constructor(folder: string | undefined) {
    this.root = folder ?? fs.mkdtempSync(path.join(os.tmpdir(), "millrace-kafka-"));
    this.#guard = folder === undefined ? spawnGuard(this.root) : undefined;
    fs.mkdirSync(this.root, { recursive: true });
    this.clusterId = this.#readOrMakeId();
  }

  get isTemporary(): boolean {
    return this.#guard !== undefined;
  }

  node(id: number): string {
    return path.join(this.root, `node-${id}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#guard === undefined) return;
    await fs.promises.rm(this.root, { recursive: true, force: true, maxRetries: 3 });
    if (this.#guard.stdin?.writable === true) this.#guard.stdin.end("done\n");
  }

  #readOrMakeId(): string {
    const file = path.join(this.root, "cluster-id");
    if (fs.existsSync(file)) return fs.readFileSync(file, "utf8");
    const id = makeClusterId();
    fs.writeFileSync(file, id);
    return id;
  }
}

/** 16 random bytes in base64url; a minus sign in front would read as an option. */
function makeClusterId(): string {
  return randomBytes(16).toString("base64url").replace(/^-/, "A");
}

/** Removes the folder when this process dies without having said that it is done; the nodes' guards are quicker. */
function spawnGuard(folder: string): ChildProcess {
  const script = `trap '' INT TERM HUP
read -r _ || { sleep 1; rm -rf "$0"; }`;
  const guard = spawn("sh", ["-c", script, folder], { detached: true, stdio: ["pipe", "ignore", "ignore"] });
  guard.unref();
  if (guard.stdin instanceof net.Socket) guard.stdin.unref();
  return guard;
}
