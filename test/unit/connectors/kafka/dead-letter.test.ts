import { describe, expect, test } from "vitest";
import { DeadLetters, rejectOf } from "../../../../src/connectors/kafka/dead-letter.ts";
import { encodeRaw, type Reject } from "../../../../src/core/reject.ts";

const reject: Reject = {
  job: "orders",
  run: "01J",
  scope: "",
  split: "live-orders-3",
  position: { ordinal: 17n, token: "9007199254740993" },
  stage: "decode",
  code: "JSON_INVALID",
  message: "expected a value — at byte 0",
  ...encodeRaw(Buffer.from("{broken")),
  attempts: 1,
  at: "2026-11-22T10:00:00.000Z",
};

const common = {
  "millrace-job": "orders",
  "millrace-run": "01J",
  "millrace-scope": "",
  "millrace-ordinal": "17",
  "millrace-token": "9007199254740993",
  "millrace-stage": "decode",
  "millrace-code": "JSON_INVALID",
  "millrace-message": "expected a value — at byte 0",
  "millrace-raw-encoding": "utf8",
  "millrace-attempts": "1",
  "millrace-time": "2026-11-22T10:00:00.000Z",
};

describe("DeadLetters", () => {
  test("make a message of a message: its value, and in headers why, when and where it was", () => {
    const { key, value, headers } = new DeadLetters(true).of(reject);
    expect(String(value)).toBe("{broken");
    expect(String(key)).toBe('["orders","","live-orders-3","9007199254740993","",null]');
    expect(headers).toEqual({
      ...common,
      "millrace-split": "live-orders-3",
      "millrace-topic": "live-orders",
      "millrace-partition": "3",
      "millrace-offset": "9007199254740993",
    });
  });

  test("make a message of a line that a sink refused", () => {
    const refused: Reject = { ...reject, split: "in/a-1.csv", line: 4, stage: "write", sink: "archive", output: 0 };
    const { key, headers } = new DeadLetters(false).of(refused);
    expect(String(key)).toBe('["orders","","in/a-1.csv","9007199254740993","archive",0]');
    expect(headers).toEqual({
      ...common,
      "millrace-split": "in/a-1.csv",
      "millrace-line": "4",
      "millrace-stage": "write",
      "millrace-sink": "archive",
      "millrace-output": "0",
    });
  });

  test("have the bytes as they came, also where they are no text", () => {
    const bytes = Buffer.from([0xff, 0x00, 0x22]);
    const { value, headers } = new DeadLetters(false).of({ ...reject, ...encodeRaw(bytes) });
    expect(value).toEqual(bytes);
    expect(headers["millrace-raw-encoding"]).toBe("base64");
  });

  test.each<[string, Reject]>([
    ["of a message", reject],
    ["of a line", { ...reject, split: "a.csv", line: 4, stage: "write", sink: "archive", output: 0 }],
    ["of no text", { ...reject, ...encodeRaw(Buffer.from([0xff])) }],
  ])("are read back as the reject that they were made of: %s", (_what, made) => {
    const { value, headers } = new DeadLetters(false).of(made);
    expect(rejectOf(headers as { [name: string]: string }, Buffer.from(value ?? []))).toEqual(made);
  });

  test("are told from other messages", () => {
    expect(rejectOf(null, Buffer.from("{}"))).toBeNull();
    expect(rejectOf({ "millrace-code": "x" }, Buffer.from("{}"))).toBeNull();
  });

  test("have one key for a record, however often and by whichever run it is rejected", () => {
    const letters = new DeadLetters(true);
    const again = { ...reject, run: "02J", attempts: 2, at: "2026-11-23T10:00:00.000Z", message: "other" };
    expect(letters.of(again).key).toEqual(letters.of(reject).key);
    expect(letters.of({ ...reject, scope: "02J" }).key).not.toEqual(letters.of(reject).key);
  });

  test("say where a record is that is not sent, and how large", () => {
    const large = { ...reject, raw: "x".repeat(5_000), message: "y".repeat(5_000) };
    const { key, value, headers } = new DeadLetters(true).withoutRecord(large);
    expect(key).toEqual(new DeadLetters(true).of(large).key);
    expect(value).toHaveLength(0);
    expect(headers).toMatchObject({
      "millrace-omitted-bytes": "5000",
      "millrace-offset": "9007199254740993",
      "millrace-message": `${"y".repeat(1_000)}...`,
    });
    expect(rejectOf(headers as { [name: string]: string }, Buffer.alloc(0))?.message).toMatch(
      /^y+\.\.\. \(the record, 5000 bytes, was too large for the topic\)$/,
    );
  });
});
