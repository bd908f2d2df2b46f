/** Sends a request until it is answered for good, as often as it may be sent and as long as there is time. */
import type { HttpClient, HttpReply } from "../connectors/http/client/port.ts";
import { textOfBody } from "../connectors/http/client/text-of-body.ts";
import { type Clock, sleep } from "../core/clock.ts";
import { MillraceError } from "../core/errors.ts";
import type { Random } from "../core/random.ts";
import { Backoff } from "../runtime/backoff.ts";
import { answerText, requestFailed, retryAfterOf } from "./faults.ts";
import type { CheckedHttpOptions } from "./options.ts";
import type { Prepared } from "./request.ts";

/** What was answered in the end. */
export interface Exchange {
  readonly reply: HttpReply;
  /** What is wrong with its status; undefined: nothing. */
  readonly fault: MillraceError | undefined;
}

/** What a patient client is made of. */
export interface PatientClientOptions extends Pick<CheckedHttpOptions, "retry" | "maxBytes"> {
  readonly client: HttpClient;
  readonly clock: Clock;
  readonly random: Random;
}

/** One of the two, for the same request sent once: an answer, or why there is none. */
type Attempt = { readonly reply: HttpReply } | { readonly lost: MillraceError };

/** Too Early (RFC 8470) and Too Many Requests (RFC 6585): the server did not act, so any request may be sent again. */
const NOTHING_DONE: ReadonlySet<number> = new Set([425, 429]);
const MULTIPLIER = 2;
/** Bytes of a refusal's body that are looked at for its message. */
const SAID_BYTES = 16 * 1024;

/**
 * Tries again what may pass: no connection, 408, 425, 429 and 5xx, after growing pauses that are never shorter than
 * what the server asks for. A request that must not arrive twice is sent again only when the server has said that it did
 * nothing.
 */
export class PatientClient {
  readonly #options: PatientClientOptions;
  #sent = 0;
  #repeated = 0;

  constructor(options: PatientClientOptions) {
    this.#options = options;
  }

  /** Requests sent, and those of them that had been sent before. */
  get counts(): { readonly sent: number; readonly repeated: number } {
    return { sent: this.#sent, repeated: this.#repeated };
  }

  /** @throws MillraceError REQUEST_FAILED where there was no answer; ABORTED */
  async send(prepared: Prepared, signal: AbortSignal): Promise<Exchange> {
    const { clock, retry } = this.#options;
    const until = clock.monotonic() + retry.for;
    const backoff = this.#backoff();
    for (let attempts = 1; ; attempts++) {
      const attempt = await this.#once(prepared, signal);
      const fault = this.#faultOf(attempt);
      const pause = fault === undefined ? 0 : Math.max(backoff.next(), retryAfterOf(fault));
      const isLast = fault === undefined || !mayRepeat(prepared, attempt, fault) || clock.monotonic() + pause > until;
      if (isLast && "lost" in attempt) throw requestFailed(attempt.lost, attempts);
      if (isLast && "reply" in attempt) {
        return { reply: attempt.reply, fault: fault && this.#refusal(prepared, attempt.reply, fault, attempts) };
      }
      await sleep(clock, pause, signal);
      this.#repeated++;
    }
  }

  async #once({ call }: Prepared, signal: AbortSignal): Promise<Attempt> {
    const { client, maxBytes } = this.#options;
    this.#sent++;
    try {
      return { reply: await client.send(call, { signal, maxBytes }) };
    } catch (thrown) {
      const lost = MillraceError.from(thrown);
      if (signal.aborted) throw lost;
      return { lost };
    }
  }

  #faultOf(attempt: Attempt): MillraceError | undefined {
    if ("lost" in attempt) return attempt.lost;
    const { reply } = attempt;
    return reply.status >= 200 && reply.status < 300 ? undefined : this.#options.client.faultOf(reply, reply.body);
  }

  /** The client's own words promise that what may pass is tried again, and here it is not any more. */
  #refusal({ call }: Prepared, reply: HttpReply, fault: MillraceError, attempts: number): MillraceError {
    if (!fault.retryable) return requestFailed(fault, attempts);
    const said = textOfBody(this.#options.client.hide(new TextDecoder().decode(reply.body.subarray(0, SAID_BYTES))));
    return requestFailed(fault, attempts, answerText(call, reply, said));
  }

  #backoff(): Backoff {
    const { random, retry } = this.#options;
    const initialDelayMs = Math.min(retry.initialDelay, retry.maxDelay);
    return new Backoff({ initialDelayMs, maxDelayMs: retry.maxDelay, multiplier: MULTIPLIER, jitter: "full" }, random);
  }
}

function mayRepeat({ repeatable }: Prepared, attempt: Attempt, fault: MillraceError): boolean {
  if (!fault.retryable) return false;
  return repeatable || ("reply" in attempt && NOTHING_DONE.has(attempt.reply.status));
}
