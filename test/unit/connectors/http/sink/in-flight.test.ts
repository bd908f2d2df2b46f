import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RequestQueue } from "../../../../../src/connectors/http/sink/request-queue.ts";
import type { Request } from "../../../../../src/connectors/http/sink/rows.ts";
import { MillraceError } from "../../../../../src/core/errors.ts";
import { FROM_THE_START, openWriter, PatientHost, rowsOf, ScriptedServer } from "./scripted-server.ts";

function numbered(count: number): { readonly id: number }[] {
  return Array.from({ length: count }, (_, id) => ({ id }));
}

/** A macrotask: everything that is decided has happened. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe("requests in flight", () => {
  test("are as many as `concurrency` says, and write() waits when some more are pending", async () => {
    const server = new ScriptedServer();
    const replies: (() => void)[] = [];
    server.says = () => new Promise((resolve) => replies.push(() => resolve(200)));
    await using writer = await openWriter({ concurrency: 3 }, { server });
    const unit = await writer.begin("fast", null);
    let isWritten = false;
    const writing = unit.write(rowsOf(numbered(20)), FROM_THE_START).then(() => (isWritten = true));
    await settled();
    expect({ sent: server.seen.length, isWritten }).toEqual({ sent: 3, isWritten: false });
    expect(writer.pools?.()).toEqual({ "http sink requests": 3, "http sink connections": 3 });
    while (!isWritten || server.inFlight > 0) {
      replies.shift()?.();
      await settled();
    }
    await writing;
    await expect(unit.answers?.()).resolves.toEqual([{ rejects: [] }]);
    expect({ sent: server.seen.length, most: server.mostInFlight }).toEqual({ sent: 20, most: 3 });
  });

  test("are one after another with one: what is tried again is not overtaken", async () => {
    const server = new ScriptedServer();
    const failures = new Map([[2, 2]]);
    server.says = ({ body }) => {
      const { id } = JSON.parse(body) as { id: number };
      const left = failures.get(id) ?? 0;
      failures.set(id, left - 1);
      return left > 0 ? 503 : 200;
    };
    await using writer = await openWriter({}, { server, host: new PatientHost() });
    const unit = await writer.begin("fast", null);
    await unit.write(rowsOf(numbered(5)), FROM_THE_START);
    await unit.answers?.();
    expect(server.bodies).toEqual([0, 1, 2, 2, 2, 3, 4].map((id) => ({ id })));
  });

  test("are aborted by a rollback, and nothing is sent behind it", async () => {
    const server = new ScriptedServer();
    server.says = () => new Promise(() => {});
    await using writer = await openWriter({ concurrency: 2 }, { server });
    const unit = await writer.begin("fast", null);
    const writing = unit.write(rowsOf(numbered(30)), FROM_THE_START).catch((thrown: unknown) => thrown);
    await settled();
    await unit.rollback();
    expect(server.inFlight).toBe(0);
    expect(await writing).toMatchObject({ code: "ABORTED" });
    expect(server.seen).toHaveLength(2);
  });

  test("end with the run", async () => {
    const server = new ScriptedServer();
    const ending = new AbortController();
    server.says = () => {
      ending.abort();
      return new MillraceError("SINK_UNAVAILABLE", "cut");
    };
    await using writer = await openWriter({}, { server, signal: ending.signal, host: new PatientHost() });
    const unit = await writer.begin("fast", null);
    await unit.write(rowsOf(numbered(1)), FROM_THE_START);
    await expect(unit.answers?.()).rejects.toMatchObject({ code: "ABORTED" });
  });
});

describe("orderBy", () => {
  test("keeps requests of one value in order, and lets the others overtake", async () => {
    const server = new ScriptedServer();
    const held: (() => void)[] = [];
    server.says = ({ body }) =>
      body.includes('"id":0') ? new Promise((resolve) => held.push(() => resolve(200))) : 200;
    await using writer = await openWriter({ concurrency: 4, orderBy: "of" }, { server });
    const unit = await writer.begin("fast", null);
    const records = [
      { id: 0, of: "a" },
      { id: 1, of: "a" },
      { id: 2, of: "b" },
      { id: 3, of: null },
      { id: 4, of: "b" },
    ];
    await unit.write(rowsOf(records, ["of"]), FROM_THE_START);
    await settled();
    expect(server.bodies).toEqual([records[0], records[2], records[3], records[4]]);
    held.shift()?.();
    await unit.answers?.();
    expect(server.bodies.at(-1)).toEqual(records[1]);
  });
});

describe("RequestQueue", () => {
  test("begins a request when every earlier one that shares a key has ended, and as many as the limit lets it", async () => {
    const requests = fc.array(fc.uniqueArray(fc.constantFrom("a", "b", "c", null), { maxLength: 3 }), {
      maxLength: 30,
    });
    await fc.assert(
      fc.asyncProperty(
        requests,
        fc.integer({ min: 1, max: 5 }),
        fc.infiniteStream(fc.nat()),
        async (all, limit, picks) => {
          const made = all.map((keys) => requestOf(keys));
          const under: { readonly request: Request; readonly end: () => void }[] = [];
          const begun: Request[] = [];
          const ended = new Set<Request>();
          const send = (request: Request): Promise<void> => {
            begun.push(request);
            return new Promise((end) => under.push({ request, end }));
          };
          const queue = new RequestQueue({ limit: () => limit, room: 1_000, send });
          for (const request of made) queue.add(request);
          while (ended.size < made.length) {
            expect(under.length).toBeLessThanOrEqual(limit);
            const free = made.filter(
              (request, index) =>
                !begun.includes(request) &&
                !made.slice(0, index).some((other) => !ended.has(other) && shares(other, request)),
            );
            if (under.length < limit) expect(free).toEqual([]);
            for (const { request } of under) {
              const before = made.slice(0, made.indexOf(request)).filter((other) => shares(other, request));
              expect(before.every((other) => ended.has(other))).toBe(true);
            }
            const [one] = under.splice((picks.next().value as number) % under.length, 1);
            ended.add(one?.request as Request);
            one?.end();
            await settled();
          }
          await queue.idle();
        },
      ),
      { numRuns: 60 },
    );
  });
});

function requestOf(keys: readonly (string | null)[]): Request {
  return { rows: keys.map((order) => ({ order })) } as unknown as Request;
}

function shares(one: Request, other: Request): boolean {
  return one.rows.some(({ order }) => order !== null && other.rows.some((row) => row.order === order));
}
