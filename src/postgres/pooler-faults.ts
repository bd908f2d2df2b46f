/** What a PgBouncer says itself, which comes as a server's error and always with the same SQLSTATE, in words. */
import type { FaultClass } from "../core/errors.ts";

/** The SQLSTATE under which it says everything: a violation of the protocol. */
const OF_POOLERS = "08P01";

/** What a message means. */
interface PoolerFault {
  readonly message: RegExp;
  readonly fault: FaultClass;
  readonly advice: string;
}

const FAULTS: readonly PoolerFault[] = [
  {
    message: /statement pooling mode/,
    fault: "fatal",
    advice: "set pool_mode = transaction in PgBouncer",
  },
  {
    message: /query_wait_timeout/,
    fault: "transient",
    advice:
      "PgBouncer had no connection left: raise default_pool_size, or give sources, which hold theirs for as long as they read, a pool of their own",
  },
  {
    message: /max_client_conn|no more connections allowed/,
    fault: "transient",
    advice: "raise max_client_conn in PgBouncer",
  },
  {
    message: /query_timeout|transaction[_ ]timeout/,
    fault: "transient",
    advice: "raise that timeout in PgBouncer: a read lasts for as long as its sinks take it",
  },
];

/** What it means; undefined for whatever a server says. */
export function poolerFault(error: { readonly sqlstate: string; readonly message: string }): PoolerFault | undefined {
  return error.sqlstate === OF_POOLERS ? FAULTS.find(({ message }) => message.test(error.message)) : undefined;
}
