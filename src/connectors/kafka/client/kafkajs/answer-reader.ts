/**
 * Puts the answers of one connection together. kafkajs joins all that came of an answer again whenever it has more of it,
 * and keeps what came, so that a socket's memory cannot be used again.
 */
import type { AnswerMemory } from "./answer-memory.ts";

const SIZE_BYTES = 4;
const CORRELATION_BYTES = 4;
/** What is believed of a size at once: it may be no broker that answers. */
const TRUSTED_BYTES = 16 * 1024 * 1024;

/** What is used of a connection of kafkajs. */
export interface WireConnection {
  readonly socket?: object;
  /** Set while a login waits for its answer. */
  readonly authHandlers: { readonly onSuccess: (answer: Buffer) => void } | null;
  readonly authExpectResponse: boolean;
  readonly requestQueue: {
    fulfillRequest(answer: { size: number; correlationId: number; payload: Buffer }): void;
  };
  processData: (data: Buffer) => void;
}

/** Reads for a connection from now on; what it is given by the socket may be overwritten afterwards. */
export function readAnswers(connection: WireConnection, memory: AnswerMemory): void {
  const reader = new AnswerReader(connection, memory);
  connection.processData = (data) => reader.take(data);
}

class AnswerReader {
  readonly #connection: WireConnection;
  readonly #memory: AnswerMemory;
  readonly #sizeBytes = Buffer.alloc(SIZE_BYTES);
  #socket: object | undefined;
  /** Bytes of the size and then of the answer that are there. */
  #filled = 0;
  #size = 0;
  #answer: Buffer | undefined;

  constructor(connection: WireConnection, memory: AnswerMemory) {
    this.#connection = connection;
    this.#memory = memory;
  }

  take(data: Buffer): void {
    const { socket, authHandlers, authExpectResponse } = this.#connection;
    if (authHandlers !== null && !authExpectResponse) return authHandlers.onSuccess(Buffer.from(data));
    if (socket !== this.#socket) this.#begin(socket);
    for (let at = 0; at < data.length; )
      at += this.#answer === undefined ? this.#takeSize(data, at) : this.#take(data, at);
  }

  /** What came of an answer before its connection was lost is no part of the next one's. */
  #begin(socket: object | undefined): void {
    this.#socket = socket;
    this.#answer = undefined;
    this.#filled = 0;
  }

  #takeSize(data: Buffer, at: number): number {
    const taken = data.copy(this.#sizeBytes, this.#filled, at);
    this.#filled += taken;
    if (this.#filled < SIZE_BYTES) return taken;
    this.#filled = 0;
    this.#size = Math.max(this.#sizeBytes.readInt32BE(), CORRELATION_BYTES);
    this.#answer = this.#memory.take(Math.min(this.#size, TRUSTED_BYTES));
    return taken;
  }

  #take(data: Buffer, at: number): number {
    const answer = this.#room();
    const taken = data.copy(answer, this.#filled, at);
    this.#filled += taken;
    if (this.#filled === this.#size) this.#finish(answer);
    return taken;
  }

  /** The answer's memory, with room for more of it. */
  #room(): Buffer {
    const answer = this.#answer as Buffer;
    if (this.#filled < answer.length) return answer;
    const larger = this.#memory.take(Math.min(this.#size, 2 * answer.length));
    answer.copy(larger);
    this.#memory.giveBack(answer);
    this.#answer = larger;
    return larger;
  }

  #finish(answer: Buffer): void {
    const { authHandlers, requestQueue } = this.#connection;
    this.#answer = undefined;
    this.#filled = 0;
    if (authHandlers !== null) return authHandlers.onSuccess(Buffer.concat([this.#sizeBytes, answer]));
    const correlationId = answer.readInt32BE();
    requestQueue.fulfillRequest({ size: this.#size, correlationId, payload: answer.subarray(CORRELATION_BYTES) });
  }
}
