/** The sockets of one client, kept so that they can be cut: kafkajs waits for open requests before it lets go of one. */
import net from "node:net";
import tls from "node:tls";
import { MillraceError } from "../../../../core/errors.ts";
import type { SocketFactory } from "./wire.ts";

const KEEP_ALIVE_MS = 60_000;
/** What is read at once where a socket's memory is used again. */
const READ_BYTES = 256 * 1024;

/** Makes sockets and cuts them. */
export class Sockets {
  readonly #open = new Set<net.Socket>();
  readonly #reusesMemory: boolean;
  #isCut = false;

  /** @param reusesMemory what comes without TLS is there until the next piece comes; whoever listens copies it */
  constructor({ reusesMemory = false } = {}) {
    this.#reusesMemory = reusesMemory;
  }

  readonly factory: SocketFactory = ({ host, port, ssl, onConnect }) => {
    const name = net.isIP(host) === 0 ? { servername: host } : {};
    const socket =
      ssl === null ? this.#connect(host, port, onConnect) : tls.connect({ host, port, ...name, ...ssl }, onConnect);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.setNoDelay(true);
    this.#open.add(socket);
    socket.once("close", () => this.#open.delete(socket));
    if (this.#isCut) socket.destroy(closed());
    return socket;
  };

  #connect(host: string, port: number, onConnect: () => void): net.Socket {
    if (!this.#reusesMemory) return net.connect({ host, port }, onConnect);
    const onData = (length: number, bytes: Uint8Array): boolean => {
      socket.emit("data", bytes.subarray(0, length));
      return true;
    };
    const onread = { buffer: Buffer.allocUnsafeSlow(READ_BYTES), callback: onData };
    const socket = net.connect({ host, port, onread }, onConnect);
    return socket;
  }

  /** Ends every connection now; what waits for an answer is rejected. */
  cut(): void {
    this.#isCut = true;
    for (const socket of this.#open) socket.destroy(closed());
  }
}

function closed(): MillraceError {
  return new MillraceError("CLOSED", "the Kafka client was closed");
}
