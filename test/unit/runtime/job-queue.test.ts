import { describe, expect, test } from "vitest";
import { type Job, JobQueue } from "../../../src/runtime/threads/job-queue.ts";

function filled(...tasks: string[]) {
  const queue = new JobQueue<string, string>();
  return { queue, results: tasks.map((task) => queue.add(task)) };
}

/** Takes `count` jobs. */
function take(queue: JobQueue<string, string>, count: number): Job<string, string>[] {
  return Array.from({ length: count }, () => queue.next() ?? expect.fail("nothing waits"));
}

const tasksOf = (jobs: readonly Job<string, string>[]) => jobs.map(({ task }) => task);

describe("JobQueue", () => {
  test("gives jobs in order of arrival, and undefined when none waits", () => {
    const { queue } = filled("a", "b");
    expect(tasksOf(take(queue, 2))).toEqual(["a", "b"]);
    expect(queue.next()).toBeUndefined();
  });

  test("add() promises what the job is settled with", async () => {
    const { queue, results } = filled("a");
    queue.next()?.outcome.resolve("done");
    expect(await results[0]).toBe("done");
  });

  test.each([
    ["before those that came later", [0]],
    ["between its neighbours", [2, 0]],
    ["behind those that came earlier", [0, 1, 2, 3]],
  ])("putBack() puts a job %s", (_where, back) => {
    const { queue } = filled("a", "b", "c", "d", "e");
    const taken = take(queue, 4);
    for (const index of back) queue.putBack(taken[index] ?? expect.fail());
    expect(tasksOf(take(queue, queue.size)).join("")).toBe(
      `${back
        .toSorted()
        .map((index) => "abcd"[index])
        .join("")}e`,
    );
  });

  test("rejectAll() rejects what waits and forgets it", async () => {
    const { queue, results } = filled("a", "b", "c");
    const taken = take(queue, 1);
    const reason = new Error("closed");
    queue.rejectAll(reason);
    expect(queue.size).toBe(0);
    taken[0]?.outcome.resolve("done");
    expect(await Promise.allSettled(results)).toEqual([
      { status: "fulfilled", value: "done" },
      { status: "rejected", reason },
      { status: "rejected", reason },
    ]);
  });
});
