/** The addresses of webhooks that run together: each has one for itself, beside those of the daemon. */
import type { Job } from "./job.ts";
import { locate, type Problem } from "./problem.ts";

/** What the daemon itself answers at. */
const ITS_OWN = /^\/(?:|healthz|readyz|metrics|api(?:\/.*)?)$/;

/** Webhooks with the address of one before them, or one of the daemon's. */
export function addressProblems(jobs: readonly Job[]): Problem[] {
  const first = new Map<string, Job>();
  return jobs.flatMap((job) => {
    const { source } = job;
    if (source.type !== "webhook") return [];
    const { listen, path } = source;
    if (listen === undefined && ITS_OWN.test(path))
      return [problem(job, "path", `${path} is the daemon's own; choose another path`)];
    // Each server is one job's.
    const address = listen ?? path;
    const twin = first.get(address);
    if (twin !== undefined) {
      return [
        problem(
          job,
          listen === undefined ? "path" : "listen",
          `${address} is job ${twin.name}'s too; choose another one`,
        ),
      ];
    }
    first.set(address, job);
    return [];
  });
}

function problem({ definition }: Job, key: string, message: string): Problem {
  const finding = { code: "CONFIG_INVALID", path: ["source", key], at: "value", message } as const;
  return locate(finding, definition.label, definition.places);
}
