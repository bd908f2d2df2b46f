/** What is to be known of a job whose records are sent to it. */
import type { Job } from "../config/job.ts";
import type { Remark } from "./promise.ts";

/** The promise begins with the answer; what lies before it is the sender's. */
export function ofRequests({ source }: Job): Remark[] {
  if (source.type !== "webhook") return [];
  const key = source.idempotencyHeader;
  const again = {
    edge: `a sender that heard no answer sends again, and a request without ${key} is taken twice then`,
    change: `the header ${key} on every request, the same one when it is sent again within source.idempotencyFor`,
  };
  const anybody = {
    edge: "whoever reaches the address may send (no source.auth)",
    change: "source.auth: a token, or a signature of the body",
  };
  return [again, ...(source.auth === undefined || source.auth.type === "none" ? [anybody] : [])];
}
