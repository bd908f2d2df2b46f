/** Keeps what is told to observers. */
import { StageMeter } from "../../src/actors/stage-meter.ts";
import type { Emit } from "../../src/actors/messages.ts";
import type { RunEventBody, RunEventKind } from "../../src/core/ports/observer.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";

/** An emitter with a memory. */
export class EventLog {
  readonly all: RunEventBody[] = [];
  readonly emit: Emit = (event) => void this.all.push(event);

  /** The events of one kind. */
  of<K extends RunEventKind>(kind: K): Extract<RunEventBody, { kind: K }>[] {
    return this.all.filter((event): event is Extract<RunEventBody, { kind: K }> => event.kind === kind);
  }
}

/** A meter that nobody reads. */
export function idleMeter(): StageMeter {
  return new StageMeter(new FakeClock());
}
