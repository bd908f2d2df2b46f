/** `millrace/actors`: actor machinery that knows nothing of ETL. */
export type { Actor, ActorContext, Exit, RunningActor, StartOptions } from "./actor.ts";
export { startActor } from "./actor.ts";
export type { BackoffOptions } from "./backoff.ts";
export { Backoff, backoffDelayMs, MAX_TIMER_MS } from "./backoff.ts";
export type { BufferPoolOptions, BufferPoolStats } from "./buffer-pool.ts";
export { BufferLease, BufferPool } from "./buffer-pool.ts";
export type { MailboxOptions, MailboxStats, Weight } from "./mailbox.ts";
export { Mailbox } from "./mailbox.ts";
export type { BudgetAccount, MemoryBudgetOptions, Reservation } from "./memory-budget.ts";
export { defaultBudgetBytes, MemoryBudget } from "./memory-budget.ts";
export { ObjectPool } from "./object-pool.ts";
export type { AcquireOptions, ObjectPoolOptions, ObjectPoolStats, PoolLeak, PoolStep } from "./object-pool-options.ts";
export { Lease } from "./pool-lease.ts";
export type { RestartHistory, RestartPolicy, RestartVerdict } from "./restart-policy.ts";
export { judgeRestart } from "./restart-policy.ts";
export type { RestartType, Strategy } from "./supervision-state.ts";
export { Supervisor } from "./supervisor.ts";
export type { ChildSpec, SupervisorEvent, SupervisorOptions } from "./supervisor-options.ts";
export type {
  FlightReading,
  RecorderHandle,
  ServeOptions,
  TaskHandler,
  ThreadEvent,
  ThreadFaultDetails,
  ThreadFaultKind,
  ThreadPoolOptions,
  ThreadPoolStats,
  ThreadTicketStats,
} from "./threads/index.ts";
export {
  FlightRecorder,
  RecorderSlot,
  serve,
  ThreadPool,
  ThreadTicket,
  threadFaultDetails,
  workerDataOf,
} from "./threads/index.ts";
