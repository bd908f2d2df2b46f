import { describe, expect, test } from "vitest";
import { FlightRecorder, RecorderSlot } from "../../../src/runtime/threads/flight-recorder.ts";

describe("FlightRecorder", () => {
  test("reads what the thread's side writes through a cloned handle", () => {
    const recorder = new FlightRecorder(2);
    const handle = recorder.allocate();
    expect(recorder.read(handle)).toEqual({ state: "waiting", threadId: null, recordIndex: null, counter: 0 });
    const slot = new RecorderSlot(structuredClone(handle));
    slot.begin(7);
    expect(recorder.read(handle)).toEqual({ state: "running", threadId: 7, recordIndex: null, counter: 0 });
    slot.at(0);
    slot.at(41);
    expect(recorder.read(handle)).toEqual({ state: "running", threadId: 7, recordIndex: 41, counter: 2 });
    slot.end();
    expect(recorder.read(handle)).toEqual({ state: "ended", threadId: 7, recordIndex: 41, counter: 2 });
  });

  test("counts progress that stays at one record", () => {
    const recorder = new FlightRecorder(1);
    const handle = recorder.allocate();
    const slot = new RecorderSlot(handle);
    slot.at(5);
    slot.at(5);
    expect(recorder.read(handle).counter).toBe(2);
  });

  test("moves on and forgets the record at work that is no single record's", () => {
    const recorder = new FlightRecorder(1);
    const handle = recorder.allocate();
    const slot = new RecorderSlot(handle);
    slot.begin(7);
    slot.at(5);
    slot.beat();
    expect(recorder.read(handle)).toMatchObject({ recordIndex: null, counter: 2 });
  });

  test("keeps slots apart", () => {
    const recorder = new FlightRecorder(2);
    const [first, second] = [recorder.allocate(), recorder.allocate()];
    new RecorderSlot(first).at(3);
    expect(recorder.read(second).recordIndex).toBeNull();
    expect(first.slot).not.toBe(second.slot);
  });

  test("hands a freed slot out clean", () => {
    const recorder = new FlightRecorder(1);
    const first = recorder.allocate();
    const slot = new RecorderSlot(first);
    slot.begin(7);
    slot.at(3);
    recorder.free(first);
    expect(recorder.read(recorder.allocate())).toMatchObject({ state: "waiting", recordIndex: null, counter: 0 });
  });

  test("does not hear a task that goes on after its end", () => {
    const recorder = new FlightRecorder(1);
    const first = recorder.allocate();
    const stray = new RecorderSlot(first);
    stray.begin(7);
    stray.end();
    recorder.free(first);
    const second = recorder.allocate();
    stray.at(99);
    expect(recorder.read(second)).toMatchObject({ state: "waiting", recordIndex: null, counter: 0 });
  });

  test("refuses to hand out more slots than it has", () => {
    const recorder = new FlightRecorder(1);
    recorder.allocate();
    expect(() => recorder.allocate()).toThrow(expect.objectContaining({ code: "INVARIANT" }));
  });

  test("refuses to free a slot twice", () => {
    const recorder = new FlightRecorder(1);
    const handle = recorder.allocate();
    recorder.free(handle);
    expect(() => recorder.free(handle)).toThrow(expect.objectContaining({ code: "DOUBLE_RELEASE" }));
  });
});
