/** A server that answers as it is told, behind the client's port: no socket, no time. */
import { z } from "zod";
import { type HttpSinkOptions, httpSinkShape } from "../../../../../src/connectors/http/sink-options.ts";
import { BoundHttpSink } from "../../../../../src/connectors/http/sink/sink.ts";
import type { HttpAnswer, HttpCall, HttpClient, HttpReply } from "../../../../../src/connectors/http/client/port.ts";
import { abortError, type Clock } from "../../../../../src/core/clock.ts";
import { MillraceError } from "../../../../../src/core/errors.ts";
import type { RowsOrigin, SinkHost, SinkMemory, SinkSession, SinkWriter } from "../../../../../src/core/ports/sink.ts";
import type { SinkOutput } from "../../../../../src/core/result.ts";
import { FakeClock } from "../../../../../src/testing/fake-clock.ts";

/** What a server says; a number is a status without a body. */
export type Says = number | { readonly status: number; readonly body: string; readonly retryAfterMs?: number };

/** A request as the server saw it. */
export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Answers 200 unless it is told otherwise. */
export class ScriptedServer {
  readonly seen: Seen[] = [];
  /** What it says to a request; an error is one of the exchange. */
  says: (request: Seen) => Says | Error | Promise<Says | Error> = () => 200;
  /** Requests that were sent and not answered, now and at the most. */
  inFlight = 0;
  mostInFlight = 0;
  open = 0;

  connect(standing: Readonly<Record<string, string>> = {}): HttpClient {
    this.open++;
    const inFlight = (): number => this.inFlight;
    const close = once(() => this.open--);
    return {
      send: (call, { signal }) => this.#exchange(call, standing, signal),
      open: () => Promise.reject(new MillraceError("INVARIANT", "a sink reads whole replies")),
      faultOf,
      hide: (text) => text.replaceAll("s3cret", "***"),
      get stats() {
        return { connections: inFlight(), requests: inFlight() };
      },
      [Symbol.asyncDispose]: async () => close(),
    };
  }

  /** The bodies so far, as JSON. */
  get bodies(): readonly unknown[] {
    return this.seen.map(({ body }) => (body === "" ? null : JSON.parse(body)));
  }

  async #exchange(call: HttpCall, standing: Readonly<Record<string, string>>, signal: AbortSignal): Promise<HttpReply> {
    if (signal.aborted) throw abortError(signal);
    const { method, url, headers, body = new Uint8Array() } = call;
    const seen = { method, url: url.href, headers: { ...standing, ...headers }, body: Buffer.from(body).toString() };
    this.seen.push(seen);
    this.mostInFlight = Math.max(this.mostInFlight, ++this.inFlight);
    try {
      return replyOf(await unlessAborted(this.says(seen), signal), url);
    } finally {
      this.inFlight--;
    }
  }
}

function once(work: () => void): () => void {
  let isDone = false;
  return () => {
    if (!isDone) work();
    isDone = true;
  };
}

async function unlessAborted(says: Says | Error | Promise<Says | Error>, signal: AbortSignal): Promise<Says> {
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(abortError(signal)), { once: true });
  });
  const said = await Promise.race([says, aborted]);
  if (said instanceof Error) throw said;
  return said;
}

function replyOf(says: Says, url: URL): HttpReply {
  const { status, body, retryAfterMs } =
    typeof says === "number" ? { status: says, body: "", retryAfterMs: undefined } : says;
  const header = (name: string): string | undefined =>
    name === "retry-after-ms" && retryAfterMs !== undefined ? String(retryAfterMs) : undefined;
  return { status, header, url, body: Buffer.from(body) };
}

function faultOf(answer: HttpAnswer, body: Uint8Array): MillraceError {
  const { status } = answer;
  const message = `POST ${answer.url.href} answered ${status}: ${Buffer.from(body).toString()}`;
  if (status >= 500 || [408, 425, 429].includes(status)) return new MillraceError("SINK_UNAVAILABLE", message);
  return new MillraceError(status < 400 || [401, 403, 407].includes(status) ? "SINK_REFUSED" : "ROW_REFUSED", message);
}

