/** kill -9 of a run again and again, at random moments of its work, until it is done. */
import { DatabaseSync } from "node:sqlite";
import { setTimeout as wait } from "node:timers/promises";
import { expect } from "vitest";
import type { Random } from "../../../src/core/random.ts";
import type { RunSummary } from "../../../src/core/summary.ts";
import type { CommandLine, Project } from "../project.ts";
import { until } from "../until.ts";

/** Who is killed. */
export interface Victim {
  readonly project: Project;
  /** The job's file. */
  readonly job: string;
  /** How far it has come, counted by its server: goes up while it works. */
  progress(): number;
  /** How far it gets, at most, before it is killed. */
  readonly stride: number;
  /** How long after that, at most, milliseconds; a little more than from one commit to the next by default. */
  readonly lingerMs?: number;
}

const STATE = ".millrace/state.db";

/** The time in which a process starts and begins to work, milliseconds. */
const START_MS = 900;
const LINGER_MS = 60;
/** One kill in so many comes at any time of the start, the others once there is something to lose. */
const EARLY_KILLS = 6;

/**
 * Kills the run until that was often enough or it is done, and lets it end.
 *
 * @returns how often it was killed, and the figures of its last end
 */
export async function killAtRandom(
  victim: Victim,
  most: number,
  random: Random,
): Promise<{ readonly kills: number; readonly summary: RunSummary }> {
  let kills = 0;
  while (kills < most && newestRun(victim.project)?.state !== "succeeded") {
    const running = start(victim);
    await letWork(victim, running, kills, random);
    running.kill("SIGKILL");
    const { signal, code, err } = await running.ended;
    if (signal !== null) kills++;
    else expect(code, err).toBe(0);
  }
  // A process may be killed when its run has just succeeded; one more would do everything again.
  if (newestRun(victim.project)?.state !== "succeeded") {
    const { code, err } = await start(victim).ended;
    expect(code, err).toBe(0);
  }
  const { summary = "" } = newestRun(victim.project) ?? {};
  return { kills, summary: JSON.parse(summary) as RunSummary };
}

function start({ project, job }: Victim): CommandLine {
  return project.start(["run", job, "--json"]);
}

async function letWork(victim: Victim, running: CommandLine, kill: number, random: Random): Promise<void> {
  if (kill % EARLY_KILLS === EARLY_KILLS - 1)
    return void (await Promise.race([running.ended, wait(random() * START_MS)]));
  const goal = victim.progress() + random() * victim.stride;
  await until("it comes further", () => running.over || victim.progress() >= goal || undefined);
  await wait(random() * (victim.lingerMs ?? LINGER_MS));
}

function newestRun(project: Project): { readonly state: string; readonly summary: string } | undefined {
  if (!project.exists(STATE)) return undefined;
  using database = new DatabaseSync(project.path(STATE), { readOnly: true, timeout: 5_000 });
  if (database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'runs'").all().length === 0) return undefined;
  const newest = database.prepare("SELECT state, summary FROM runs ORDER BY seq DESC LIMIT 1").all()[0];
  return newest as unknown as { readonly state: string; readonly summary: string } | undefined;
}
