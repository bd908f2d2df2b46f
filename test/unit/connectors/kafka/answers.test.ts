import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AnswerMemory } from "../../../../src/connectors/kafka/client/kafkajs/answer-memory.ts";
import { readAnswers, type WireConnection } from "../../../../src/connectors/kafka/client/kafkajs/answer-reader.ts";

const LARGE = 1024 * 1024;

/** A connection that keeps what it is answered; `give` hands pieces over as a socket does that uses its memory again. */
function connectionOf() {
  const answers: { size: number; correlationId: number; payload: string }[] = [];
  const logins: string[] = [];
  let lastPayload: Buffer = Buffer.alloc(0);
  const connection: { -readonly [K in keyof WireConnection]: WireConnection[K] } = {
    socket: {},
    authHandlers: null,
    authExpectResponse: false,
    requestQueue: {
      fulfillRequest({ size, correlationId, payload }) {
        lastPayload = payload;
        answers.push({ size, correlationId, payload: payload.toString("latin1") });
      },
    },
    processData: () => {},
  };
  const memory = new AnswerMemory();
  readAnswers(connection, memory);
  const give = (piece: Buffer): void => {
    const lent = Buffer.from(piece);
    connection.processData(lent);
    lent.fill(0xee);
  };
  const logIn = (expectsAnswer: boolean): void => {
    connection.authHandlers = { onSuccess: (answer) => logins.push(answer.toString("latin1")) };
    connection.authExpectResponse = expectsAnswer;
  };
  return { connection, answers, logins, memory, give, logIn, lastPayload: () => lastPayload };
}

function framed(correlationId: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeInt32BE(payload.length + 4);
  head.writeInt32BE(correlationId, 4);
  return Buffer.concat([head, payload]);
}

describe("readAnswers()", () => {
  test("puts answers together however they were cut", () => {
    const payloads = fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(payloads, fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }), (given, cuts) => {
        const { answers, give } = connectionOf();
        const stream = Buffer.concat(given.map((payload, id) => framed(id, Buffer.from(payload))));
        for (let at = 0, turn = 0; at < stream.length; turn++) {
          const next = at + (cuts[turn % cuts.length] as number);
          give(stream.subarray(at, next));
          at = next;
        }
        expect(answers).toEqual(
          given.map((payload, correlationId) => ({
            size: payload.length + 4,
            correlationId,
            payload: Buffer.from(payload).toString("latin1"),
          })),
        );
      }),
    );
  });

  test("takes more memory only as an answer comes", () => {
    const { answers, give } = connectionOf();
    const payload = Buffer.alloc(40 * LARGE, "abcdefg");
    const stream = framed(1, payload);
    for (let at = 0; at < stream.length; at += LARGE) give(stream.subarray(at, at + LARGE));
    expect(answers.map(({ size }) => size)).toEqual([payload.length + 4]);
    expect(answers[0]?.payload === payload.toString("latin1")).toBe(true);
  });

  test("forgets what came of an answer when its connection is another one", () => {
    const { connection, answers, give } = connectionOf();
    give(framed(1, Buffer.from("lost")).subarray(0, 9));
    connection.socket = {};
    give(framed(2, Buffer.from("whole")));
    expect(answers).toEqual([{ size: 9, correlationId: 2, payload: "whole" }]);
  });

  test("hands a login its answer with the size before it, or whatever came where none is expected", () => {
    const { logins, give, logIn } = connectionOf();
    logIn(true);
    give(Buffer.from("\0\0\0\u0005hel"));
    give(Buffer.from("lo"));
    logIn(false);
    give(Buffer.from("raw"));
    expect(logins).toEqual(["\0\0\0\u0005hello", "raw"]);
  });

  test("puts an answer where one lay that was given back, and nowhere else", () => {
    const { memory, give, lastPayload } = connectionOf();
    give(framed(1, Buffer.alloc(LARGE, "a")));
    const first = lastPayload();
    give(framed(2, Buffer.alloc(LARGE, "b")));
    expect(lastPayload().buffer).not.toBe(first.buffer);
    expect(first[0]).toBe("a".charCodeAt(0));
    memory.giveBack(first);
    give(framed(3, Buffer.alloc(LARGE, "c")));
    expect(lastPayload().buffer).toBe(first.buffer);
  });
});

describe("AnswerMemory.giveBack()", () => {
  test("takes what it lent, and that once", () => {
    const memory = new AnswerMemory();
    const bytes = memory.take(LARGE);
    memory.giveBack(Buffer.alloc(LARGE));
    memory.giveBack(bytes.subarray(7));
    memory.giveBack(bytes);
    const [again, other] = [memory.take(LARGE), memory.take(LARGE)];
    expect(again.buffer).toBe(bytes.buffer);
    expect(other.buffer).not.toBe(bytes.buffer);
  });

  test("keeps no more than a few answers, and lends none of them for a far smaller one", () => {
    const memory = new AnswerMemory();
    const lent = Array.from({ length: 12 }, () => memory.take(LARGE));
    for (const bytes of lent) memory.giveBack(bytes);
    const buffers = new Set(lent.map(({ buffer }) => buffer));
    expect(buffers.has(memory.take(LARGE / 8).buffer)).toBe(false);
    const kept = Array.from({ length: 12 }, () => memory.take(LARGE)).filter(({ buffer }) => buffers.has(buffer));
    expect(kept).toHaveLength(8);
  });
});
