import { describe, expect, it } from "vitest";
import { MillraceError } from "../../../src/core/errors.ts";
import { Mailbox } from "../../../src/runtime/mailbox.ts";

interface Item {
  readonly id: number;
  readonly records: number;
  readonly bytes: number;
}

function item(id: number, records = 1, bytes = 1): Item {
  return { id, records, bytes };
}

function mailbox(limits: { maxRecords?: number; maxBytes?: number } = {}): Mailbox<Item> {
  return new Mailbox<Item>({ name: "test", maxRecords: 10, maxBytes: 100, weigh: (weighed) => weighed, ...limits });
}

/** Whether a promise has settled by now. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol("pending");
  const first = await Promise.race([promise.catch(() => undefined), Promise.resolve(pending).then((value) => value)]);
  return first !== pending;
}

function ids(items: readonly (Item | undefined)[]): (number | undefined)[] {
  return items.map((received) => received?.id);
}

async function drain(box: Mailbox<Item>): Promise<number[]> {
  const drained: number[] = [];
  for await (const received of box) drained.push(received.id);
  return drained;
}

/** An abort signal that counts its listeners. */
function countedSignal(): { controller: AbortController; listeners: () => number } {
  const controller = new AbortController();
  const { signal } = controller;
  let listeners = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners++;
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listeners--;
    remove(...args);
  };
  return { controller, listeners: () => listeners };
}

describe("new Mailbox()", () => {
  it.each([{ maxRecords: 0 }, { maxBytes: 0 }, { maxRecords: Number.NaN }])("refuses %o", (limits) => {
    expect(() => mailbox(limits)).toThrow(expect.objectContaining({ code: "USAGE" }));
  });

  it("takes Infinity for no limit", () => {
    const box = mailbox({ maxRecords: Infinity, maxBytes: Infinity });
    for (let id = 0; id < 1_000; id++) expect(box.trySend(item(id, 1_000, 1e9))).toBe(true);
    expect(box.stats.items).toBe(1_000);
  });
});

