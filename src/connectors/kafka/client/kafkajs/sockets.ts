/** The sockets of one client, kept so that they can be cut: kafkajs waits for open requests before it lets go of one. */
import net from "node:net";
import tls from "node:tls";
import { MillraceError } from "../../../../core/errors.ts";
import type { SocketFactory } from "./wire.ts";

const KEEP_ALIVE_MS = 60_000;

/** Makes sockets and cuts them. */
export class Sockets {
  readonly #open = new Set<net.Socket>();
  #isCut = false;

  readonly factory: SocketFactory = ({ host, port, ssl, onConnect }) => {
    const name = net.isIP(host) === 0 ? { servername: host } : {};
    const socket =
      ssl === null ? net.connect({ host, port }, onConnect) : tls.connect({ host, port, ...name, ...ssl }, onConnect);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.setNoDelay(true);
    this.#open.add(socket);
    socket.once("close", () => this.#open.delete(socket));
    if (this.#isCut) socket.destroy(closed());
    return socket;
  };

  /** Ends every connection now; what waits for an answer is rejected. */
  cut(): void {
    this.#isCut = true;
    for (const socket of this.#open) socket.destroy(closed());
  }
}

function closed(): MillraceError {
  return new MillraceError("CLOSED", "the Kafka client was closed");
}
