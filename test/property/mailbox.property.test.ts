import { setImmediate as macrotask } from "node:timers/promises";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isMillraceError, MillraceError } from "../../src/core/errors.ts";
import { Mailbox, type Weight } from "../../src/runtime/mailbox.ts";

const LIMITS = { maxRecords: 4, maxBytes: 10 };
const FAULT = new MillraceError("SINK_FAILED", "the test aborts the box");

interface Item extends Weight {
  readonly id: number;
}

type Command =
  | { readonly kind: "send" | "try-send"; readonly weight: Weight }
  | { readonly kind: "receive" | "try-receive" | "close" | "abort" | "send-aborted" | "receive-aborted" }
  /** Aborts the signal of one of the calls that wait, counted round and round; of all calls if none waits. */
  | { readonly kind: "cancel"; readonly choice: number };

/** What has become of a call: `pending`, `sent`, `got 7`, `drained`, or an error's code. */
type Outcome = string;

/** The mailbox as one would explain it: two queues of waiters around a list, and one rule applied until nothing moves. */
class Model {
  readonly outcomes: Outcome[] = [];
  readonly delivered: number[] = [];
  box: Item[] = [];
  senders: { call: number; item: Item }[] = [];
  receivers: number[] = [];
  state: "open" | "closed" | "aborted" = "open";

  send(item: Item): void {
    const call = this.outcomes.push("pending") - 1;
    if (this.state !== "open") this.outcomes[call] = this.#refusal();
    else this.senders.push({ call, item });
    this.#pump();
  }

  trySend(item: Item): boolean | Outcome {
    if (this.state !== "open") return this.#refusal();
    if (this.receivers.length === 0 && (this.senders.length > 0 || !this.#fits(item))) return false;
    this.box.push(item);
    this.#pump();
    return true;
  }

  receive(): void {
    const call = this.outcomes.push("pending") - 1;
    if (this.state === "aborted") this.outcomes[call] = this.#refusal();
    else this.receivers.push(call);
    this.#pump();
  }

  tryReceive(): number | Outcome | undefined {
    if (this.state === "aborted") return this.#refusal();
    const item = this.box.shift();
    if (item !== undefined) this.delivered.push(item.id);
    this.#pump();
    return item?.id;
  }

  cancel(call: number): void {
    if (this.outcomes[call] !== "pending") return;
    this.outcomes[call] = "ABORTED";
    this.senders = this.senders.filter((sender) => sender.call !== call);
    this.receivers = this.receivers.filter((receiver) => receiver !== call);
    this.#pump();
  }

  close(): void {
    if (this.state === "open") this.state = "closed";
    this.#pump();
  }

  abort(): number[] {
    if (this.state === "aborted") return [];
    this.state = "aborted";
    for (const call of [...this.senders.map((sender) => sender.call), ...this.receivers]) {
      this.outcomes[call] = FAULT.code;
    }
    const dropped = this.box.map(({ id }) => id);
    this.box = [];
    this.senders = [];
    this.receivers = [];
    return dropped;
  }

  get stats() {
    return {
      items: this.box.length,
      records: this.box.reduce((sum, { records }) => sum + records, 0),
      bytes: this.box.reduce((sum, { bytes }) => sum + bytes, 0),
      waitingSenders: this.senders.length,
      waitingReceivers: this.receivers.length,
    };
  }

  #pump(): void {
    for (;;) {
      const [sender] = this.senders;
      const [receiver] = this.receivers;
      if (receiver !== undefined && this.box.length > 0) {
        const item = this.box.shift()?.id ?? expect.fail();
        this.delivered.push(item);
        this.outcomes[receiver] = `got ${item}`;
        this.receivers.shift();
      } else if (sender !== undefined && this.#fits(sender.item)) {
        this.box.push(sender.item);
        this.outcomes[sender.call] = "sent";
        this.senders.shift();
      } else if (receiver !== undefined && this.state === "closed") {
        this.outcomes[receiver] = "drained";
        this.receivers.shift();
      } else return;
    }
  }

  #fits(item: Item): boolean {
    const { items, records, bytes } = this.stats;
    return items === 0 || (records + item.records <= LIMITS.maxRecords && bytes + item.bytes <= LIMITS.maxBytes);
  }

  #refusal(): Outcome {
    return this.state === "aborted" ? FAULT.code : "CLOSED";
  }
}

/** The real mailbox, driven by the same words. */
class Subject {
  readonly box = new Mailbox<Item>({ name: "subject", ...LIMITS, weigh: (item) => item });
  readonly outcomes: Outcome[] = [];
  readonly delivered: number[] = [];
  readonly #controllers: AbortController[] = [];

  send(item: Item, signal = this.#signal()): void {
    this.#track(this.box.send(item, signal).then(() => "sent"));
  }

  trySend(item: Item): boolean | Outcome {
    return orCode(() => this.box.trySend(item));
  }

  receive(signal = this.#signal()): void {
    this.#track(
      this.box.receive(signal).then((item) => {
        if (item === undefined) return "drained";
        this.delivered.push(item.id);
        return `got ${item.id}`;
      }),
    );
  }

  tryReceive(): number | Outcome | undefined {
    return orCode(() => {
      const item = this.box.tryReceive();
      if (item !== undefined) this.delivered.push(item.id);
      return item?.id;
    });
  }

  cancel(call: number): void {
    this.#controllers[call]?.abort();
  }

  #signal(): AbortSignal {
    const controller = new AbortController();
    this.#controllers[this.outcomes.length] = controller;
    return controller.signal;
  }

  #track(promise: Promise<Outcome>): void {
    const call = this.outcomes.push("pending") - 1;
    void promise.then(
      (outcome) => {
        this.outcomes[call] = outcome;
      },
      (error: unknown) => {
        this.outcomes[call] = codeOf(error);
      },
    );
  }
}