describe("Mailbox.send()", () => {
  it("resolves at once while there is room", async () => {
    const box = mailbox();
    await box.send(item(1, 2, 30));
    await box.send(item(2, 3, 40));
    expect(box.stats).toEqual({ items: 2, records: 5, bytes: 70, waitingSenders: 0, waitingReceivers: 0 });
  });

  it("waits when the record limit is reached", async () => {
    const box = mailbox({ maxRecords: 2 });
    await box.send(item(1, 2));
    const second = box.send(item(2, 1));
    expect(await isSettled(second)).toBe(false);
    expect(await box.receive()).toMatchObject({ id: 1 });
    await second;
    expect(box.stats).toMatchObject({ items: 1, waitingSenders: 0 });
  });

  it("waits when the byte limit is reached", async () => {
    const box = mailbox({ maxBytes: 10 });
    await box.send(item(1, 1, 8));
    const second = box.send(item(2, 1, 3));
    expect(await isSettled(second)).toBe(false);
    box.tryReceive();
    await second;
    expect(box.stats).toMatchObject({ records: 1, bytes: 3 });
  });

  it("fills the box exactly up to its limits", () => {
    const box = mailbox({ maxRecords: 3, maxBytes: 30 });
    expect(box.trySend(item(1, 1, 10))).toBe(true);
    expect(box.trySend(item(2, 2, 20))).toBe(true);
    expect(box.trySend(item(3, 1, 0))).toBe(false);
    expect(box.trySend(item(4, 0, 1))).toBe(false);
    expect(box.trySend(item(5, 0, 0))).toBe(true);
  });

  it("lets one item heavier than a limit pass alone", async () => {
    const box = mailbox({ maxBytes: 10 });
    await box.send(item(1, 1, 1));
    const heavy = box.send(item(2, 1, 1_000));
    expect(await isSettled(heavy)).toBe(false);
    box.tryReceive();
    await heavy;
    const behind = box.send(item(3, 1, 1));
    expect(await isSettled(behind)).toBe(false);
    expect(await box.receive()).toMatchObject({ id: 2 });
    await behind;
  });

  it("serves waiting senders in order, also a light one behind a heavy one", async () => {
    const box = mailbox({ maxBytes: 10 });
    await box.send(item(1, 1, 9));
    const heavy = box.send(item(2, 1, 5));
    const light = box.send(item(3, 1, 1));
    expect(await isSettled(light)).toBe(false);
    box.close();
    expect(await drain(box)).toEqual([1, 2, 3]);
    await Promise.all([heavy, light]);
  });

  it("lets several waiting senders in when one receive makes room for them", async () => {
    const box = mailbox({ maxRecords: 4 });
    await box.send(item(1, 4));
    const waiting = [box.send(item(2, 2)), box.send(item(3, 2)), box.send(item(4, 2))];
    box.tryReceive();
    expect(box.stats).toMatchObject({ items: 2, records: 4, waitingSenders: 1 });
    await Promise.all(waiting.slice(0, 2));
  });

  it("hands an item over to a waiting receiver, past the box", async () => {
    const box = mailbox();
    const receiving = box.receive();
    await box.send(item(1));
    expect(box.stats).toMatchObject({ items: 0, records: 0, bytes: 0, waitingReceivers: 0 });
    expect(await receiving).toMatchObject({ id: 1 });
  });

  it("rejects with CLOSED after close()", async () => {
    const box = mailbox();
    box.close();
    await expect(box.send(item(1))).rejects.toMatchObject({ code: "CLOSED", message: expect.stringContaining("test") });
  });

  it("rejects a weight that is no whole number", async () => {
    const box = mailbox();
    for (const weight of [-1, 0.5, Number.NaN, Infinity]) {
      await expect(box.send(item(1, weight, 1))).rejects.toMatchObject({ code: "INVARIANT" });
      await expect(box.send(item(1, 1, weight))).rejects.toMatchObject({ code: "INVARIANT" });
    }
    expect(box.stats.items).toBe(0);
  });

  it("rejects with ABORTED when its signal is aborted already, even if there is room", async () => {
    const box = mailbox();
    await expect(box.send(item(1), AbortSignal.abort())).rejects.toMatchObject({ code: "ABORTED" });
    expect(box.stats.items).toBe(0);
  });

  it("leaves no trace when its signal is aborted while it waits", async () => {
    const box = mailbox({ maxRecords: 1 });
    const { controller, listeners } = countedSignal();
    await box.send(item(1));
    const sending = box.send(item(2), controller.signal);
    expect(listeners()).toBe(1);
    controller.abort();
    await expect(sending).rejects.toMatchObject({ code: "ABORTED" });
    expect(box.stats).toMatchObject({ items: 1, waitingSenders: 0 });
    box.close();
    expect(await drain(box)).toEqual([1]);
  });

  it("lets those behind an aborted heavy sender in", async () => {
    const box = mailbox({ maxRecords: 3 });
    const controller = new AbortController();
    await box.send(item(1));
    const heavy = box.send(item(2, 3), controller.signal);
    const light = box.send(item(3, 1));
    controller.abort();
    await expect(heavy).rejects.toMatchObject({ code: "ABORTED" });
    await light;
    expect(box.stats).toMatchObject({ items: 2, waitingSenders: 0 });
  });

  it("takes its listener off the signal once it is let in", async () => {
    const box = mailbox({ maxRecords: 1 });
    const { controller, listeners } = countedSignal();
    await box.send(item(1), controller.signal);
    const waiting = box.send(item(2), controller.signal);
    box.tryReceive();
    await waiting;
    expect(listeners()).toBe(0);
    controller.abort();
    expect(box.stats.items).toBe(1);
  });
});

describe("Mailbox.trySend()", () => {
  it("is false when the box is full", () => {
    const box = mailbox({ maxRecords: 1 });
    expect(box.trySend(item(1))).toBe(true);
    expect(box.trySend(item(2))).toBe(false);
    expect(box.stats.items).toBe(1);
  });

  it("is false when others already wait, even if it would fit", () => {
    const box = mailbox({ maxRecords: 3 });
    box.trySend(item(1, 2));
    void box.send(item(2, 2));
    expect(box.trySend(item(3, 1))).toBe(false);
  });

  it("hands over to a waiting receiver", async () => {
    const box = mailbox();
    const receiving = box.receive();
    expect(box.trySend(item(1, 99, 999))).toBe(true);
    expect(await receiving).toMatchObject({ id: 1 });
  });

  it("throws after close() and abort()", () => {
    const box = mailbox();
    box.close();
    expect(() => box.trySend(item(1))).toThrow(expect.objectContaining({ code: "CLOSED" }));
    const fault = new MillraceError("SINK_FAILED", "over");
    box.abort(fault);
    expect(() => box.trySend(item(1))).toThrow(fault);
  });
});

