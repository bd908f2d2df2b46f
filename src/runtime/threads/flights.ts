/** The tasks that were given to threads: which thread has begun each, and which record is to blame when it dies. */
import { FlightRecorder, type FlightReading, type RecorderHandle } from "./flight-recorder.ts";
import type { RosterThread, ThreadRoster } from "./thread-roster.ts";

/** One task in a thread, or on its way to one. */
export interface Flight<Job> {
  readonly job: Job;
  readonly slot: RecorderHandle;
  /** The thread that ended while it ran this task. */
  death: RosterThread | null;
  /** Made no progress; its thread was ended for that. */
  hung: boolean;
}

/** The flights of one pool. */
export class Flights<Job> implements Iterable<Flight<Job>> {
  readonly #roster: ThreadRoster;
  readonly #recorder: FlightRecorder;
  readonly #aloft = new Set<Flight<Job>>();

  /** @param capacity how many there may be at once */
  constructor(capacity: number, roster: ThreadRoster) {
    this.#recorder = new FlightRecorder(capacity);
    this.#roster = roster;
  }

  get size(): number {
    return this.#aloft.size;
  }

  [Symbol.iterator](): Iterator<Flight<Job>> {
    return this.#aloft.values();
  }

  /** Begins a flight. */
  begin(job: Job): Flight<Job> {
    const flight = { job, slot: this.#recorder.allocate(), death: null, hung: false };
    this.#aloft.add(flight);
    return flight;
  }

  /** Ends a flight whose task has settled or whose thread has ended. */
  end(flight: Flight<Job>): void {
    this.#recorder.free(flight.slot);
    this.#aloft.delete(flight);
  }

  /** What its thread last said of it. */
  read({ slot }: Flight<Job>): FlightReading {
    return this.#recorder.read(slot);
  }

  /** The living thread that has begun it. */
  threadOf(flight: Flight<Job>): RosterThread | undefined {
    const { threadId } = this.read(flight);
    return threadId === null ? undefined : this.#roster.find(threadId);
  }

  /** Marks the thread that has begun this flight as one that was able to. */
  noteBegan(flight: Flight<Job>): void {
    const thread = this.threadOf(flight);
    if (thread) thread.began = true;
  }

  /** Marks every thread that has begun a flight. */
  noteAllBegan(): void {
    for (const flight of this.#aloft) this.noteBegan(flight);
  }

  /** A thread, no longer on the roster, took the flights that it had begun with it. */
  noteDeath(thread: RosterThread): void {
    this.noteAllBegan();
    for (const flight of this.#aloft) {
      if (this.read(flight).threadId !== thread.threadId) continue;
      flight.death = thread;
      thread.began = true;
    }
  }

  /** The record at which that death was this flight's doing; null where none of its records is to blame. */
  recordToBlame(flight: Flight<Job>, death: RosterThread): number | null {
    const { state, recordIndex } = this.read(flight);
    return state === "ended" || (death.hung && !flight.hung) ? null : recordIndex;
  }
}