/** Options as a config gives them. */
export function optionsOf(given: Partial<z.input<z.ZodObject<typeof httpSinkShape>>> = {}): HttpSinkOptions {
  return z.strictObject(httpSinkShape).parse({ url: "https://api.example.com/items", ...given });
}

/** What surrounds a writer in a test. */
export interface Surroundings {
  readonly server: ScriptedServer;
  readonly clock?: Clock;
  readonly memory?: SinkMemory;
  readonly host?: SinkHost;
  readonly signal?: AbortSignal;
}

/** A sink at work. */
export function openWriter(
  given: Parameters<typeof optionsOf>[0],
  { server, clock = new FakeClock(), signal = new AbortController().signal, ...rest }: Surroundings,
): Promise<SinkWriter> {
  const sink = new BoundHttpSink(optionsOf(given), { name: "sink", clock }, async (headers) => server.connect(headers));
  const session: SinkSession = {
    job: "push",
    run: "run-1",
    scope: "run-1",
    sink: "sink",
    signal,
    resumed: false,
    ...rest,
  };
  return sink.open(session);
}

/** A host that tries again at once, so many times. */
export class PatientHost implements SinkHost {
  readonly told: string[] = [];
  readonly retried: MillraceError[] = [];
  readonly #attempts: number;

  constructor(attempts = 100) {
    this.#attempts = attempts;
  }

  async retrying<T>(attempt: () => Promise<T>, signal: AbortSignal): Promise<T> {
    for (let left = this.#attempts; ; left--) {
      try {
        return await attempt();
      } catch (thrown) {
        if (!(thrown instanceof MillraceError) || !thrown.retryable) throw thrown;
        if (signal.aborted) throw abortError(signal);
        if (left === 0) throw new MillraceError("RETRIES_EXHAUSTED", thrown.message);
        this.retried.push(thrown);
      }
    }
  }

  breaker(...[state, { forMs }]: Parameters<SinkHost["breaker"]>): void {
    this.told.push(forMs === null ? state : `${state} for ${forMs}`);
  }
}

type Fields = Readonly<Record<string, string | number | null>>;

/** A row's record, or several: one record with several outputs. */
export type Outputs = Fields | readonly Fields[];

export const FROM_THE_START: RowsOrigin = { split: "orders.jsonl", ordinal: 0n };

/** Rows as the threads hand them over; an empty array is a record without outputs. */
export function rowsOf(records: readonly Outputs[], attached: readonly string[] = []): SinkOutput {
  const rows = records.flatMap((record, index) => [record].flat().map((row) => ({ row, index })));
  const lengths: number[] = [];
  const pieces = rows.map(({ row }) => {
    const texts = attached.map((field) =>
      row[field] === undefined || row[field] === null ? null : String(row[field]),
    );
    lengths.push(...texts.map((text) => (text === null ? -1 : Buffer.byteLength(text))));
    return Buffer.from(`${texts.map((text) => text ?? "").join("")}${JSON.stringify(row)}\n`);
  });
  let end = 0;
  return {
    sink: "sink",
    bytes: shared(Buffer.concat(pieces)),
    rows: rows.length,
    rowEnds: Int32Array.from(pieces, (piece) => (end += piece.length)),
    recordOfRow: Int32Array.from(rows, ({ index }) => index),
    filtered: 0,
    ...(attached.length > 0 && { attached: { fields: attached.length, lengths: Int32Array.from(lengths) } }),
  };
}

/** Rows lie in memory that threads share. */
function shared(bytes: Uint8Array): Uint8Array {
  const memory = new Uint8Array(new SharedArrayBuffer(bytes.length));
  memory.set(bytes);
  return memory;
}
