/** A sink that the cases are run against. */
import type { BoundSink } from "../../../core/ports/sink.ts";
import type { SinkRecord } from "./process.ts";

/** A sink under test; `World` is whatever it writes into, made anew for each case. */
export interface SinkSubject<World extends AsyncDisposable> {
  /** Makes an empty target; disposing the world takes it away. */
  open(): Promise<World>;
  /** Binds to that target, as each run does; see `bindSink`. */
  bind(world: World): Promise<BoundSink>;
  /** Record `number`, from 0; all have the same fields. */
  record(number: number): SinkRecord;
  /** The numbers of the records that a reader of the target sees now, each as often as it is there. */
  seen(world: World): Promise<readonly number[]>;
  /** A record that the sink refuses for what is in it; absent: it refuses none. */
  refused?(): SinkRecord;
  /** Lets the next commit take effect and its reply get lost; absent: there is no reply that could. */
  loseReply?(world: World): void | Promise<void>;
  /** Resources that the sink holds just now: handles, sockets, timers. */
  held?(world: World): number | Promise<number>;
}
