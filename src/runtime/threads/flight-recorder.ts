/**
 * What a thread was doing when it died: a few integers in shared memory for every task in flight, written by the thread
 * record by record and read by the main side when the thread hangs or is gone.
 *
 * A slot belongs to a task and not to a thread, for a thread may run several asynchronous tasks side by side. Slots lie
 * a cache line apart, so that threads do not slow each other down.
 */
import { MillraceError } from "../../core/errors.ts";

const STATE = 0;
const THREAD = 1;
const RECORD = 2;
const COUNTER = 3;
/** Integers from one slot to the next: 64 bytes, a cache line. */
const STRIDE = 16;

const WAITING = 0;
const RUNNING = 1;
const ENDED = 2;
const NO_RECORD = -1;

/** Names one slot; travels to a thread within a task's message. */
export interface RecorderHandle {
  readonly cells: SharedArrayBuffer;
  readonly slot: number;
}

/** What a slot says. */
export interface FlightReading {
  /** `waiting`: no thread has begun the task. */
  readonly state: "waiting" | "running" | "ended";
  /** The thread that began the task. */
  readonly threadId: number | null;
  /** Index within the task of the record begun last. */
  readonly recordIndex: number | null;
  /** Moves whenever the task makes progress. */
  readonly counter: number;
}

/**
 * The main side: hands slots out and reads them.
 *
 * @example
 * const recorder = new FlightRecorder(4);
 * const handle = recorder.allocate();
 * new RecorderSlot(handle).begin(7);
 * recorder.read(handle).threadId; // 7
 * recorder.free(handle);
 */
export class FlightRecorder {
  readonly #cells: Int32Array<SharedArrayBuffer>;
  readonly #free: number[];
  readonly #slots: number;

  /** @param slots how many tasks may be in flight at once */
  constructor(slots: number) {
    this.#cells = new Int32Array(new SharedArrayBuffer(slots * STRIDE * Int32Array.BYTES_PER_ELEMENT));
    this.#free = Array.from({ length: slots }, (_, index) => slots - 1 - index);
    this.#slots = slots;
  }

  /**
   * Takes a free slot and clears it.
   *
   * @throws MillraceError INVARIANT when all are taken
   */
  allocate(): RecorderHandle {
    const slot = this.#free.pop();
    if (slot === undefined) {
      throw new MillraceError("INVARIANT", `all ${this.#slots} slots of the flight recorder are taken`);
    }
    this.#cells.fill(0, slot * STRIDE, (slot + 1) * STRIDE);
    this.#cells[slot * STRIDE + RECORD] = NO_RECORD;
    return { cells: this.#cells.buffer, slot };
  }

  /** What the task of this slot is doing. */
  read({ slot }: RecorderHandle): FlightReading {
    const base = slot * STRIDE;
    const state = Atomics.load(this.#cells, base + STATE);
    const record = Atomics.load(this.#cells, base + RECORD);
    return {
      state: state === WAITING ? "waiting" : state === RUNNING ? "running" : "ended",
      threadId: state === WAITING ? null : Atomics.load(this.#cells, base + THREAD),
      recordIndex: record === NO_RECORD ? null : record,
      counter: Atomics.load(this.#cells, base + COUNTER),
    };
  }

  /**
   * Gives a slot back. Only once its task has settled or its thread has ended: until then the thread writes to it.
   *
   * @throws MillraceError DOUBLE_RELEASE when it is free already
   */
  free({ slot }: RecorderHandle): void {
    if (this.#free.includes(slot)) {
      throw new MillraceError("DOUBLE_RELEASE", `slot ${slot} of the flight recorder was freed twice`);
    }
    this.#free.push(slot);
  }
}

/** The thread side of one slot. */
export class RecorderSlot {
  #cells: Int32Array;

  constructor({ cells, slot }: RecorderHandle) {
    this.#cells = new Int32Array(cells, slot * STRIDE * Int32Array.BYTES_PER_ELEMENT, STRIDE);
  }

  /** The task begins in this thread. */
  begin(threadId: number): void {
    this.#cells[THREAD] = threadId;
    Atomics.store(this.#cells, STATE, RUNNING);
  }

  /** Record `recordIndex` of the task begins. Called for every record, so it stores plainly, without a fence. */
  at(recordIndex: number): void {
    const cells = this.#cells;
    cells[RECORD] = recordIndex;
    cells[COUNTER] = (cells[COUNTER] as number) + 1;
  }

  /** Progress that is no single record's: a death from here on names none. */
  beat(): void {
    this.at(NO_RECORD);
  }

  /** The task is over; what a stray callback of it reports later goes nowhere, for the slot may be another task's. */
  end(): void {
    Atomics.store(this.#cells, STATE, ENDED);
    this.#cells = new Int32Array(STRIDE);
  }
}