describe("Mailbox.receive()", () => {
  it("takes in the order of the sends", async () => {
    const box = mailbox();
    for (const id of [1, 2, 3]) box.trySend(item(id));
    expect(ids([await box.receive(), await box.receive(), await box.receive()])).toEqual([1, 2, 3]);
  });

  it("serves waiting receivers in order", async () => {
    const box = mailbox();
    const receiving = [box.receive(), box.receive()];
    expect(box.stats.waitingReceivers).toBe(2);
    box.trySend(item(1));
    box.trySend(item(2));
    expect(ids(await Promise.all(receiving))).toEqual([1, 2]);
  });

  it("gives undefined once closed and drained, and not before", async () => {
    const box = mailbox();
    box.trySend(item(1));
    box.close();
    expect(ids([await box.receive(), await box.receive(), await box.receive()])).toEqual([1, undefined, undefined]);
  });

  it("rejects with ABORTED when its signal is aborted, leaving no trace", async () => {
    const box = mailbox();
    const controller = new AbortController();
    const receiving = box.receive(controller.signal);
    controller.abort(new Error("enough"));
    await expect(receiving).rejects.toMatchObject({ code: "ABORTED", cause: { message: "enough" } });
    expect(box.stats.waitingReceivers).toBe(0);
    box.trySend(item(1));
    await expect(box.receive(controller.signal)).rejects.toMatchObject({ code: "ABORTED" });
    expect(box.tryReceive()).toMatchObject({ id: 1 });
  });

  it("takes its listener off the signal once it has got something", async () => {
    const box = mailbox();
    const { controller, listeners } = countedSignal();
    const receiving = box.receive(controller.signal);
    box.trySend(item(1));
    await receiving;
    expect(listeners()).toBe(0);
  });
});

describe("Mailbox.tryReceive()", () => {
  it("gives undefined when nothing is there", () => {
    expect(mailbox().tryReceive()).toBeUndefined();
  });

  it("throws the error of abort()", () => {
    const box = mailbox();
    const fault = new MillraceError("SINK_FAILED", "over");
    box.abort(fault);
    expect(() => box.tryReceive()).toThrow(fault);
  });
});

describe("Mailbox.close()", () => {
  it("still delivers what is inside and what waiting senders bring", async () => {
    const box = mailbox({ maxRecords: 1 });
    box.trySend(item(1));
    const waiting = [box.send(item(2)), box.send(item(3))];
    box.close();
    box.close();
    expect(await drain(box)).toEqual([1, 2, 3]);
    await Promise.all(waiting);
  });

  it("ends every waiting receiver", async () => {
    const box = mailbox();
    const receiving = [box.receive(), box.receive()];
    box.close();
    expect(await Promise.all(receiving)).toEqual([undefined, undefined]);
    expect(box.stats.waitingReceivers).toBe(0);
  });

  it("does not reopen an aborted box", async () => {
    const box = mailbox();
    const fault = new MillraceError("SINK_FAILED", "over");
    box.abort(fault);
    box.close();
    await expect(box.receive()).rejects.toBe(fault);
  });
});

describe("Mailbox.abort()", () => {
  it("returns what was inside and fails those who wait to send", async () => {
    const box = mailbox({ maxRecords: 2 });
    box.trySend(item(1));
    box.trySend(item(2));
    const sending = box.send(item(3));
    const fault = new MillraceError("SINK_FAILED", "over");
    expect(ids(box.abort(fault))).toEqual([1, 2]);
    await expect(sending).rejects.toBe(fault);
    expect(box.stats).toEqual({ items: 0, records: 0, bytes: 0, waitingSenders: 0, waitingReceivers: 0 });
  });

  it("fails those who wait to receive and every later call", async () => {
    const box = mailbox();
    const receiving = box.receive();
    const fault = new MillraceError("SINK_FAILED", "over");
    expect(box.abort(fault)).toEqual([]);
    await expect(receiving).rejects.toBe(fault);
    await expect(box.send(item(1))).rejects.toBe(fault);
    await expect(box.receive()).rejects.toBe(fault);
    await expect(drain(box)).rejects.toBe(fault);
  });

  it("works on a closed box, and only the first abort counts", async () => {
    const box = mailbox();
    box.trySend(item(1));
    box.close();
    const fault = new MillraceError("SINK_FAILED", "over");
    expect(ids(box.abort(fault))).toEqual([1]);
    expect(box.abort(new MillraceError("SINK_FAILED", "again"))).toEqual([]);
    await expect(box.receive()).rejects.toBe(fault);
  });
});

describe("Mailbox as an async iterable", () => {
  it("shares its items among several loops", async () => {
    const box = mailbox({ maxRecords: 2 });
    const loops = [drain(box), drain(box)];
    for (let id = 0; id < 20; id++) await box.send(item(id));
    box.close();
    const all = (await Promise.all(loops)).flat();
    expect(all.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, id) => id));
  });

  it("closes nothing when a loop is left", async () => {
    const box = mailbox();
    box.trySend(item(1));
    box.trySend(item(2));
    for await (const received of box) {
      expect(received.id).toBe(1);
      break;
    }
    expect(box.trySend(item(3))).toBe(true);
    expect(box.stats.items).toBe(2);
  });

  it("passes null on as an item", async () => {
    const box = new Mailbox<string | null>({
      name: "nulls",
      maxRecords: 9,
      maxBytes: 9,
      weigh: () => ({ records: 1, bytes: 0 }),
    });
    box.trySend(null);
    box.trySend("after");
    box.close();
    expect(await Array.fromAsync(box)).toEqual([null, "after"]);
  });
});
