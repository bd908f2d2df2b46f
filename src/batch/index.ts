/** `millrace/batch`: work on many items at once, in threads (CPU) or in flight (I/O). */
export type { Items } from "../runtime/batches-of.ts";
export type { BatchStats } from "./batch-stats.ts";
export type { OnItemError } from "./item-error.ts";
export { type MapConcurrentOptions, mapConcurrent } from "./map-concurrent.ts";
export { type MapParallelOptions, mapParallel } from "./map-parallel.ts";
export { Results } from "./results.ts";
