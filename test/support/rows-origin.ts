/** Where rows come from, for tests of sinks that do not care. */
import type { RowsOrigin } from "../../src/core/ports/sink.ts";

export const ROWS_ORIGIN: RowsOrigin = { split: "orders.csv", ordinal: 0n };
