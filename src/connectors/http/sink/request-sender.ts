/** Brings one request to its end: sends it until there is an answer, and finds out which records were refused. */
import type { Clock } from "../../../core/clock.ts";
import { isMillraceError, type MillraceError } from "../../../core/errors.ts";
import type { SinkHost } from "../../../core/ports/sink.ts";
import type { HttpCall, HttpClient, HttpReply } from "../client/port.ts";
import type { HttpSinkOptions } from "../sink-options.ts";
import type { AdaptiveLimit } from "./adaptive-limit.ts";
import type { BreakerGate, Pass } from "./breaker-gate.ts";
import { halvesOf } from "./halves.ts";
import type { IdempotencyKeys } from "./idempotency-key.ts";
import { bodyOf } from "./request-body.ts";
import { type Answer, answersIn } from "./response-mapping.ts";
import type { Request, Row } from "./rows.ts";
import { verdictOf } from "./verdict.ts";

/** What all requests of one sink at work have in common. */
export interface SenderOptions {
  readonly client: HttpClient;
  readonly clock: Clock;
  /** For messages: `sinks.crm.response: http POST https://api.example.com/items`. */
  readonly label: string;
  readonly batch: HttpSinkOptions["batch"];
  readonly response: HttpSinkOptions["response"];
  /** The header of the key, and what makes it; null: none is sent. */
  readonly key: { readonly header: string; readonly keys: IdempotencyKeys } | null;
  /** Absent: everything is tried once. */
  readonly host: SinkHost | undefined;
  readonly gate: BreakerGate | null;
  readonly adaptive: AdaptiveLimit | null;
}

/** The longest reply that is read. */
const MAX_REPLY_BYTES = 16 * 1024 * 1024;
const NO_GATE: Pass = { isProbe: false };

/** One sink's. */
export class RequestSender {
  readonly #options: SenderOptions;
  #inFlight = 0;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  /**
   * Resolves when every row has been taken or its record refused.
   *
   * A batch that is refused as a whole is tried by halves until the records to blame are found; each half has the key of
   * what it is.
   *
   * @throws MillraceError RETRIES_EXHAUSTED, SINK_REFUSED, SINK_FAILED, ABORTED
   */
  async deliver(request: Request, signal: AbortSignal): Promise<void> {
    const { client, batch, response, label } = this.#options;
    const reply = await this.#ask(request, signal);
    const verdict = verdictOf(reply.status);
    if (verdict === "taken") {
      if (batch === undefined || response === undefined) return;
      const about = { where: label, hide: (text: string) => client.hide(text) };
      const answers = answersIn(reply.body, request.rows.length, response, about);
      return this.#hear(request, answers, signal);
    }
    const error = client.faultOf(reply, reply.body);
    if (verdict === "everyone") throw error;
    const halves = halvesOf(request);
    if (halves === null) return refuse(request.rows[0] as Row, error.message);
    for (const half of halves) await this.deliver(half, signal);
  }

  /** What the reply says of the rows: those that may be taken later are sent again, each alone. */
  async #hear({ rows, envelope }: Request, answers: readonly Answer[], signal: AbortSignal): Promise<void> {
    for (const [index, { verdict, said }] of answers.entries()) {
      const row = rows[index] as Row;
      if (verdict === "refused") refuse(row, `${this.#options.label}: the reply to its batch says: ${said}`);
      if (verdict === "again") await this.deliver({ envelope, rows: [row] }, signal);
    }
  }

  /** Sends until the server has answered with something that stays. */
  async #ask(request: Request, signal: AbortSignal): Promise<HttpReply> {
    const { host } = this.#options;
    const call = this.#callOf(request);
    try {
      return await this.#attempt(call, signal);
    } catch (thrown) {
      if (host === undefined || !isMillraceError(thrown) || !thrown.retryable) throw thrown;
      return host.retrying(
        afterwards(thrown, () => this.#attempt(call, signal)),
        signal,
      );
    }
  }

  async #attempt(call: HttpCall, signal: AbortSignal): Promise<HttpReply> {
    const { client, clock, gate } = this.#options;
    const pass = gate === null ? NO_GATE : await gate.pass(signal);
    const sentAt = clock.monotonic();
    this.#inFlight++;
    try {
      const reply = await client.send(call, { signal, maxBytes: MAX_REPLY_BYTES });
      if (verdictOf(reply.status) === "again") throw client.faultOf(reply, reply.body);
      this.#succeeded(pass, sentAt);
      return reply;
    } catch (thrown) {
      this.#failed(pass, sentAt, thrown);
      throw thrown;
    } finally {
      this.#inFlight--;
    }
  }

  #succeeded(pass: Pass, sentAt: number): void {
    const { gate, adaptive, clock } = this.#options;
    gate?.ended(pass, "succeeded");
    adaptive?.succeeded(sentAt, clock.monotonic(), this.#inFlight);
  }

  #failed(pass: Pass, sentAt: number, thrown: unknown): void {
    const { gate, adaptive, clock } = this.#options;
    const isPassing = isMillraceError(thrown) && thrown.retryable;
    gate?.ended(pass, isPassing ? "failed" : "abandoned", isPassing ? thrown.message : null);
    if (isPassing) adaptive?.failed(sentAt, clock.monotonic());
  }

  #callOf(request: Request): HttpCall {
    const { key, batch } = this.#options;
    const { envelope, rows } = request;
    const { method, url, headers } = envelope;
    const body = bodyOf(request, batch?.format);
    const rest = body === undefined ? {} : { body };
    if (key === null) return { method, url, headers, ...rest };
    const named = { ...headers, [key.header]: key.keys.of(rows[0] as Row, rows.length) };
    return { method, url, headers: named, publicHeaders: [key.header], ...rest };
  }
}

function refuse(row: Row, message: string): void {
  row.chunk.refuse(row, { code: "ROW_REFUSED", message });
}

/** An attempt that fails at once with what has already happened, and from then on is made. */
function afterwards<T>(happened: MillraceError, attempt: () => Promise<T>): () => Promise<T> {
  let first: MillraceError | null = happened;
  return () => {
    if (first === null) return attempt();
    const thrown = first;
    first = null;
    return Promise.reject(thrown);
  };
}
