/** A tracer provider of OpenTelemetry's API that keeps spans in memory. */
import {
  type Attributes,
  type Context,
  ROOT_CONTEXT,
  type Span,
  type SpanOptions,
  type SpanStatus,
  type TimeInput,
  trace,
  type Tracer,
  type TracerProvider,
} from "@opentelemetry/api";

/** A span as it was told, with times as milliseconds since 1970. */
export interface KeptSpan {
  readonly name: string;
  readonly parent: string | null;
  readonly start: number;
  end: number | null;
  status: SpanStatus | null;
  readonly attributes: Attributes;
  readonly events: string[];
}

/** Keeps spans; while `records` is false it makes spans that record nothing, as a sampler may. */
export class MemoryTracer implements TracerProvider {
  readonly spans: KeptSpan[] = [];
  records = true;

  getTracer(): Tracer {
    return {
      startSpan: (name: string, options?: SpanOptions, context?: Context) => this.#start(name, options, context),
      startActiveSpan: () => {
        throw new TypeError("not used");
      },
    };
  }

  #start(name: string, options: SpanOptions = {}, context: Context = ROOT_CONTEXT): Span {
    const parent = trace.getSpanContext(context)?.spanId ?? null;
    const { startTime, attributes = {} } = options;
    const kept: KeptSpan = {
      name,
      parent,
      start: millisecondsOf(startTime),
      end: null,
      status: null,
      attributes: { ...attributes },
      events: [],
    };
    if (this.records) this.spans.push(kept);
    return spanOf(kept, this.records);
  }
}

function spanOf(kept: KeptSpan, records: boolean): Span {
  const span: Span = {
    spanContext: () => ({ traceId: "1".repeat(32), spanId: kept.name, traceFlags: 1 }),
    setAttribute: (name, value) => span.setAttributes({ [name]: value }),
    setAttributes: (attributes) => {
      Object.assign(kept.attributes, attributes);
      return span;
    },
    addEvent: (name, attributes, at) => {
      kept.events.push(`${name} ${JSON.stringify(attributes)} ${millisecondsOf(at)}`);
      return span;
    },
    addLink: () => span,
    addLinks: () => span,
    setStatus: (status) => {
      kept.status = status;
      return span;
    },
    updateName: () => span,
    end: (at) => {
      kept.end = millisecondsOf(at);
    },
    isRecording: () => records,
    recordException: () => {},
  };
  return span;
}

function millisecondsOf(time: unknown): number {
  return (time as TimeInput) instanceof Date ? (time as Date).getTime() : Number.NaN;
}
