/** From the bytes of the wire to blocks of rows. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CopyMessages } from "../../../src/postgres/copy-messages.ts";
import { type RowBlock, RowBlocks } from "../../../src/postgres/row-blocks.ts";

function message(kind: string, content: Buffer): Buffer {
  const header = Buffer.alloc(5);
  header.write(kind, "latin1");
  header.writeInt32BE(content.length + 4, 1);
  return Buffer.concat([header, content]);
}

const begun = message("H", Buffer.from([0, 0, 2, 0, 0, 0, 0]));
const notice = message("N", Buffer.from("SNOTICE\0\0"));
const done = message("c", Buffer.alloc(0));
const behind = Buffer.concat([message("C", Buffer.from("COPY 3\0")), message("Z", Buffer.from("T"))]);

/** Cuts bytes at some places; each piece is memory of its own, as a socket's are. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [...at, bytes.length].map((end, index) => Buffer.from(bytes.subarray(index === 0 ? 0 : at[index - 1], end)));
}

/** The rows of a block as they stood; the block is given back before the next one comes. */
function rowsOf({ bytes, ends, [Symbol.dispose]: giveBack }: RowBlock): string[] {
  const rows = [...ends].map((end, row) => bytes.toString("latin1", row === 0 ? 0 : ends[row - 1], end));
  bytes.fill(0);
  giveBack();
  giveBack();
  return rows;
}

describe("RowBlocks", () => {
  test("hold the rows of the wire, whatever stands between them and wherever it is cut", () => {
    const row = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.concat([bytes, Buffer.from("\n")]));
    const sent = fc.array(fc.tuple(row, fc.boolean()), { maxLength: 40 });
    fc.assert(
      fc.property(sent, fc.array(fc.nat()), fc.integer({ min: 1, max: 600 }), (rows, places, blockBytes) => {
        const wire = rows.flatMap(([bytes, hasNotice]) => [message("d", bytes), ...(hasNotice ? [notice] : [])]);
        const messages = new CopyMessages();
        const blocks = new RowBlocks(blockBytes);
        const found: string[] = [];
        for (const piece of cut(Buffer.concat([begun, ...wire, done, behind]), places)) {
          if (messages.rest !== undefined) continue;
          const bytes = messages.take(piece);
          blocks.add(bytes, messages.ends, messages.endCount);
          if (blocks.isFull) found.push(...rowsOf(blocks.give() as RowBlock));
        }
        const last = blocks.give();
        if (last !== undefined) found.push(...rowsOf(last));
        expect(found).toEqual(rows.map(([bytes]) => bytes.toString("latin1")));
        expect(messages.isDone).toBe(true);
      }),
    );
  });

  test("wait for the end of a row that is longer than a block", () => {
    const blocks = new RowBlocks(4);
    blocks.add(Buffer.from("x".repeat(100_000)), Int32Array.of(), 0);
    expect(blocks.isFull).toBe(false);
    expect(blocks.give()).toBeUndefined();
    blocks.add(Buffer.from("y\nz"), Int32Array.of(2), 1);
    expect([...(blocks.give() as RowBlock).ends]).toEqual([100_002]);
    blocks.add(Buffer.from("\n"), Int32Array.of(1), 1);
    expect((blocks.give() as RowBlock).bytes.toString()).toBe("z\n");
  });
});

describe("CopyMessages", () => {
  test("leave what is none of the COPY's own, with the end of the rows or an error at its head", () => {
    const messages = new CopyMessages();
    messages.take(Buffer.concat([begun, message("d", Buffer.from("1\n")), done, behind]));
    expect(messages.rest).toEqual(Buffer.concat([done, behind]));

    const failed = new CopyMessages();
    const error = message("E", Buffer.from("SERROR\0\0"));
    expect(failed.take(Buffer.concat([begun, message("d", Buffer.from("1\n")), error])).toString()).toBe("1\n");
    expect([failed.isDone, failed.rest]).toEqual([false, error]);
  });
});
