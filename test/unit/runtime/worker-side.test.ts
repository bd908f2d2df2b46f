import { threadId } from "node:worker_threads";
import { describe, expect, test } from "vitest";
import { FlightRecorder } from "../../../src/runtime/threads/flight-recorder.ts";
import { serve, workerDataOf } from "../../../src/runtime/threads/worker-side.ts";

describe("serve()", () => {
  test("records the flight of a task around its handler", async () => {
    const recorder = new FlightRecorder(1);
    const slot = recorder.allocate();
    const during: unknown[] = [];
    const handle = serve<number, number>((task, mine) => {
      mine.at(17);
      during.push(recorder.read(slot));
      return task + 1;
    });
    expect(await handle({ type: "task", task: 1, slot })).toEqual({ type: "done", result: 2 });
    expect(during).toEqual([{ state: "running", threadId, recordIndex: 17, counter: 1 }]);
    expect(recorder.read(slot)).toMatchObject({ state: "ended", recordIndex: 17 });
  });

  test("replies with what the handler throws and ends the flight", async () => {
    const recorder = new FlightRecorder(1);
    const slot = recorder.allocate();
    const handle = serve(() => Promise.reject(new TypeError("no such field")));
    expect(await handle({ type: "task", task: 1, slot })).toMatchObject({
      type: "thrown",
      error: { name: "TypeError", message: "no such field" },
    });
    expect(recorder.read(slot).state).toBe("ended");
  });

  test("answers a nudge, and a farewell once onClose is done", async () => {
    let closed = 0;
    const handle = serve(() => 0, { onClose: () => void closed++ });
    expect(await handle({ type: "nudge" })).toEqual({ type: "done", result: undefined });
    expect(closed).toBe(0);
    expect(await handle({ type: "farewell" })).toEqual({ type: "done", result: undefined });
    expect(closed).toBe(1);
    expect(await serve(() => 0)({ type: "farewell" })).toEqual({ type: "done", result: undefined });
  });

  test("replies with the failure of onClose", async () => {
    const handle = serve(() => 0, { onClose: () => Promise.reject(new TypeError("cannot close")) });
    expect(await handle({ type: "farewell" })).toMatchObject({ type: "thrown", error: { message: "cannot close" } });
  });
});

describe("workerDataOf()", () => {
  test("is undefined outside a pool's threads", () => expect(workerDataOf()).toBeUndefined());
});
