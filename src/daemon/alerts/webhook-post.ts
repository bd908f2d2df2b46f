/** One post to a webhook, and what its reply means. */
import type { Clock } from "../../core/clock.ts";
import { messageOf } from "../../core/thrown.ts";
import { redact } from "../../core/redact.ts";
import type { WebhookAddress } from "./webhook-address.ts";
import type { WebhookMessage } from "./webhook-message.ts";

/** A receiver that takes longer is away, in milliseconds. */
const TIMEOUT_MS = 10_000;

/** What became of a post. `again`: trying the same later may help. */
export type PostOutcome =
  | { readonly kind: "taken" }
  | { readonly kind: "again"; readonly reason: string; readonly notBeforeMs: number }
  | { readonly kind: "refused"; readonly reason: string };

/** With what it is done. */
export interface PostTools {
  readonly clock: Clock;
  readonly fetch: typeof globalThis.fetch;
}

/** Posts a message; never rejects. @param closing ends it at once */
export async function postWebhook(
  { url, headers }: WebhookAddress,
  message: WebhookMessage,
  { clock, fetch }: PostTools,
  closing: AbortSignal,
): Promise<PostOutcome> {
  const late = new AbortController();
  using _timer = clock.timer(TIMEOUT_MS, () => late.abort());
  try {
    const response = await fetch(url, {
      method: "POST",
      headers,
      body: JSON.stringify(message),
      // A redirected POST comes to its end as a GET without a body: the alert would be lost without a word.
      redirect: "manual",
      signal: AbortSignal.any([closing, late.signal]),
    });
    await response.body?.cancel();
    return outcomeOf(response);
  } catch (thrown) {
    const reason = late.signal.aborted ? `no reply within ${TIMEOUT_MS / 1_000} s` : reasonOf(thrown);
    return { kind: "again", reason, notBeforeMs: 0 };
  }
}

/** Client errors are ours and stay; the ones that mean "later" are RFC 9110's and RFC 6585's. */
const LATER = new Set([408, 425, 429]);

function outcomeOf({ ok, status, headers }: Response): PostOutcome {
  if (ok) return { kind: "taken" };
  const reason = `it answered ${status}`;
  if (status >= 500 || LATER.has(status)) return { kind: "again", reason, notBeforeMs: retryAfterMs(headers) };
  if (status >= 300 && status < 400) return { kind: "refused", reason: `${reason}: give the address it redirects to` };
  return { kind: "refused", reason };
}

/** Seconds alone: the other form, a date, is of no use with a clock that differs. */
function retryAfterMs(headers: Headers): number {
  const seconds = Number(headers.get("retry-after") ?? 0);
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1_000 : 0;
}

/** `fetch failed` says nothing; its cause does, and where that is several addresses tried in vain, its code alone. */
function reasonOf(thrown: unknown): string {
  const cause = thrown instanceof Error && thrown.cause !== undefined ? thrown.cause : thrown;
  const message = redact(messageOf(cause));
  if (message !== "") return message;
  return cause instanceof Error && "code" in cause ? String(cause.code) : "no connection";
}
