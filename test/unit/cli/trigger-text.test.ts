import { expect, test } from "vitest";
import { describeTrigger } from "../../../src/cli/trigger-text.ts";
import type { JobConfig } from "../../../src/config/job-shape.ts";
import { defineJob } from "../../../src/index.ts";

const NOW = Date.UTC(2026, 10, 22, 22);

test.each<[NonNullable<JobConfig["trigger"]>, string | null]>([
  [{ type: "once" }, null],
  [{ type: "manual" }, "manual"],
  [{ type: "continuous" }, "continuous"],
  [
    { type: "cron", schedule: "0 2 * * *", timezone: "Europe/Berlin" },
    'cron "0 2 * * *" Europe/Berlin, next 2026-11-23T02:00:00+01:00',
  ],
  [{ type: "cron", schedule: "${param.schedule}" }, 'cron "${param.schedule}" UTC'],
  [{ type: "interval", every: "90m", timezone: "Asia/Tokyo" }, "interval of 1 h 30 m, next 2026-11-23T07:30:00+09:00"],
  [{ type: "watch" }, "watch, for files left alone for 2 s"],
  [{ type: "after", job: "load" }, "after each success of load"],
])("describeTrigger() of %j", (trigger, text) => {
  const job = defineJob({
    name: "orders",
    source: { type: "file", path: "orders.csv", incremental: true },
    sink: { type: "file", path: "orders.jsonl" },
    trigger,
  });
  expect(describeTrigger(job.trigger, NOW)).toBe(text);
});
