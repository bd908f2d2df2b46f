/** Threads: a pool that survives their deaths. A worker entry file imports `worker-side.ts` alone, to load no more. */
export { FlightRecorder, RecorderSlot } from "./flight-recorder.ts";
export type { FlightReading, RecorderHandle } from "./flight-recorder.ts";
export { threadFaultDetails } from "./thread-fault.ts";
export type { ThreadFaultDetails, ThreadFaultKind } from "./thread-fault.ts";
export { ThreadPool } from "./thread-pool.ts";
export type { ThreadEvent, ThreadPoolOptions, ThreadPoolStats } from "./thread-pool-options.ts";
export { ThreadTicket } from "./thread-ticket.ts";
export type { ThreadTicketStats } from "./thread-ticket.ts";
export { serve, workerDataOf } from "./worker-side.ts";
export type { ServeOptions, TaskHandler } from "./worker-side.ts";
