import { describe, expect, test } from "vitest";
import { RejectEndpoint } from "../../../../src/connectors/http/rejects.ts";
import type { Reject } from "../../../../src/core/reject.ts";
import { fileOfRejects } from "../../../../src/pipeline/rejects/reject-places.ts";
import { optionsOf, ScriptedServer } from "./sink/scripted-server.ts";

const rejectOf = (number: number, output?: number): Reject => ({
  job: "orders",
  run: "01J",
  scope: "",
  split: "orders.jsonl",
  position: { ordinal: BigInt(number), token: String(number) },
  stage: "decode",
  ...(output !== undefined && { output }),
  code: "JSON_INVALID",
  message: "no",
  raw: "{",
  rawEncoding: "utf8",
  attempts: 1,
  at: "2026-11-22T10:00:00.000Z",
});

function endpoint(server: ScriptedServer, given: Parameters<typeof optionsOf>[0] = {}): RejectEndpoint {
  return new RejectEndpoint(server.connect(), optionsOf(given));
}

describe("RejectEndpoint", () => {
  test("sends each reject as the object of CONTRACT, and the same one always with the same key", async () => {
    const server = new ScriptedServer();
    await using place = endpoint(server, { concurrency: 2 });
    const rejects = [rejectOf(7), rejectOf(8), rejectOf(8, 1)];
    await place.append(rejects);
    await place.append(rejects.map((reject) => ({ ...reject, run: "01K", at: "2026-11-23T10:00:00.000Z" })));
    expect(server.bodies[0]).toMatchObject({ job: "orders", position: { ordinal: 7, token: "7" }, raw: "{" });
    const keys = server.seen.map(({ headers }) => headers["idempotency-key"]);
    expect(new Set(keys).size).toBe(3);
    expect(keys.slice(3)).toEqual(keys.slice(0, 3));
    expect(server.mostInFlight).toBe(2);
  });

  test.each([
    [503, "SINK_UNAVAILABLE", "transient"],
    [401, "SINK_REFUSED", "fatal"],
    [422, "SINK_REFUSED", "fatal"],
  ])(
    "that answers %i fails as %s once nothing is under way: no fault of a record gets through",
    async (status, code, fault) => {
      const server = new ScriptedServer();
      server.says = ({ body }) => (body.includes('"ordinal":1') ? status : 200);
      await using place = endpoint(server, { concurrency: 3 });
      const appending = place.append([0, 1, 2, 3].map((number) => rejectOf(number)));
      await expect(appending).rejects.toMatchObject({ code, fault });
      expect(server.inFlight).toBe(0);
    },
  );
});

test("RejectEndpoint comes further with each call, whatever fails, and does not ask a server that is down for each", async () => {
  const server = new ScriptedServer();
  let asked = 0;
  server.says = () => (asked++ % 3 === 2 ? 503 : 200);
  await using place = endpoint(server);
  const rejects = Array.from({ length: 40 }, (_, number) => rejectOf(number));
  let calls = 1;
  while (
    !(await place
      .append(rejects)
      .then(() => true)
      .catch(() => false))
  )
    calls++;
  expect(calls).toBeLessThan(6);
  expect(asked).toBeLessThan(62);
  server.says = () => 503;
  asked = server.seen.length;
  await expect(place.append(rejects)).rejects.toMatchObject({ code: "SINK_UNAVAILABLE" });
  expect(server.seen.length - asked).toBe(5);
});

test("rejects that are with a server are not read back, and what says so says where they are", () => {
  const plan = { job: { name: "orders" }, rejects: { type: "http", ...optionsOf() } } as Parameters<
    typeof fileOfRejects
  >[0];
  expect(() => fileOfRejects(plan)).toThrow(
    "rejects: those of orders are sent to a server (rejects.type: http); look there",
  );
});
