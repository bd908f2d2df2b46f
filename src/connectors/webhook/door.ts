/** The address of a webhook: takes requests into the spool, and answers only when they are safe. */
import type { Clock } from "../../core/clock.ts";
import { isMillraceError } from "../../core/errors.ts";
import type { HttpReply, HttpRequest, HttpRoute } from "../../core/ports/http-routes.ts";
import type { Spool, SpoolOutcome } from "../../core/ports/spool.ts";
import { problem, refusal } from "../../server/problem.ts";
import { countRecords, packingOf, unpacked } from "./body.ts";
import type { WebhookSourceOptions } from "./options.ts";
import { type Proof, proofOf } from "./proof.ts";

/** Bodies that are being received or made safe, all together; whoever comes then is asked to come again. */
const HELD_BYTES = 64 * 1024 * 1024;
const HELD_RETRY_MS = 1_000;
/** Every store has an index over keys, and none takes long ones. */
const LONGEST_KEY = 256;

/** What a {@link Door} needs. */
export interface DoorOptions {
  readonly options: WebhookSourceOptions;
  readonly spool: Spool;
  readonly clock: Clock;
  /** Told of each request that was added. */
  readonly onAdded: () => void;
}

/** Answers requests. */
export class Door {
  readonly route: HttpRoute;
  readonly #given: DoorOptions;
  readonly #proof: Proof;
  #heldBytes = 0;

  constructor(given: DoorOptions) {
    const { path, auth } = given.options;
    this.#given = given;
    this.#proof = proofOf(auth);
    const access = auth === undefined ? "open" : "own";
    this.route = { method: "POST", path, access, handle: (request) => this.#answer(request) };
  }

  async #answer(request: HttpRequest): Promise<HttpReply> {
    const { maxBytes } = this.#given.options;
    const refused = this.#proof.ofHeaders(request.headers);
    if (refused !== null) return refused;
    const packing = packingOf(request);
    const key = this.#keyOf(request);
    const bytes = Math.min(Number(request.headers["content-length"] ?? maxBytes), maxBytes);
    if (this.#heldBytes > 0 && this.#heldBytes + bytes > HELD_BYTES) {
      return comeAgain("too many requests are being received just now", HELD_RETRY_MS);
    }
    this.#heldBytes += bytes;
    try {
      const sent = await request.readBody(maxBytes);
      return (
        this.#proof.ofBody(request.headers, sent) ?? (await this.#take(await unpacked(sent, packing, maxBytes), key))
      );
    } finally {
      this.#heldBytes -= bytes;
    }
  }

  async #take(body: Buffer, key: string | null): Promise<HttpReply> {
    const { options, spool, clock, onAdded } = this.#given;
    const accepted = countRecords(body, options.format);
    const { bytes, requests: entries, retryAfter } = options.spool;
    let outcome: SpoolOutcome = "known";
    try {
      if (accepted > 0) outcome = await spool.add({ body, key, receivedAt: clock.now() }, { bytes, entries });
    } catch (thrown) {
      // Whose store it is, and where, is nothing for a sender.
      if (!isMillraceError(thrown) || !thrown.retryable) throw thrown;
      return problem(503, thrown.code, "the request cannot be made safe just now; send it again later");
    }
    if (outcome === "full") return comeAgain("what was sent before is not written yet", retryAfter);
    if (outcome === "added") onAdded();
    return { status: 202, headers: { "content-type": "application/json" }, body: `{"accepted":${accepted}}\n` };
  }

  #keyOf({ headers }: HttpRequest): string | null {
    const name = this.#given.options.idempotencyHeader.toLowerCase();
    const key = headers[name]?.trim() ?? "";
    if (key.length > LONGEST_KEY) throw refusal(400, `the header ${name} is longer than ${LONGEST_KEY} characters`);
    return key === "" ? null : key;
  }
}

function comeAgain(why: string, afterMs: number): HttpReply {
  const retry = { "retry-after": String(Math.ceil(afterMs / 1_000)) };
  return problem(429, "USAGE", `${why}; send it again later`, retry);
}
