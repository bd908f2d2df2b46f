/** Senders that never give up: each request has a key, and is sent again under it until somebody says that it is safe. */
import http from "node:http";
import { setTimeout as wait } from "node:timers/promises";

/** How long one attempt may take, and the pause before the next one, milliseconds. */
const ATTEMPT_MS = 5_000;
const PAUSE_MS = 50;
const RECORDS_A_REQUEST = 3;

/** How they go about it. */
export interface SendersOptions {
  /** Addresses that all lead to the same job; each attempt takes the next. */
  readonly urls: readonly string[];
  readonly clients: number;
  readonly headers?: http.OutgoingHttpHeaders;
}

/** Clients side by side, until `stop` is called. */
export class Senders {
  /** The records of every request that was answered with 202. */
  readonly accepted: string[] = [];
  /** How many attempts ended how: a status, or an error's code. */
  readonly outcomes = new Map<string, number>();
  readonly #options: SendersOptions;
  readonly #agent = new http.Agent({ keepAlive: true });
  readonly #atWork: Promise<unknown>;
  #attempts = 0;
  #stopped = false;

  constructor(options: SendersOptions) {
    this.#options = options;
    this.#atWork = Promise.all(Array.from({ length: options.clients }, (_, client) => this.#send(client)));
  }

  /** No new request is begun; those that are under way go on until they are safe. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#atWork;
    this.#agent.destroy();
  }

  async #send(client: number): Promise<void> {
    for (let request = 0; !this.#stopped; request++) {
      const ids = Array.from({ length: 1 + (request % RECORDS_A_REQUEST) }, (_, at) => `${client}-${request}-${at}`);
      const body = ids.map((id) => `${JSON.stringify({ id })}\n`).join("");
      while ((await this.#attempt(`${client}-${request}`, body)) !== "202") await wait(PAUSE_MS);
      this.accepted.push(...ids);
    }
  }

  async #attempt(key: string, body: string): Promise<string> {
    const { urls, headers = {} } = this.#options;
    const url = urls[this.#attempts++ % urls.length] ?? "";
    const outcome = await post(url, body, {
      agent: this.#agent,
      headers: { "content-type": "application/x-ndjson", "idempotency-key": key, ...headers },
    });
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
    return outcome;
  }
}

/** @returns the status, or the code of what went wrong */
function post(url: string, body: string, options: http.RequestOptions): Promise<string> {
  return new Promise((resolve) => {
    const request = http.request(url, { method: "POST", timeout: ATTEMPT_MS, ...options }, (response) => {
      response.resume();
      response.on("end", () => resolve(String(response.statusCode)));
      response.on("close", () => resolve("cut"));
    });
    request.on("timeout", () => request.destroy());
    request.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    request.end(body);
  });
}
