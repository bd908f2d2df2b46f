/** The HTTP sink at work for one run: one client, and what outlives its units. */
import type { SinkUnit, SinkWriter } from "../../../core/ports/sink.ts";
import type { HttpClient } from "../client/port.ts";
import type { AdaptiveLimit } from "./adaptive-limit.ts";
import type { BreakerGate } from "./breaker-gate.ts";
import { HttpUnit, type UnitSettings } from "./unit.ts";

/** What a {@link HttpWriter} needs. */
export interface HttpWriterOptions {
  /** Disposed of with the writer. */
  readonly client: HttpClient;
  readonly unit: UnitSettings;
  readonly gate: BreakerGate | null;
  readonly adaptive: AdaptiveLimit | null;
}

/** Hands out units over one client. */
export class HttpWriter implements SinkWriter {
  /** Requests of two units could overtake each other. */
  readonly lanes = 1;
  readonly #options: HttpWriterOptions;
  #unit: HttpUnit | null = null;

  constructor(options: HttpWriterOptions) {
    this.#options = options;
  }

  async begin(): Promise<SinkUnit> {
    this.#unit = new HttpUnit(this.#options.unit);
    return this.#unit;
  }

  async finish(): Promise<void> {
    // Every request was answered when its unit committed.
  }

  pools(): { readonly [name: string]: number } {
    const { client, adaptive } = this.#options;
    const { requests, connections } = client.stats;
    return {
      "http sink requests": requests,
      "http sink connections": connections,
      ...(adaptive !== null && { "http sink request limit": adaptive.value }),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { client, gate } = this.#options;
    await this.#unit?.rollback();
    gate?.[Symbol.dispose]();
    await client[Symbol.asyncDispose]();
  }
}
