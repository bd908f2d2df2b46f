/** What is posted to a job's webhook: the shape of Alertmanager's webhooks, version 4, which many receivers know. */
import { createHash } from "node:crypto";
import { ALERTS, type AlertChange } from "./alert.ts";

/** What Alertmanager writes where an alert has not ended. */
const NOT_ENDED = "0001-01-01T00:00:00Z";

interface WebhookAlert {
  readonly status: "firing" | "resolved";
  readonly labels: { readonly alertname: string; readonly job: string; readonly severity: string };
  readonly annotations: { readonly summary: string; readonly runbook_url: string };
  readonly startsAt: string;
  readonly endsAt: string;
  readonly generatorURL: string;
  readonly fingerprint: string;
}

/** The body of a post: `firing` as long as one of its alerts is. */
export interface WebhookMessage {
  readonly version: "4";
  readonly groupKey: string;
  readonly truncatedAlerts: 0;
  readonly status: "firing" | "resolved";
  readonly receiver: "millrace";
  readonly groupLabels: { readonly job: string };
  readonly commonLabels: { readonly job: string };
  readonly commonAnnotations: Readonly<Record<string, never>>;
  readonly externalURL: "";
  readonly alerts: readonly WebhookAlert[];
}

/** The message about alerts of one job. */
export function webhookMessage(job: string, changes: readonly AlertChange[]): WebhookMessage {
  return {
    version: "4",
    groupKey: `{job="${job}"}`,
    truncatedAlerts: 0,
    status: changes.some(({ firing }) => firing) ? "firing" : "resolved",
    receiver: "millrace",
    groupLabels: { job },
    commonLabels: { job },
    commonAnnotations: {},
    externalURL: "",
    alerts: changes.map(webhookAlert),
  };
}

function webhookAlert({ job, alert, firing, message, since, at }: AlertChange): WebhookAlert {
  const { alertname, severity, runbook } = ALERTS[alert];
  const labels = { alertname, job, severity };
  return {
    status: firing ? "firing" : "resolved",
    labels,
    annotations: { summary: `${job}: ${message}`, runbook_url: runbook },
    startsAt: new Date(since).toISOString(),
    endsAt: firing ? NOT_ENDED : new Date(at).toISOString(),
    generatorURL: "",
    fingerprint: createHash("sha256").update(JSON.stringify(labels)).digest("hex").slice(0, 16),
  };
}
