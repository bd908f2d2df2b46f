/** Makes the rules that a job asks for. */
import { ALERT_NAMES, type AlertName, type AlertSettings } from "./alert.ts";
import { FailedRule } from "./failed-rule.ts";
import { LagRule } from "./lag-rule.ts";
import { MissedSlotRule } from "./missed-slot-rule.ts";
import { NoSuccessRule } from "./no-success-rule.ts";
import { RejectRateRule } from "./reject-rate-rule.ts";
import type { AlertRule } from "./rule.ts";
import { RunDurationRule } from "./run-duration-rule.ts";

/** A job with alerts. */
export interface WatchedJob {
  readonly job: string;
  readonly alerts: AlertSettings;
  /** Records before a rate counts: the job's `errors.minRecords`. */
  readonly minRecords: number;
  /** When it last succeeded, or else since when it is watched; milliseconds since 1970. */
  readonly successAt: number;
}

/** A rule that is to be made. */
interface RuleWish {
  readonly alert: AlertName;
  /** Rules with the same terms of the same job are the same rule. */
  readonly terms: string;
  readonly make: () => AlertRule;
}

/** The rules of a job, in the order in which they are told. */
export function rulesOf({ alerts, minRecords, successAt }: WatchedJob): RuleWish[] {
  return ALERT_NAMES.flatMap((alert) => {
    const make = makerOf(alert, alerts, minRecords, successAt);
    return make === null ? [] : [{ alert, terms: JSON.stringify([alerts[alert], minRecords]), make }];
  });
}

function makerOf(
  alert: AlertName,
  { rejectRate, lag, runDuration, noSuccessFor, missedSlot, failed }: AlertSettings,
  minRecords: number,
  successAt: number,
): (() => AlertRule) | null {
  switch (alert) {
    case "rejectRate":
      return rejectRate === undefined ? null : () => new RejectRateRule(rejectRate, minRecords);
    case "lag":
      return lag === undefined ? null : () => new LagRule(lag);
    case "runDuration":
      return runDuration === undefined ? null : () => new RunDurationRule(runDuration);
    case "noSuccessFor":
      return noSuccessFor === undefined ? null : () => new NoSuccessRule(noSuccessFor, successAt);
    case "missedSlot":
      return missedSlot === true ? () => new MissedSlotRule() : null;
    case "failed":
      return failed === true ? () => new FailedRule() : null;
  }
}
