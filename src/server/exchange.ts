/** One request and its reply: who asks, for what, and what is said to it. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "../core/clock.ts";
import type { HttpReply, HttpRequest } from "../core/ports/http-routes.ts";
import { readBody } from "./body.ts";
import type { Gate } from "./gate.ts";
import type { HttpLimits } from "./limits.ts";
import { problem, problemOf } from "./problem.ts";
import { allowedMethods, type FoundRoute, type Router } from "./router.ts";
import { send } from "./send.ts";
import { targetOf, type Target } from "./target.ts";

/** What all exchanges of a server share. */
export interface ExchangeContext {
  readonly router: Router;
  readonly gate: Gate;
  readonly clock: Clock;
  readonly limits: HttpLimits;
  /** Told what is nobody's mistake but ours. */
  readonly report: (fault: unknown) => void;
}

/** A body that nobody reads is passed over up to here, so that the client gets to the reply; beyond, the connection ends. */
const PASSED_OVER_BYTES = 1024 * 1024;

/** Answers the requests of a server. */
export class Exchanges {
  readonly #context: ExchangeContext;
  readonly #streams = new Set<AbortController>();
  #closing = false;

  constructor(context: ExchangeContext) {
    this.#context = context;
  }

  /** Ends the streams that are open; every connection ends with its next reply. */
  close(): void {
    this.#closing = true;
    for (const stream of this.#streams) stream.abort();
  }

  /** Answers one request. Never rejects. */
  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.once("close", () => {
      if (!response.writableFinished) gone.abort();
    });
    const reply = await this.#replyTo(request, response, gone.signal);
    if (response.destroyed) return;
    const streams = typeof reply.body === "function";
    if (streams) this.#streams.add(gone);
    try {
      await this.#send(request, response, this.#bounded(reply));
    } catch (fault) {
      if (!gone.signal.aborted) this.#context.report(fault);
      // Half of a reply is out; only a broken connection says that the rest does not come.
      response.destroy();
    } finally {
      this.#streams.delete(gone);
    }
  }

  /** Says that a request is not looked at, and ends its connection. */
  refuse(response: ServerResponse, reply: HttpReply): void {
    const { clock, limits } = this.#context;
    void send(response, reply, { clock, limits, head: false, last: true });
  }

  /** A stream more than there may be, or one that would end at once, becomes a refusal. */
  #bounded(reply: HttpReply): HttpReply {
    if (typeof reply.body !== "function") return reply;
    if (this.#closing) return problem(503, "CLOSED", "the server is closing");
    const { streams } = this.#context.limits;
    if (this.#streams.size <= streams) return reply;
    return problem(503, "USAGE", `${streams} event streams are open already, and no more are served`);
  }

  async #replyTo(request: IncomingMessage, response: ServerResponse, signal: AbortSignal): Promise<HttpReply> {
    try {
      const target = targetOf(request);
      const found = this.#context.router.find(target.parts);
      const wanted = request.method === "HEAD" ? "GET" : request.method;
      const match = found.find(({ route }) => route.method === wanted);
      return (
        this.#refuse(request, target, match ?? found[0]) ??
        (await this.#handle(request, response, { found, match, signal, target }))
      );
    } catch (thrown) {
      const reply = problemOf(thrown);
      if (reply.status >= 500 && reply.status !== 503 && !signal.aborted) this.#context.report(thrown);
      return reply;
    }
  }

  #refuse(request: IncomingMessage, { host }: Target, found: FoundRoute | undefined): HttpReply | null {
    const { method = "GET" } = request;
    const { authorization, origin } = request.headers;
    return this.#context.gate.refuse({ method, host, authorization, origin, access: found?.route.access ?? null });
  }

  async #handle(request: IncomingMessage, response: ServerResponse, asked: Asked): Promise<HttpReply> {
    const { found, match, signal, target } = asked;
    if (request.method === "OPTIONS" && (found.length > 0 || target.parts.length === 0)) {
      return { status: 204, headers: { allow: found.length > 0 ? allowedMethods(found) : "GET, HEAD, POST, OPTIONS" } };
    }
    if (found.length === 0) return problem(404, "USAGE", `there is nothing at this address${this.#hint}`);
    if (match === undefined) {
      const allow = allowedMethods(found);
      return problem(405, "USAGE", `this address takes ${allow}`, { allow });
    }
    return match.route.handle(requestOf(request, response, { match, signal, target }));
  }

  /** Where to look instead, on servers that have a page for it. */
  get #hint(): string {
    return this.#context.router.find([""]).length > 0 ? "; GET / lists what there is" : "";
  }

  async #send(request: IncomingMessage, response: ServerResponse, reply: HttpReply): Promise<void> {
    const { clock, limits } = this.#context;
    const last = this.#closing || leavesMuch(request);
    await send(response, reply, { clock, limits, head: request.method === "HEAD", last });
  }
}

/** What a request turned out to ask for. */
interface Asked {
  readonly found: readonly FoundRoute[];
  readonly match: FoundRoute | undefined;
  readonly signal: AbortSignal;
  readonly target: Target;
}

function requestOf(
  request: IncomingMessage,
  response: ServerResponse,
  { match, signal, target }: { match: FoundRoute; signal: AbortSignal; target: Target },
): HttpRequest {
  return {
    method: request.method ?? "GET",
    params: match.params,
    query: target.query,
    headers: request.headers as HttpRequest["headers"],
    signal,
    readBody: (maxBytes) => readBody(request, response, maxBytes),
  };
}

/** Whether more of a request may still come than is worth passing over. */
function leavesMuch({ complete, headers }: IncomingMessage): boolean {
  if (complete) return false;
  if (headers["transfer-encoding"] !== undefined) return true;
  // Who waits to be told to send its body never was.
  return headers.expect !== undefined || Number(headers["content-length"] ?? 0) > PASSED_OVER_BYTES;
}
