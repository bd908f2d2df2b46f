/** The key by which a server knows a request again: made of what the request is, and never of when it is sent. */
import { hash } from "node:crypto";
import type { SinkSession } from "../../../core/ports/sink.ts";
import type { Row } from "./rows.ts";

/** The keys of one sink at work. SEMANTICS "http". */
export class IdempotencyKeys {
  readonly #session: readonly string[];
  #prefix = { split: "", text: "" };

  constructor({ job, scope, sink }: Pick<SinkSession, "job" | "scope" | "sink">) {
    this.#session = [job, scope, sink];
  }

  /** Of a request by its first row and their number. */
  of(first: Row, rows: number): string {
    const { chunk, output } = first;
    return hash("sha256", `${this.#of(chunk.split)} ${chunk.ordinalOf(first)} ${output} ${rows}`, "base64url");
  }

  #of(split: string): string {
    if (this.#prefix.text === "" || this.#prefix.split !== split) {
      this.#prefix = { split, text: JSON.stringify([...this.#session, split]) };
    }
    return this.#prefix.text;
  }
}
