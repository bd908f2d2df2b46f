/** What may surprise about a job that a daemon starts: its schedule and its alerts. A pure function of the job. */
import { isEndless, type Job } from "../config/job.ts";
import type { Remark } from "./promise.ts";

/** The remarks that do not depend on a sink. */
export function triggerRemarks(job: Job): Remark[] {
  return [...ofEndlessRuns(job), ...ofWebhook(job), ...ofLag(job), ...ofSlots(job), ...ofDuration(job)];
}

/**
 * What it is that appends everything again.
 *
 * @example
 * repeatedRun({ type: "once" }); // "a second run"
 */
export function repeatedRun(trigger: Job["trigger"]): string {
  switch (trigger.type) {
    case "cron":
    case "interval":
      return "the run of every slot";
    case "watch":
      return "the run for every new file";
    case "after":
      return `the run after every success of ${trigger.job}`;
    default:
      return "a second run";
  }
}

function ofEndlessRuns({ source, trigger }: Job): Remark[] {
  if (!isEndless(source) || !hasSlots(trigger)) return [];
  return [
    {
      edge: `a run of this source never ends by itself, so slots find the one before still running (trigger: ${trigger.type})`,
      change: source.type === "kafka" ? "until: end in the source, or trigger: continuous" : "trigger: continuous",
    },
  ];
}

function ofWebhook({ alerts }: Job): Remark[] {
  if (alerts?.webhook === undefined) return [];
  const conditions = Object.entries(alerts).filter(([key, value]) => key !== "webhook" && value !== false);
  if (conditions.length > 0) return [];
  return [
    {
      edge: "alerts.webhook is never told anything: no condition is set",
      change: "failed: true, or another condition",
    },
  ];
}

function ofLag({ alerts, source }: Job): Remark[] {
  if (alerts?.lag === undefined || isEndless(source) || source.type === "kafka") return [];
  return [
    {
      edge: `alerts.lag never fires: a ${source.type} source has no records that wait elsewhere`,
      change: "runDuration or noSuccessFor",
    },
  ];
}

function ofSlots({ alerts, trigger }: Job): Remark[] {
  if (alerts?.missedSlot !== true || trigger.type !== "manual") return [];
  return [
    {
      edge: "alerts.missedSlot never fires: a job that is started by hand has no times to miss (trigger: manual)",
      change: "noSuccessFor, or a trigger of type cron or interval",
    },
  ];
}

function ofDuration({ alerts, source }: Job): Remark[] {
  if (alerts?.runDuration === undefined || !isEndless(source)) return [];
  return [
    {
      edge: "alerts.runDuration never fires: a run of this source is not meant to end",
      change: "lag or noSuccessFor",
    },
  ];
}

function hasSlots({ type }: Job["trigger"]): boolean {
  return type === "cron" || type === "interval";
}
