/** Puts a reply onto the wire, and lets go of clients that do not read it. */
import type { ServerResponse } from "node:http";
import type { Clock } from "../core/clock.ts";
import type { HttpReply, HttpStream } from "../core/ports/http-routes.ts";
import { HARDENING } from "./headers.ts";
import type { HttpLimits } from "./limits.ts";

/** What sending needs to know. */
export interface SendOptions {
  readonly clock: Clock;
  readonly limits: HttpLimits;
  /** Whether only the headers are wanted. */
  readonly head: boolean;
  /** Whether the connection ends with this reply. */
  readonly last: boolean;
}

/** Sends a reply; resolves when all of it is handed over, or when its stream has ended. */
export async function send(response: ServerResponse, reply: HttpReply, options: SendOptions): Promise<void> {
  const { status, headers = {}, body } = reply;
  if (options.last) response.setHeader("connection", "close");
  const stream = typeof body === "function";
  const length =
    stream || (body === undefined && status === 204) ? {} : { "content-length": Buffer.byteLength(body ?? "") };
  response.writeHead(status, { ...HARDENING, ...headers, ...length });
  if (stream && !options.head) await sendStream(response, body, options);
  else sendText(response, options.head || stream ? "" : (body ?? ""), options);
}

function sendText(response: ServerResponse, text: string, { clock, limits }: SendOptions): void {
  const patience = clock.timer(limits.replyMs, () => response.destroy());
  response.once("close", () => patience[Symbol.dispose]());
  response.end(text);
}

/** Nothing is waited for: what a client has not read yet is bounded in bytes and in time. */
async function sendStream(response: ServerResponse, stream: HttpStream, { clock, limits }: SendOptions): Promise<void> {
  let readAt = clock.monotonic();
  const write = (text: string): void => {
    if (response.destroyed) return;
    response.write(text, () => {
      readAt = clock.monotonic();
    });
    const stalled = response.writableLength > 0 && clock.monotonic() - readAt > limits.replyMs;
    if (stalled || response.writableLength > limits.streamBytes) response.destroy();
  };
  response.flushHeaders();
  await stream(write);
  response.end();
}
