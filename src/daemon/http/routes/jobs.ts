/** Jobs: how they stand, and what may be done with them. */
import { z } from "zod";
import { MillraceError } from "../../../core/errors.ts";
import type { HttpRequest, HttpRoute } from "../../../core/ports/http-routes.ts";
import type { JobStatus, Runtime, TriggeredRun } from "../../runtime-api.ts";
import { jsonBody } from "../json-body.ts";
import { cursorAt, limitOf, pageOf, placeOf } from "../page.ts";
import { queryOf } from "../query.ts";
import { json } from "../reply.ts";
import { lineText, plainText, slotText } from "../texts.ts";
import type { RouteContext } from "./admin-routes.ts";

const LONGEST_NAME = 100;
const LONGEST_REASON = 500;
const LONGEST_VALUE = 10_000;

const runShape = z.strictObject({
  params: z.record(plainText(LONGEST_NAME), plainText(LONGEST_VALUE)).optional(),
  slot: slotText().optional(),
});
const pauseShape = z.strictObject({ reason: lineText(LONGEST_REASON).optional() });
const resumeShape = z.strictObject({});
const replayShape = z.strictObject({
  run: lineText().optional(),
  stage: z.enum(["decode", "validate", "transform", "aggregate", "write"]).optional(),
  code: lineText().optional(),
});

/** `/api/jobs` and below. */
export function jobRoutes(runtime: Runtime, { limits }: RouteContext): readonly HttpRoute[] {
  const bodyOf = <S extends z.ZodType>(request: HttpRequest, shape: S): Promise<z.output<S>> =>
    jsonBody(request, shape, limits.bodyBytes);
  const post = (action: string, handle: HttpRoute["handle"]): HttpRoute => ({
    method: "POST",
    path: `/api/jobs/:job/${action}`,
    access: "token",
    handle,
  });
  return [
    {
      method: "GET",
      path: "/api/jobs",
      access: "token",
      handle: async (request) => json(await listJobs(runtime, request)),
    },
    {
      method: "GET",
      path: "/api/jobs/:job",
      access: "token",
      handle: async (request) => {
        queryOf(request, []);
        return json(await statusOf(runtime, hosted(runtime, request)));
      },
    },
    post("run", async (request) => {
      const { params, slot } = await bodyOf(request, runShape);
      const wish = { ...(params === undefined ? {} : { params }), ...(slot === undefined ? {} : { slot }) };
      return begun(await runtime.trigger(hosted(runtime, request), wish));
    }),
    post("pause", async (request) => {
      const { reason } = await bodyOf(request, pauseShape);
      await runtime.pause(hosted(runtime, request), reason);
      return json(await statusOf(runtime, hosted(runtime, request)));
    }),
    post("resume", async (request) => {
      await bodyOf(request, resumeShape);
      await runtime.resume(hosted(runtime, request));
      return json(await statusOf(runtime, hosted(runtime, request)));
    }),
    post("rejects/replay", async (request) => {
      const { run, stage, code } = await bodyOf(request, replayShape);
      const wish = {
        ...(run === undefined ? {} : { run }),
        ...(stage === undefined ? {} : { stage }),
        ...(code === undefined ? {} : { code }),
      };
      const replay = await runtime.replay(hosted(runtime, request), wish);
      return replay === null ? json({ run: null }) : begun(replay);
    }),
  ];
}

/** By name, so that a page's end stays where it is whatever comes and goes. */
async function listJobs(runtime: Runtime, request: HttpRequest): Promise<object> {
  const { limit: limitText, after } = queryOf(request, ["limit", "after"]);
  const limit = limitOf(limitText);
  const behind = placeOf("jobs", after);
  const all = (await runtime.jobs()).toSorted((a, b) => (a.job < b.job ? -1 : 1));
  const rest = behind === undefined ? all : all.filter(({ job }) => job > behind);
  return pageOf(rest, limit, ({ job }) => cursorAt("jobs", job));
}

async function statusOf(runtime: Runtime, name: string): Promise<JobStatus> {
  const status = await runtime.status(name);
  // It may have gone meanwhile.
  if (status === undefined) throw jobUnknown(name);
  return status;
}

/** @throws MillraceError JOB_UNKNOWN before anything is asked of the runtime */
function hosted(runtime: Runtime, request: HttpRequest): string {
  const name = nameOf(request);
  if (runtime.jobNamed(name) === undefined) throw jobUnknown(name);
  return name;
}

function nameOf({ params }: HttpRequest): string {
  return params["job"] ?? "";
}

/** What is said of a job that is not there. */
export function jobUnknown(name: string): MillraceError {
  const shown = JSON.stringify(name.slice(0, LONGEST_SHOWN));
  return new MillraceError("JOB_UNKNOWN", `there is no job ${shown} here; GET /api/jobs lists those there are`);
}

const LONGEST_SHOWN = 100;

/** 202: the run goes on by itself. */
function begun({ id }: TriggeredRun): ReturnType<typeof json> {
  return json({ run: id }, 202, { location: `/api/runs/${encodeURIComponent(id)}` });
}
