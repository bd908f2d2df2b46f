/**
 * A network between a client and a broker that can be cut. A client asks the broker for its address and connects to that,
 * so it is not enough to give it another one: every connection of this process to the broker's port goes through the proxy.
 */
import net from "node:net";
import { type Judge, Proxy } from "../proxy.ts";

/** Keys of the requests that send messages and that end a transaction. Source: the protocol guide of Apache Kafka. */
const PRODUCE = 0;
const END_TRANSACTION = 26;
const KEY_OFFSET = 4;

/** Whether bytes begin with the request that ends a transaction. */
export function endsTransaction(bytes: Buffer): boolean {
  return hasKey(bytes, END_TRANSACTION);
}

/** Whether bytes begin with a request that sends messages. */
export function isProduce(bytes: Buffer): boolean {
  return hasKey(bytes, PRODUCE);
}

function hasKey(bytes: Buffer, key: number): boolean {
  return bytes.length >= KEY_OFFSET + 2 && bytes.readInt16BE(KEY_OFFSET) === key;
}

/** Sends what this process connects to `port` through a proxy until it is disposed of. */
export class ThroughProxy implements AsyncDisposable {
  readonly #proxy: Proxy;
  readonly #connect = net.connect;

  private constructor(proxy: Proxy) {
    this.#proxy = proxy;
  }

  /** @param port of the broker */
  static async to(port: number): Promise<ThroughProxy> {
    const through = new ThroughProxy(await Proxy.listen(port));
    through.#redirect(port);
    return through;
  }

  set judge(judge: Judge) {
    this.#proxy.judge = judge;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    net.connect = this.#connect;
    await this.#proxy[Symbol.asyncDispose]();
  }

  #redirect(port: number): void {
    const connect = this.#connect as (...args: readonly unknown[]) => net.Socket;
    const { port: other } = this.#proxy;
    // The proxy itself gives port and host one by one, and gets through.
    const redirected = (target: unknown, ...rest: readonly unknown[]): net.Socket =>
      isTo(port, target) ? connect({ ...target, port: other }, ...rest) : connect(target, ...rest);
    net.connect = redirected;
  }
}

function isTo(port: number, target: unknown): target is net.TcpNetConnectOpts {
  return typeof target === "object" && target !== null && "port" in target && target.port === port;
}
