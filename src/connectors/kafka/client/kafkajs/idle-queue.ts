/**
 * A mend of kafkajs 2.2.4, whose request queues set a timer every few milliseconds for ever, also with nothing to send
 * (4 % of a CPU when idle), and the first time with a negative delay, about which Node warns. The timer is needed only
 * while something waits.
 */
import { createRequire } from "node:module";

interface RequestQueue {
  readonly pending: readonly unknown[];
}

type Prototype = { scheduleCheckPendingRequests: (this: RequestQueue) => void };

let isMended = false;

/** Mends the queues of all connections made from now on, also those of kafkajs' own clients. */
export function mendIdleQueues(): void {
  if (isMended) return;
  isMended = true;
  const require = createRequire(import.meta.url);
  const { prototype } = require("kafkajs/src/network/requestQueue") as { readonly prototype: Prototype };
  const schedule = prototype.scheduleCheckPendingRequests;
  prototype.scheduleCheckPendingRequests = function scheduleWhenPending(): void {
    if (this.pending.length > 0) schedule.call(this);
  };
}
