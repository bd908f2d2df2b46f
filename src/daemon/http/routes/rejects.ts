/** The rejects of a run, wherever its job keeps them. */
import type { HttpRequest, HttpRoute } from "../../../core/ports/http-routes.ts";
import { JobRejects, type NamedReject, namedRejectToJson } from "../../../pipeline/rejects/job-rejects.ts";
import type { Runtime } from "../../runtime-api.ts";
import { cursorAt, limitOf, pageOf, placeOf, strangeCursor } from "../page.ts";
import { MillraceError } from "../../../core/errors.ts";
import { queryOf } from "../query.ts";
import { jsonText } from "../reply.ts";
import { runIdOf, runUnknown } from "../texts.ts";
import type { RouteContext } from "./admin-routes.ts";

/** What a page holds of records; it ends earlier than its limit then. One record may be larger. */
const PAGE_BYTES = 4 * 1024 * 1024;

/** `/api/runs/:id/rejects`. */
export function rejectRoutes(runtime: Runtime, { clock }: RouteContext): readonly HttpRoute[] {
  return [
    {
      method: "GET",
      path: "/api/runs/:id/rejects",
      access: "token",
      handle: async (request) => {
        const { limit, after } = queryOf(request, ["limit", "after"]);
        const wish = { limit: limitOf(limit), after: placeOf("rejects", after) };
        const { id, job } = await jobOfRun(runtime, request);
        await using rejects = await JobRejects.open(job, { state: runtime.state, clock });
        const { items, next } = await readPage(rejects, id, wish);
        // Records are told as they are: what in them looks like a secret is data.
        return jsonText(JSON.stringify({ items: items.map(namedRejectToJson), next }));
      },
    },
  ];
}

async function jobOfRun(runtime: Runtime, request: HttpRequest) {
  const id = runIdOf(request.params["id"]);
  const run = await runtime.run(id);
  if (run === undefined) throw runUnknown(id);
  const job = runtime.jobNamed(run.job);
  if (job !== undefined) return { id, job };
  throw new MillraceError(
    "JOB_UNKNOWN",
    `run ${id} is of job ${run.job}, which is not here any more, and only its job file tells where its rejects are: ` +
      `millrace rejects list <job file> --run ${id}`,
  );
}

async function readPage(rejects: JobRejects, run: string, { limit, after }: Wish) {
  if (after !== undefined && !rejects.isRef(after)) throw strangeCursor();
  const found: NamedReject[] = [];
  let bytes = 0;
  let room = limit;
  for await (const reject of rejects.all({ run }, after)) {
    found.push(reject);
    if (found.length > room) break;
    bytes += reject.raw.length + reject.message.length;
    if (bytes > PAGE_BYTES) room = found.length;
  }
  return pageOf(found, room, ({ ref }) => cursorAt("rejects", ref));
}

interface Wish {
  readonly limit: number;
  readonly after: string | undefined;
}
