/** What a job promises that sends to an HTTP server, and what may surprise about it. Pure functions of the job. */
import type { Job, SinkOptions } from "../config/job.ts";
import type { Remark } from "./promise.ts";
import { repeatedRun } from "./trigger-remarks.ts";

type HttpSink = Extract<SinkOptions, { readonly type: "http" }>;

/** What holds for every record. */
export function intoHttp(sink: SinkOptions): string {
  return isHttp(sink) && sink.idempotencyKey !== false
    ? "at least once, with the same Idempotency-Key over retries, restarts and kill -9: once where the server honours it for longer than an outage lasts"
    : "at least once: a request whose reply was lost, or whose position was not noted before a crash, is sent again";
}

/** What makes the promise smaller. */
export function byRequests(sink: SinkOptions): Remark[] {
  if (!isHttp(sink)) return [];
  const { idempotencyKey, batch, response } = sink;
  const keyless: Remark = {
    edge: "idempotencyKey: false: the server cannot tell a request that comes again",
    change: "idempotencyKey: true, or method: PUT to an address that names the record",
  };
  return [
    ...(idempotencyKey === false ? [keyless] : []),
    ...(batch === undefined || response !== undefined ? [] : [REFUSED_BATCHES]),
  ];
}

const REFUSED_BATCHES: Remark = {
  edge: "a batch that is refused is sent again by halves: a server that took a part of it all the same gets that part twice",
  change: "response, which says what became of each record",
};

/** What a second run does to what the first one sent; its requests have other keys. */
export function ofSendingAgain({ source, trigger }: Job, sink: SinkOptions): Remark[] {
  const isKept = source.type === "file" || source.type === "http";
  if (!isHttp(sink) || !isKept || source.incremental) return [];
  return [
    {
      edge: `${repeatedRun(trigger)} sends the same records again, with keys of its own (incremental: false)`,
      change: "incremental: true in the source, which reads only what is new",
    },
  ];
}

/** Rejects are sent before the position passes them; what was not committed by then is rejected once more. */
export function ofRejectRequests({ rejects }: Job): Remark[] {
  if (rejects?.type !== "http") return [];
  return [
    {
      edge: "after a crash a reject may be sent twice, with the same key (rejects.type: http)",
      change: "a server that takes a request of a known Idempotency-Key once",
    },
  ];
}

function isHttp(sink: SinkOptions): sink is HttpSink {
  return sink.type === "http";
}
