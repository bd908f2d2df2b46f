import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { until } from "../../../support/until.ts";
import { connect, serve, type Served } from "./ask.ts";
import { eventOf } from "./fake-runtime.ts";

const EVENTS = "GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n";

/** A stream that is open, and how to wait for a text in it. */
async function openStream({ server, runtime }: Served, query = "") {
  const before = runtime.listeners;
  const response = await fetch(`${server.url}/api/events${query}`);
  await until("the stream listens", () => (runtime.listeners > before ? true : undefined));
  const reader = (response.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  const read = async (awaited: string): Promise<string> => {
    while (!text.includes(awaited)) {
      const { done, value } = await reader.read();
      if (done) break;
      text += value;
    }
    return text;
  };
  return { response, read, rest: () => read("\0"), close: () => reader.cancel() };
}

describe("GET /api/events", () => {
  test("tells what happens as server-sent events, each with its kind, its number and itself", async () => {
    await using served = await serve();
    const stream = await openStream(served);
    expect(stream.response.headers.get("content-type")).toBe("text/event-stream");
    served.runtime.emit(eventOf("orders"));
    served.runtime.emit({ kind: "trouble", job: null, code: "X", message: "password=hunter2\nline", at: 5 });
    expect(await stream.read('"at":5}\n\n')).toBe(
      `retry: 2000\n\nevent: draining\nid: 1\ndata: ${JSON.stringify(eventOf("orders"))}\n\n` +
        'event: trouble\nid: 2\ndata: {"kind":"trouble","job":null,"code":"X","message":"password=***\\nline","at":5}\n\n',
    );
    await stream.close();
    await until("the stream is let go", () => (served.runtime.listeners === 0 ? true : undefined));
  });

  test("tells of one job and of some kinds where it is asked so, and of what is of no job", async () => {
    await using served = await serve();
    const stream = await openStream(served, "?job=orders&kind=draining,stopping");
    served.runtime.emit(eventOf("users"));
    served.runtime.emit(eventOf("orders"));
    served.runtime.emit({ kind: "run-ended", job: "orders", run: "1", at: 1 } as never);
    served.runtime.emit({ kind: "stopping", deadlineMs: 1, at: 1 });
    const text = await stream.read("event: stopping");
    expect(text.match(/^(?:event|id): .*/gm)).toEqual(["event: draining", "id: 2", "event: stopping", "id: 4"]);
  });

  test("beats every 15 s, and stops when the client has gone", async () => {
    await using served = await serve();
    const { clock } = served.runtime;
    const stream = await openStream(served);
    await clock.advance(31_000);
    expect(await stream.read(":\n\n:\n\n")).toBe("retry: 2000\n\n:\n\n:\n\n");
    await stream.close();
    await until("its timer is gone", () => (clock.pendingTimers === 0 ? true : undefined));
  });

  test("drops a client for which more waits than it may, and not the one beside it", async () => {
    await using served = await serve({ limits: { streamBytes: 4 * 1024 * 1024 } });
    const { runtime } = served;
    const stalled = await connect(served.port, EVENTS);
    stalled.pause();
    await until("it listens", () => (runtime.listeners === 1 ? true : undefined));
    const healthy = await openStream(served);
    for (let sent = 1; runtime.listeners > 1; sent++) {
      expect(sent).toBeLessThan(100);
      runtime.emit(eventOf("orders", 1024 * 1024));
      await healthy.read(`id: ${sent}\n`);
    }
    stalled.resume();
    await once(stalled, "close");
    await healthy.close();
  });

  test("drops a client that reads nothing for as long as a reply may take", async () => {
    await using served = await serve({ limits: { streamBytes: 64 * 1024 * 1024 } });
    const { runtime } = served;
    const stalled = await connect(served.port, EVENTS);
    stalled.pause();
    await until("it listens", () => (runtime.listeners === 1 ? true : undefined));
    runtime.emit(eventOf("orders", 16 * 1024 * 1024));
    await runtime.clock.advance(30_000);
    expect(runtime.listeners).toBe(1);
    await runtime.clock.advance(15_000);
    await until("it is dropped", () => (runtime.listeners === 0 ? true : undefined));
    stalled.destroy();
  });

  test("serves no more streams at once than it may, so that others get a connection", async () => {
    await using served = await serve({ limits: { streams: 2 } });
    const first = await openStream(served);
    await openStream(served);
    const third = await served.ask("/api/events");
    expect(third).toMatchObject({ status: 503, headers: { "retry-after": "5" } });
    await first.close();
    await until("one is let go", () => (served.runtime.listeners === 1 ? true : undefined));
    await openStream(served);
  });

  test("is not begun for a HEAD", async () => {
    await using served = await serve();
    expect(await served.ask("/api/events", { method: "HEAD" })).toMatchObject({ status: 200, body: "" });
    expect(served.runtime.listeners).toBe(0);
  });

  test("ends in order when the server closes", async () => {
    await using served = await serve();
    const stream = await openStream(served);
    served.runtime.emit(eventOf("orders"));
    await stream.read("id: 1");
    await served.server.close({ deadlineMs: 60_000 });
    expect(await stream.rest()).toContain("id: 1");
    expect(served.runtime.listeners).toBe(0);
    expect(served.faults).toEqual([]);
  });
});