function orCode<T>(action: () => T): T | Outcome {
  try {
    return action();
  } catch (error) {
    return codeOf(error);
  }
}

function codeOf(error: unknown): Outcome {
  return isMillraceError(error) ? error.code : `not ours: ${String(error)}`;
}

function apply(command: Command, id: number, model: Model, subject: Subject): void {
  switch (command.kind) {
    case "send":
      model.send({ id, ...command.weight });
      return subject.send({ id, ...command.weight });
    case "try-send":
      return expect(subject.trySend({ id, ...command.weight })).toEqual(model.trySend({ id, ...command.weight }));
    case "receive":
      model.receive();
      return subject.receive();
    case "try-receive":
      return expect(subject.tryReceive()).toEqual(model.tryReceive());
    case "close":
      model.close();
      return subject.box.close();
    case "abort":
      return expect(subject.box.abort(FAULT).map((item) => item.id)).toEqual(model.abort());
    case "send-aborted":
      model.outcomes.push("ABORTED");
      return subject.send({ id, records: 0, bytes: 0 }, AbortSignal.abort());
    case "receive-aborted":
      model.outcomes.push("ABORTED");
      return subject.receive(AbortSignal.abort());
    case "cancel": {
      const calls = [...model.outcomes.keys()];
      const waiting = calls.filter((each) => model.outcomes[each] === "pending");
      const candidates = waiting.length > 0 ? waiting : calls;
      const call = candidates[command.choice % candidates.length];
      if (call === undefined) return;
      model.cancel(call);
      return subject.cancel(call);
    }
  }
}

function check(model: Model, subject: Subject): void {
  const { stats } = subject.box;
  expect(stats).toEqual(model.stats);
  expect(subject.outcomes).toEqual(model.outcomes);
  expect(subject.delivered.toSorted((a, b) => a - b)).toEqual(model.delivered.toSorted((a, b) => a - b));
  if (stats.items > 1) {
    expect(stats.records).toBeLessThanOrEqual(LIMITS.maxRecords);
    expect(stats.bytes).toBeLessThanOrEqual(LIMITS.maxBytes);
  }
  if (stats.waitingReceivers > 0) expect(stats).toMatchObject({ items: 0, waitingSenders: 0 });
  if (stats.waitingSenders > 0) expect(stats.items).toBeGreaterThan(0);
}

const weight = fc.record({
  records: fc.oneof({ weight: 5, arbitrary: fc.nat(2) }, fc.integer({ min: 3, max: 9 })),
  bytes: fc.oneof({ weight: 5, arbitrary: fc.nat(4) }, fc.integer({ min: 5, max: 25 })),
});
/** Commands among which sends and receives have these weights. */
function commands(sends: number, receives: number): fc.Arbitrary<Command> {
  return fc.oneof(
    { weight: sends, arbitrary: fc.record({ kind: fc.constantFrom("send" as const, "try-send" as const), weight }) },
    { weight: receives, arbitrary: fc.record({ kind: fc.constantFrom("receive" as const, "try-receive" as const) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("cancel" as const), choice: fc.nat(999) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("send-aborted" as const, "receive-aborted" as const) }) },
  );
}

/** Balanced, with senders queueing up, with receivers queueing up. */
const life = fc.oneof(
  ...[commands(8, 7), commands(12, 3), commands(3, 12)].map((each) => fc.array(each, { maxLength: 60, size: "max" })),
);
/** Mostly a long life, then the end, then those who have not heard of it. */
const script = fc
  .tuple(
    life,
    fc.constantFrom<Command>({ kind: "close" }, { kind: "abort" }),
    fc.array(fc.oneof(commands(8, 7), fc.constant<Command>({ kind: "close" })), { maxLength: 15, size: "max" }),
    fc.constantFrom<Command[]>([], [{ kind: "abort" }]),
  )
  .map(([before, end, after, finale]) => [...before, end, ...after, ...finale]);

describe("Mailbox against its model", () => {
  it("does the same for every script of commands, and leaves nobody waiting after the end", async () => {
    await fc.assert(
      fc.asyncProperty(script, fc.boolean(), async (steps, isHasty) => {
        const model = new Model();
        const subject = new Subject();
        for (const [index, next] of steps.entries()) {
          apply(next, index, model, subject);
          // A hasty caller does not wait for promises between two calls.
          if (isHasty) continue;
          await macrotask();
          check(model, subject);
        }
        await macrotask();
        check(model, subject);
        while (model.state !== "aborted" && model.stats.items > 0) {
          expect(subject.tryReceive()).toEqual(model.tryReceive());
        }
        await macrotask();
        check(model, subject);
        expect(subject.outcomes).not.toContain("pending");
      }),
      { numRuns: 1_000 },
    );
  });

  it("delivers to a single consumer in the order of the sends", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(weight, { maxLength: 60, size: "max" }),
        fc.integer({ min: 1, max: 4 }),
        async (weights, pace) => {
          const { box } = new Subject();
          const sending = Promise.all(weights.map((each, id) => box.send({ id, ...each })));
          const closing = weights.length > pace ? macrotask().then(() => box.close()) : box.close();
          const received: number[] = [];
          for await (const { id } of box) {
            received.push(id);
            if (received.length % pace === 0) await macrotask();
          }
          await Promise.all([sending, closing]);
          expect(received).toEqual(weights.map((_, id) => id));
        },
      ),
      { numRuns: 200 },
    );
  });
});
