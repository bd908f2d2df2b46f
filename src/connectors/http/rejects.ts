/** Rejects sent to an HTTP server, one request each: answered for before the position passes them. */
import { hash } from "node:crypto";
import type { Clock } from "../../core/clock.ts";
import { isMillraceError, MillraceError } from "../../core/errors.ts";
import type { RejectStore } from "../../core/ports/reject-store.ts";
import { type Reject, rejectToJson } from "../../core/reject.ts";
import { createHttpClient } from "./client/client.ts";
import type { HttpClient } from "./client/port.ts";
import { verdictOf } from "./sink/verdict.ts";
import type { HttpSinkOptions } from "./sink-options.ts";

const KEY_HEADER = "idempotency-key";
/** So many requests in a row may fail before their call does: a server that is down is not asked for each reject. */
const MOST_FAILURES = 5;
const MAX_REPLY_BYTES = 1024 * 1024;

/**
 * Looks at the options of a place of rejects; nothing is sent.
 *
 * @returns opens it for a run
 * @throws MillraceError CONFIG_INVALID, CONFIG_UNREADABLE
 */
export async function findRejectEndpoint(
  options: HttpSinkOptions,
  { baseDir, clock }: { readonly baseDir: string; readonly clock: Clock },
): Promise<() => Promise<RejectStore>> {
  const constant = Object.entries(options.headers).filter(([, value]) => typeof value === "string");
  const headers = { "content-type": "application/json", ...Object.fromEntries(constant) } as Record<string, string>;
  const about = { side: "sink", name: "rejects", baseDir, clock, connections: options.concurrency, headers } as const;
  const connect = (): Promise<HttpClient> => createHttpClient(options, about);
  await using _client = await connect();
  return async () => new RejectEndpoint(await connect(), options);
}

/** Sends each reject as the object that CONTRACT describes. */
export class RejectEndpoint implements RejectStore {
  readonly #client: HttpClient;
  readonly #options: Pick<HttpSinkOptions, "method" | "concurrency" | "idempotencyKey">;
  readonly #url: URL;
  readonly #closing = new AbortController();
  /** What the server has of a call that failed. */
  readonly #taken = new Set<string>();

  /** @param client disposed of with the place */
  constructor(client: HttpClient, options: Pick<HttpSinkOptions, "url" | "method" | "concurrency" | "idempotencyKey">) {
    this.#client = client;
    this.#options = options;
    this.#url = new URL(options.url);
  }

  /**
   * What could not be sent is for the caller to bring again, with all the others: those that the server has are not sent
   * twice, so that each call comes further.
   *
   * @throws MillraceError SINK_UNAVAILABLE, SINK_REFUSED
   */
  async append(rejects: readonly Reject[]): Promise<void> {
    const rest = rejects.map((reject) => ({ reject, key: keyOf(reject) })).filter(({ key }) => !this.#taken.has(key));
    const waiting = rest.values();
    const failures: unknown[] = [];
    let inARow = 0;
    const sendRest = async (): Promise<void> => {
      for (const { reject, key } of waiting) {
        try {
          await this.#send(reject, key);
          this.#taken.add(key);
          inARow = 0;
        } catch (thrown) {
          failures.push(thrown);
          if (++inARow >= MOST_FAILURES || !isMillraceError(thrown) || !thrown.retryable) return;
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(this.#options.concurrency, rest.length) }, sendRest));
    const lasting = failures.find((thrown) => !isMillraceError(thrown) || !thrown.retryable);
    if (failures.length > 0) throw lasting ?? failures[0];
    this.#taken.clear();
  }

  async resume(): Promise<void> {
    // What was sent stays: what was never committed comes again with the same key.
  }

  async publish(): Promise<void> {
    // They were there when they were answered for.
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#client[Symbol.asyncDispose]();
  }

  async #send(reject: Reject, key: string): Promise<void> {
    const { method, idempotencyKey } = this.#options;
    const header = idempotencyKey === true ? KEY_HEADER : idempotencyKey;
    const call = {
      method: typeof method === "string" ? method : "POST",
      url: this.#url,
      headers: header === false ? {} : { [header.toLowerCase()]: key },
      body: Buffer.from(rejectToJson(reject)),
    };
    const reply = await this.#client.send(call, { signal: this.#closing.signal, maxBytes: MAX_REPLY_BYTES });
    if (verdictOf(reply.status) !== "taken") throw toRejectsFault(this.#client.faultOf(reply, reply.body));
  }
}

/** What a reject is told apart by, everywhere. */
function keyOf({ job, scope, split, position, sink, output }: Reject): string {
  const key = JSON.stringify([job, scope, split, position.token, sink ?? "", output ?? null]);
  return hash("sha256", key, "base64url");
}

/** A reject is no record of the sink, so no fault of a record may get through. */
function toRejectsFault(error: MillraceError): MillraceError {
  if (error.fault !== "record") return error;
  return new MillraceError("SINK_REFUSED", error.message, { cause: error, details: error.details });
}
