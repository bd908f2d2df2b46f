/** The HTTP sink: says what requests are made of, and opens writers. */
import type { EncodeSpec } from "../../../core/ports/format.ts";
import type { BoundSink, SinkConnector, SinkContext, SinkSession, SinkWriter } from "../../../core/ports/sink.ts";
import { createHttpClient } from "../client/client.ts";
import type { HttpCall, HttpClient } from "../client/port.ts";
import type { HttpSinkOptions } from "../sink-options.ts";
import { AdaptiveLimit } from "./adaptive-limit.ts";
import { Borders } from "./borders.ts";
import { BreakerGate } from "./breaker-gate.ts";
import { Envelopes } from "./envelope.ts";
import { IdempotencyKeys } from "./idempotency-key.ts";
import { RequestSender } from "./request-sender.ts";
import { HttpWriter } from "./writer.ts";

const KEY_HEADER = "idempotency-key";

/** The code behind `sink: {type: http}`. */
export const httpSink: SinkConnector<HttpSinkOptions> = {
  async resolve(options, context) {
    const { baseDir, clock } = context;
    const about = { side: "sink", name: keyPath(context), baseDir, clock, connections: options.concurrency } as const;
    const connect = (headers: HttpCall["headers"] = {}): Promise<HttpClient> =>
      createHttpClient(options, { ...about, headers });
    const sink = new BoundHttpSink(options, context, connect);
    await sink.look();
    return sink;
  },
};

/** Makes a client that sends these headers with every request. */
type Connect = (headers: HttpCall["headers"]) => Promise<HttpClient>;

/** An address that requests will be sent to; whether it takes them nobody can try without acting. */
export class BoundHttpSink implements BoundSink {
  readonly label: string;
  readonly encode: EncodeSpec;
  readonly positions = "state";
  readonly resume = "position";
  readonly appends = true;
  readonly found = "not tried: a request would act";
  readonly #options: HttpSinkOptions;
  readonly #context: Pick<SinkContext, "name" | "clock">;
  readonly #connect: Connect;
  readonly #envelopes: Envelopes;

  /** @param connect makes the client of one run */
  constructor(options: HttpSinkOptions, context: Pick<SinkContext, "name" | "clock">, connect: Connect) {
    this.#options = options;
    this.#context = context;
    this.#connect = connect;
    this.#envelopes = new Envelopes(options);
    this.label = this.#envelopes.label;
    this.encode = encodeSpec(context.name, this.#envelopes.attached);
  }

  /** Nothing is sent. @throws MillraceError CONFIG_UNREADABLE, CONFIG_INVALID as {@link createHttpClient} */
  async look(): Promise<void> {
    await using _client = await this.#connect(this.#envelopes.standing);
  }

  async open(session: SinkSession): Promise<SinkWriter> {
    const { batch, response, concurrency, idempotencyKey, breaker, adaptive: isAdaptive } = this.#options;
    const { clock } = this.#context;
    const { host, signal } = session;
    const borders = await Borders.open(session);
    const client = await this.#connect(this.#envelopes.standing);
    const gate = breaker === undefined ? null : new BreakerGate({ settings: breaker, clock, host });
    const adaptive = isAdaptive ? new AdaptiveLimit(concurrency) : null;
    const header = idempotencyKey === true ? KEY_HEADER : idempotencyKey;
    const key = header === false ? null : { header: header.toLowerCase(), keys: new IdempotencyKeys(session) };
    const label = `${keyPath(this.#context)}.response: ${this.label}`;
    const sender = new RequestSender({ client, clock, label, batch, response, key, host, gate, adaptive });
    const limit = (): number => adaptive?.value ?? concurrency;
    const envelopes = this.#envelopes;
    const unit = { batch, envelopes, borders, sender, limit, concurrency, signal };
    return new HttpWriter({ client, unit, gate, adaptive });
  }

  /** Holds nothing between calls: a job may wait long between check and run. */
  async [Symbol.asyncDispose](): Promise<void> {}
}

/** Where the sink stands in the config; one alone is called so. */
function keyPath({ name }: Pick<SinkContext, "name">): string {
  return name === "sink" ? name : `sinks.${name}`;
}

/** The body is the record as JSON. */
function encodeSpec(sink: string, attached: readonly string[]): EncodeSpec {
  return {
    sink,
    format: "jsonl",
    options: {},
    columns: null,
    needsColumns: false,
    onUnknownField: "error",
    ...(attached.length > 0 && { attached }),
  };
}
