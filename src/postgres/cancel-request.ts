/**
 * Cancels what a session is at, by the protocol's own word for it: over a connection of its own that takes no session, so
 * that it also gets through where no session is left, and a pooler hands it on to whichever server has the statement.
 *
 * Source: PostgreSQL documentation, "Canceling Requests in Progress" and "Message Formats".
 */
import { connect, type NetConnectOpts } from "node:net";

/** What the server gave a session for this. */
export interface CancelKey {
  readonly processId: number;
  readonly secret: number;
}

const LENGTH_BYTES = 16;
/** In the place of a protocol version. */
const CANCEL_CODE = 80_877_102;
const TIMEOUT_MS = 2_000;

/**
 * Asks for it and waits until the server has passed it on. Best effort: nobody is told whether there was anything to
 * cancel. Never rejects, and waits two seconds at most.
 *
 * @param where of the session's own server
 */
export function cancelRequest(where: NetConnectOpts, { processId, secret }: CancelKey): Promise<void> {
  const message = Buffer.alloc(LENGTH_BYTES);
  for (const [index, word] of [LENGTH_BYTES, CANCEL_CODE, processId, secret].entries()) {
    message.writeInt32BE(word, 4 * index);
  }
  return new Promise((resolve) => {
    const socket = connect(where);
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy());
    socket.on("error", () => {});
    socket.on("close", () => resolve());
    // its end is the server's answer, which would not come out of a stream that nobody reads
    socket.resume();
    socket.write(message);
  });
}
