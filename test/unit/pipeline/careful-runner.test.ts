import { expect, test } from "vitest";
import type { Task, TaskReply } from "../../../src/core/task.ts";
import { CarefulRunner } from "../../../src/pipeline/careful-runner.ts";

test("CarefulRunner runs a careful task while no other runs, also after one that failed", async () => {
  const running: { readonly split: string; readonly ended: PromiseWithResolvers<TaskReply> }[] = [];
  const closed: string[] = [];
  const runner = new CarefulRunner({
    run: ({ split }) => {
      const ended = Promise.withResolvers<TaskReply>();
      running.push({ split, ended });
      return ended.promise;
    },
    close: async () => void closed.push("close"),
    destroy: async () => void closed.push("destroy"),
  });
  const start = (split: string, careful: boolean) => runner.run({ split, careful } as Task).catch(() => "failed");
  const begun = async () => {
    await new Promise((resolve) => setImmediate(resolve));
    return running.map(({ split }) => split);
  };
  const results = [start("a", false), start("b", false), start("c", true), start("d", false)];
  expect(await begun()).toEqual(["a", "b"]);
  running[0]?.ended.resolve({ records: 1 } as TaskReply);
  expect(await begun()).toEqual(["a", "b"]);
  running[1]?.ended.reject(new RangeError("died"));
  expect(await begun()).toEqual(["a", "b", "c"]);
  running[2]?.ended.reject(new RangeError("died"));
  expect(await begun()).toEqual(["a", "b", "c", "d"]);
  running[3]?.ended.resolve({ records: 4 } as TaskReply);
  expect(await Promise.all(results)).toEqual([{ records: 1 }, "failed", "failed", { records: 4 }]);
  await runner.close();
  await runner.destroy();
  expect(closed).toEqual(["close", "destroy"]);
});
