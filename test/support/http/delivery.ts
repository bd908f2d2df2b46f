/** Sends an answer, or does to it on its way what a fault says. */
import type { ServerResponse } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { type Fault, refusalHeaders } from "./fault.ts";
import { emptyReply, lengthOf, piecesOf, type Reply } from "./reply.ts";

/** Bytes after which a body breaks whose length nobody knows. */
const SOME_BYTES = 64 * 1024;
/** Inflated bytes of one piece of a bomb; a gzip file is as many of these as one likes. */
const BOMB_PIECE = 16 * 1024 * 1024;

/** Faults that leave the server without having acted. */
export function isBeforeActing(
  fault: Fault,
): fault is Extract<Fault, { does: "refuse" | "reset" | "ignore" | "bomb" }> {
  return fault.does === "refuse" || fault.does === "reset" || fault.does === "ignore" || fault.does === "bomb";
}

/** Answers without having acted. */
export async function refuse(
  response: ServerResponse,
  fault: Extract<Fault, { does: "refuse" | "reset" | "ignore" | "bomb" }>,
): Promise<void> {
  if (fault.does === "reset") return reset(response);
  if (fault.does === "ignore") return await gone(response);
  if (fault.does === "bomb") return await send(response, bombOf(fault.bytes));
  const { status, body = "" } = fault;
  await send(response, { status, headers: refusalHeaders(fault), body: Buffer.from(body) });
}

/** Sends an answer as it is. */
export async function send(response: ServerResponse, reply: Reply): Promise<void> {
  begin(response, reply, lengthOf(reply));
  for (const piece of piecesOf(reply.body)) {
    if (response.destroyed) return;
    await push(response, piece);
  }
  response.end();
}

/** Sends the answer of a server that has acted. */
export async function sendFaulty(response: ServerResponse, reply: Reply, fault: Fault): Promise<void> {
  switch (fault.does) {
    case "lose":
      return reset(response);
    case "fail-after":
      return await send(response, emptyReply(fault.status));
    case "cut":
      return await cut(response, reply, fault.framing, fault.after);
    case "misdeclare":
      return await misdeclare(response, reply, fault.by);
    case "trickle":
      return await trickle(response, reply, fault.bytes, fault.everyMs);
    case "stall":
      begin(response, reply, lengthOf(reply));
      for (const piece of firstOf(reply, fault.after ?? SOME_BYTES)) await push(response, piece);
      return await gone(response);
    case "delay":
      await wait(fault.ms);
      return await send(response, reply);
    case "prefix":
      return await send(response, prefixed(reply, Buffer.from(fault.text)));
    case "mislabel":
      return await send(response, { ...reply, headers: { ...reply.headers, "content-encoding": fault.coding } });
    case "hang-up":
      response.once("finish", () => setImmediate(() => response.socket?.destroy()));
      return await send(response, reply);
    default:
      return await send(response, reply);
  }
}

function begin(response: ServerResponse, { status, headers }: Reply, length: number | undefined): void {
  const measured = length === undefined || status === 204 || status === 304 ? {} : { "content-length": String(length) };
  response.writeHead(status, { ...headers, ...measured });
}

async function cut(response: ServerResponse, reply: Reply, framing: string, after?: number): Promise<void> {
  const whole = lengthOf(reply);
  const sent = after ?? (whole === undefined ? SOME_BYTES : whole >> 1);
  const sound = Math.min(sent, whole ?? sent);
  begin(response, reply, framing === "chunked" ? undefined : framing === "sound" ? sound : whole);
  for (const piece of firstOf(reply, sent)) {
    if (response.destroyed) return;
    await push(response, piece);
  }
  if (framing === "sound") return void response.end();
  // What was written has to be on its way before the connection breaks, or the client sees a mere reset.
  await wait(1);
  reset(response);
}

async function misdeclare(response: ServerResponse, reply: Reply, by: number): Promise<void> {
  begin(response, reply, Math.max(0, (lengthOf(reply) ?? 0) + by));
  for (const piece of piecesOf(reply.body)) await push(response, piece);
  if (by > 0) await gone(response);
  else response.end();
}

async function trickle(response: ServerResponse, reply: Reply, bytes: number, everyMs: number): Promise<void> {
  begin(response, reply, lengthOf(reply));
  for (const piece of piecesOf(reply.body)) {
    for (let at = 0; at < piece.byteLength; at += bytes) {
      await push(response, piece.subarray(at, at + bytes));
      await wait(everyMs);
      if (response.destroyed) return;
    }
  }
  response.end();
}

/** The first bytes of a body. */
function* firstOf(reply: Reply, bytes: number): Iterable<Uint8Array> {
  let left = bytes;
  for (const piece of piecesOf(reply.body)) {
    if (left <= 0) return;
    yield piece.subarray(0, left);
    left -= piece.byteLength;
  }
}

function prefixed(reply: Reply, prefix: Uint8Array): Reply {
  const length = lengthOf(reply);
  return {
    ...reply,
    body: [prefix, ...piecesOf(reply.body)],
    ...(length !== undefined && { length: length + prefix.byteLength }),
  };
}

/** A JSON string that never ends, in as many gzip members as it takes. */
function bombOf(bytes: number): Reply {
  const first = gzipSync('["');
  const piece = gzipSync(Buffer.alloc(BOMB_PIECE, "a"));
  const headers = { "content-type": "application/json", "content-encoding": "gzip" };
  return { status: 200, headers, body: [first, ...Array.from({ length: bytes / BOMB_PIECE }, () => piece)] };
}

/** Writes, and waits while the client is slow; writes nowhere once it has left. */
async function push(response: ServerResponse, piece: Uint8Array): Promise<void> {
  if (response.destroyed || response.write(piece)) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  response.once("drain", resolve);
  response.once("close", resolve);
  await promise;
  response.off("drain", resolve);
  response.off("close", resolve);
}

function reset(response: ServerResponse): void {
  response.socket?.resetAndDestroy();
}

/** Waits until the client has left. */
async function gone(response: ServerResponse): Promise<void> {
  if (response.destroyed) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  response.once("close", resolve);
  await promise;
}
