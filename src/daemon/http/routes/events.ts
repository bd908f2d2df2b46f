/** `/api/events`: what happens, as server-sent events (WHATWG HTML, 9.2). */
import type { Clock } from "../../../core/clock.ts";
import type { HttpRoute, HttpStream } from "../../../core/ports/http-routes.ts";
import type { RuntimeEvent } from "../../../core/ports/runtime-events.ts";
import type { Runtime } from "../../runtime-api.ts";
import { queryOf } from "../query.ts";
import { toJson } from "../reply.ts";
import type { RouteContext } from "./admin-routes.ts";
import { jobUnknown } from "./jobs.ts";

/** A comment this often keeps proxies from taking the stream for dead, and finds out who has gone. */
const HEARTBEAT_MS = 15_000;
/** How long a client waits before it connects again. */
const RETRY_MS = 2_000;

/** Which events a client wants. */
interface EventWish {
  readonly job: string | undefined;
  /** undefined: all. */
  readonly kinds: ReadonlySet<string> | undefined;
}

/** The event stream. */
export function eventRoutes(runtime: Runtime, { clock }: RouteContext): readonly HttpRoute[] {
  return [
    {
      method: "GET",
      path: "/api/events",
      access: "token",
      handle: (request) => {
        const { job, kind } = queryOf(request, ["job", "kind"]);
        if (job !== undefined && runtime.jobNamed(job) === undefined) throw jobUnknown(job);
        const wish = { job, kinds: kind === undefined ? undefined : new Set(kind.split(",")) };
        const body = streamOf(runtime, wish, { clock, signal: request.signal });
        return { status: 200, headers: { "content-type": "text/event-stream", "x-accel-buffering": "no" }, body };
      },
    },
  ];
}

function streamOf(
  runtime: Runtime,
  wish: EventWish,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): HttpStream {
  return async (write) => {
    write(`retry: ${RETRY_MS}\n\n`);
    using _heart = heartbeat(clock, () => write(":\n\n"));
    let id = 0;
    for await (const event of runtime.events(signal)) {
      id += 1;
      if (isWanted(event, wish)) write(`event: ${event.kind}\nid: ${id}\ndata: ${toJson(event)}\n\n`);
    }
  };
}

/** Events that are of no job in particular are everybody's. */
function isWanted(event: RuntimeEvent, { job, kinds }: EventWish): boolean {
  if (kinds !== undefined && !kinds.has(event.kind)) return false;
  return job === undefined || !("job" in event) || event.job === null || event.job === job;
}

/** Beats until it is disposed of. */
function heartbeat(clock: Clock, beat: () => void): Disposable {
  let timer: Disposable;
  const wait = (): void => {
    timer = clock.timer(HEARTBEAT_MS, () => {
      wait();
      beat();
    });
  };
  wait();
  return { [Symbol.dispose]: () => timer[Symbol.dispose]() };
}
