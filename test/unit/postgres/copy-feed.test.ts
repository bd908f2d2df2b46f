import { Writable } from "node:stream";
import { describe, expect, test } from "vitest";
import type { Connection, CopyStream } from "../../../src/postgres/connection.ts";
import { CopyFeed } from "../../../src/postgres/copy-feed.ts";

/** A COPY stream whose pieces are taken when the test says so, and which, as the driver's, survives its errors. */
function fakeCopy() {
  const taken: (() => void)[] = [];
  let writes = 0;
  const stream = Object.assign(
    new Writable({
      autoDestroy: false,
      write(_chunk, _encoding, done) {
        writes++;
        taken.push(done);
      },
    }),
    { rowCount: 7 },
  ) satisfies CopyStream;
  const connection = { copyFrom: () => stream } as unknown as Connection;
  return { stream, connection, take: () => taken.shift()?.(), writes: () => writes };
}

async function openFeed() {
  const copy = fakeCopy();
  const opening = CopyFeed.open(copy.connection, "COPY");
  copy.take();
  return { ...copy, feed: await opening };
}

describe("CopyFeed", () => {
  test("write() resolves when the piece was taken, finish() with the number of rows", async () => {
    const { feed, take } = await openFeed();
    let resolved = false;
    const written = feed.write(new Uint8Array(3)).then(() => (resolved = true));
    await Promise.resolve();
    expect(resolved).toBe(false);
    take();
    await written;
    expect(await feed.finish()).toBe(7);
  });

  test("write() refuses a second piece while one is on its way", async () => {
    const { feed, take } = await openFeed();
    const first = feed.write(new Uint8Array(1));
    await expect(feed.write(new Uint8Array(1))).rejects.toMatchObject({ code: "INVARIANT" });
    take();
    await first;
  });

  test("write() fails with the server's refusal, and nothing is written behind it", async () => {
    const { feed, stream, writes } = await openFeed();
    const refusal = new Error("refused");
    const written = feed.write(new Uint8Array(1));
    stream.emit("error", refusal);
    await expect(written).rejects.toBe(refusal);
    const before = writes();
    await expect(feed.write(new Uint8Array(1))).rejects.toBe(refusal);
    await expect(feed.finish()).rejects.toBe(refusal);
    expect(writes()).toBe(before);
  });

  test("open() fails when the statement is refused", async () => {
    const { connection, stream } = fakeCopy();
    const opening = CopyFeed.open(connection, "COPY");
    stream.emit("error", new Error("no such table"));
    await expect(opening).rejects.toThrow("no such table");
  });
});
