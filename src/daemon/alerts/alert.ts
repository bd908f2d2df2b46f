/** The alerts that a job can ask for, under their names in a job and in Prometheus rules. */
import type { ParsedJob } from "../../config/job-shape.ts";

/** The keys of a job's `alerts`. */
export type AlertSettings = NonNullable<ParsedJob["alerts"]>;

/** An alert by its key in a job's `alerts`. */
export type AlertName = Exclude<keyof AlertSettings, "webhook">;

/** What is known of an alert beside its rule. */
interface AlertKind {
  /** The rule of the same meaning in deploy/prometheus/alerts.yml, so that one routing table serves both. */
  readonly alertname: string;
  readonly severity: "warning" | "critical";
  readonly runbook: string;
}

/** Every alert. */
export const ALERTS = {
  rejectRate: { alertname: "RejectRateHigh", severity: "warning", runbook: "docs/runbooks/reject-rate-high.md" },
  lag: { alertname: "LagGrowing", severity: "warning", runbook: "docs/runbooks/lag-growing.md" },
  runDuration: { alertname: "RunTooLong", severity: "warning", runbook: "docs/runbooks/run-too-long.md" },
  noSuccessFor: { alertname: "NoSuccess", severity: "critical", runbook: "docs/runbooks/no-success.md" },
  missedSlot: { alertname: "SlotMissed", severity: "warning", runbook: "docs/runbooks/slot-missed.md" },
  failed: { alertname: "JobFailed", severity: "critical", runbook: "docs/runbooks/job-failed.md" },
} as const satisfies Record<AlertName, AlertKind>;

/** The order in which alerts are told. */
export const ALERT_NAMES = Object.keys(ALERTS) as readonly AlertName[];

/** An alert that has begun or ended. */
export interface AlertChange {
  readonly job: string;
  readonly alert: AlertName;
  readonly firing: boolean;
  /** What is or was wrong, one sentence. */
  readonly message: string;
  /** When it began, milliseconds since 1970. */
  readonly since: number;
  /** When this was found, milliseconds since 1970. */
  readonly at: number;
}
