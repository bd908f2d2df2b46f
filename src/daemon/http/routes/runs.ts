/** Runs: what became of them, and the end of those under way. */
import { z } from "zod";
import type { HttpRequest, HttpRoute } from "../../../core/ports/http-routes.ts";
import type { Runtime } from "../../runtime-api.ts";
import { jsonBody } from "../json-body.ts";
import { cursorAt, limitOf, pageOf, placeOf, strangeCursor } from "../page.ts";
import { refusal } from "../../../server/problem.ts";
import { queryOf } from "../query.ts";
import { json } from "../reply.ts";
import { isRunId, runIdOf, runUnknown } from "../texts.ts";
import type { RouteContext } from "./admin-routes.ts";

const cancelShape = z.strictObject({});

/** `/api/runs`, one of them, and its end. */
export function runRoutes(runtime: Runtime, { limits }: RouteContext): readonly HttpRoute[] {
  return [
    {
      method: "GET",
      path: "/api/runs",
      access: "token",
      handle: async (request) => json(await listRuns(runtime, request)),
    },
    {
      method: "GET",
      path: "/api/runs/:id",
      access: "token",
      handle: async (request) => {
        queryOf(request, []);
        const id = runIdOf(request.params["id"]);
        const run = await runtime.run(id);
        if (run === undefined) throw runUnknown(id);
        return json(run);
      },
    },
    {
      method: "POST",
      path: "/api/runs/:id/cancel",
      access: "token",
      handle: async (request) => {
        await jsonBody(request, cancelShape, limits.bodyBytes);
        const id = runIdOf(request.params["id"]);
        if (runtime.cancel(id)) return json({ run: id }, 202, { location: `/api/runs/${id}` });
        if ((await runtime.run(id)) === undefined) throw runUnknown(id);
        throw refusal(409, `run ${id} is not under way in this process; GET /api/runs/${id} tells how it stands`);
      },
    },
  ];
}

async function listRuns(runtime: Runtime, request: HttpRequest): Promise<object> {
  const { job, limit: limitText, after } = queryOf(request, ["job", "limit", "after"]);
  const limit = limitOf(limitText);
  const before = placeOf("runs", after);
  if (before !== undefined) await assertKept(runtime, before);
  const found = await runtime.runs({
    ...(job === undefined ? {} : { job }),
    limit: limit + 1,
    ...(before === undefined ? {} : { before }),
  });
  return pageOf(found, limit, ({ run }) => cursorAt("runs", run));
}

/** Nothing is older than a run that is gone, and an empty page would look like the end. */
async function assertKept(runtime: Runtime, id: string): Promise<void> {
  if (!isRunId(id) || (await runtime.run(id)) === undefined) throw strangeCursor();
}
