/** What holds between jobs that run together: names and addresses differ, chains lead somewhere and have an end. */
import { nearestName } from "../core/nearest.ts";
import { addressProblems } from "./hook-addresses.ts";
import { isEndless, type Job } from "./job.ts";
import type { ValuePath } from "./place.ts";
import { locate, type Problem, problemsError } from "./problem.ts";

/** @throws MillraceError CONFIG_INVALID with `details.problems` where jobs cannot run together */
export function checkJobSet(jobs: readonly Job[]): void {
  const names = nameProblems(jobs);
  const problems = names.length > 0 ? names : setProblems(jobs);
  if (problems.length > 0) throw problemsError(problems);
}

/** Jobs that have the name of one before them. */
export function nameProblems(jobs: readonly Job[]): Problem[] {
  const first = new Map<string, Job>();
  return jobs.flatMap((job) => {
    const twin = first.get(job.name);
    if (twin === undefined) {
      first.set(job.name, job);
      return [];
    }
    const message = `${job.name} is the name of ${twin.definition.label} too; names have to differ`;
    return [problem(job, ["name"], message)];
  });
}

/** What is wrong between jobs whose names differ. */
export function setProblems(jobs: readonly Job[]): Problem[] {
  return [...chainProblems(jobs), ...addressProblems(jobs)];
}

/** Jobs that come after one that is not among them or never ends, or after each other. */
function chainProblems(jobs: readonly Job[]): Problem[] {
  const byName = new Map(jobs.map((job) => [job.name, job]));
  return jobs.flatMap((job) => {
    const before = jobBefore(job);
    if (before === undefined) return [];
    const other = byName.get(before);
    if (other === undefined) return [problem(job, CHAIN, unknownJob(before, [...byName.keys()]))];
    if (isEndless(other.source)) {
      return [
        problem(job, CHAIN, `a run of ${before} never ends by itself, so nothing comes after it; take an interval`),
      ];
    }
    const circle = circleOf(job, byName);
    // Told once, at the job whose name comes first.
    if (circle === undefined || circle.toSorted()[0] !== job.name) return [];
    const way = [...circle, job.name].join(" after ");
    return [problem(job, CHAIN, `the jobs wait for each other: ${way}; let one of them have another trigger`)];
  });
}

const CHAIN = ["trigger", "job"];

/** The jobs from this one back to itself; undefined where the chain begins elsewhere or leads into a circle without it. */
function circleOf(job: Job, byName: ReadonlyMap<string, Job>): readonly string[] | undefined {
  const way: string[] = [];
  let at: Job | undefined = job;
  while (at !== undefined && !way.includes(at.name)) {
    way.push(at.name);
    at = byName.get(jobBefore(at) ?? "");
  }
  return at?.name === job.name ? way : undefined;
}

function jobBefore({ trigger }: Job): string | undefined {
  return trigger.type === "after" ? trigger.job : undefined;
}

function unknownJob(name: string, names: readonly string[]): string {
  const near = nearestName(name, names);
  const hint = near === undefined ? `there are ${names.join(", ")}` : `did you mean ${near}?`;
  return `no job of this name runs here: ${JSON.stringify(name)}; ${hint}`;
}

function problem({ definition }: Job, path: ValuePath, message: string): Problem {
  return locate({ code: "CONFIG_INVALID", path, at: "value", message }, definition.label, definition.places);
}
