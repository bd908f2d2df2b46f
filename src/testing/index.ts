/** The public test kit: doubles for what jobs and connectors reach from outside, and jobs run in memory. */
export { type CrashOptions, type CrashReport, crashEverywhere } from "./crash-everywhere.ts";
export { FakeClock } from "./fake-clock.ts";
export { type Fault, Faults, type FaultsOptions, type Mishap, type Step, type TakenStep } from "./faults.ts";
export { FlakySink } from "./flaky-sink.ts";
export type { JobInput } from "./job-input.ts";
export { JobTest, type JobTestOptions } from "./job-test.ts";
export { MemorySink, type MemorySinkOptions } from "./memory-sink.ts";
export { MemorySource, type MemorySourceOptions, type SplitContent, type SplitContents } from "./memory-source.ts";
export { type TestedJob, testJob, type TestJobOptions } from "./test-job.ts";
