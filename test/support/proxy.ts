/** A TCP proxy that fails at a chosen moment, as networks do. */
import { once } from "node:events";
import net from "node:net";

/**
 * What is done with bytes on their way to the server: they pass; they wait, and what comes behind them, until they are
 * let go; or the client is cut off and they arrive, arrive a while later, arrive by half, or never do; or nothing arrives
 * any more and nobody is told.
 */
export type Verdict = "pass" | "hold" | "cut-after" | "cut-late" | "cut-before" | "halve" | "silence";

/** How late, milliseconds. */
const LATE_MS = 300;

/** Looks at what a client sends. */
export type Judge = (bytes: Buffer) => Verdict;

/**
 * Stands between client and server.
 *
 * @example
 * await using proxy = await Proxy.listen(server.port);
 * proxy.judge = (bytes) => (bytes.includes("COMMIT") ? "cut-after" : "pass");
 */
export class Proxy implements AsyncDisposable {
  judge: Judge = () => "pass";
  /** Looks at what the server answers: whether the client gets it, or is cut off instead, or gets half of it or nothing more. */
  judgeReply: (bytes: Buffer) => "pass" | "cut-before" | "halve" | "silence" = () => "pass";
  /** How long bytes are on their way, milliseconds, either way. */
  delayMs = 0;
  /** How many get through, either way. */
  bytesPerSecond = Number.POSITIVE_INFINITY;
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();
  readonly #held: (() => void)[] = [];

  private constructor(target: number) {
    this.#server = net.createServer((client) => this.#join(client, net.connect(target, "127.0.0.1")));
  }

  /** Listens on a port of its own. @param target the server's port */
  static async listen(target: number): Promise<Proxy> {
    const proxy = new Proxy(target);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    return address === null || typeof address === "string" ? 0 : address.port;
  }

  /** Lets go what was held. */
  release(): void {
    for (const letGo of this.#held.splice(0)) letGo();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(this.#server, "close");
  }

  #join(client: net.Socket, server: net.Socket): void {
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => this.#sockets.delete(socket));
    }
    let late = false;
    client.on("close", () => late || server.end());
    server.on("close", () => client.destroy());
    server.on("data", (bytes) => {
      const verdict = this.judgeReply(bytes);
      if (verdict === "pass") this.#pass(bytes, server, client);
      else if (verdict === "halve") client.end(firstHalf(bytes), () => client.destroy());
      else if (verdict === "silence") silence(client, server);
      else client.destroy();
    });
    client.on("data", (bytes) => {
      const verdict = this.judge(bytes);
      if (verdict === "hold") {
        client.pause();
        this.#held.push(() => {
          server.write(bytes);
          client.resume();
        });
      } else if (verdict === "cut-after") {
        // The client learns nothing; the server gets everything and finds its client gone.
        client.destroy();
        server.end(bytes);
      } else if (verdict === "cut-late") {
        late = true;
        client.destroy();
        setTimeout(() => server.end(bytes), LATE_MS);
      } else if (verdict === "halve") {
        client.destroy();
        server.end(firstHalf(bytes));
      } else if (verdict === "silence") {
        silence(client, server);
      } else if (verdict === "cut-before") {
        client.destroy();
        server.destroy();
      } else {
        this.#pass(bytes, client, server);
      }
    });
  }

  /** Nothing more is read until these have arrived, so that they stay in order and a sender feels how slow it is. */
  #pass(bytes: Buffer, from: net.Socket, to: net.Socket): void {
    const ms = this.delayMs + (1_000 * bytes.length) / this.bytesPerSecond;
    if (ms === 0) return void to.write(bytes);
    from.pause();
    setTimeout(() => {
      to.write(bytes);
      from.resume();
    }, ms);
  }
}

function firstHalf(bytes: Buffer): Buffer {
  return bytes.subarray(0, bytes.length >> 1);
}

/** What comes from now on is swallowed. */
function silence(...sockets: readonly net.Socket[]): void {
  for (const socket of sockets) socket.removeAllListeners("data").resume();
}
