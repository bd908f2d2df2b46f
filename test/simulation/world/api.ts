/** A server that acts once for each key it is sent, and the client that a sink asks it through. */
import { abortError, type Clock } from "../../../src/core/clock.ts";
import { MillraceError } from "../../../src/core/errors.ts";
import { Faults as ClientFaults } from "../../../src/connectors/http/client/faults.ts";
import type { HttpAnswer, HttpCall, HttpClient, HttpReply } from "../../../src/connectors/http/client/port.ts";
import { Secrets } from "../../../src/connectors/http/client/secrets.ts";
import { StatusFaults } from "../../../src/connectors/http/client/status-faults.ts";
import type { Fates } from "./faults.ts";
import { request } from "./network.ts";
import type { SimulatedProcess } from "./process.ts";

interface Said {
  readonly status: number;
  readonly text: string;
}

/** The server. */
export class Api {
  readonly #check: boolean;
  readonly #tellsEach: boolean;
  readonly #violate: (message: string) => void;
  readonly #acted = new Map<string, { readonly body: string; readonly said: Said }>();
  readonly #rows: string[] = [];

  /** @param tellsEach whether its answer to a batch says what became of each row; else it takes all or nothing */
  constructor(check: boolean, tellsEach: boolean, violate: (message: string) => void) {
    this.#check = check;
    this.#tellsEach = tellsEach;
    this.#violate = violate;
  }

  /** In the order in which it acted. */
  get rows(): readonly string[] {
    return this.#rows;
  }

  handle({ headers = {}, body = new Uint8Array() }: HttpCall): Said {
    const key = headers["idempotency-key"] ?? "";
    const text = Buffer.from(body).toString();
    const before = this.#acted.get(key);
    if (before !== undefined && before.body !== text)
      this.#violate(`key ${key} was sent for ${before.body} and ${text}`);
    if (before !== undefined) return before.said;
    const rows = text.startsWith("[") ? (JSON.parse(text) as unknown[]) : [JSON.parse(text) as unknown];
    const said = this.#act(rows);
    // What is refused as a whole has not been acted on: it may be sent again, and is refused again.
    if (said.status === 200) this.#acted.set(key, { body: text, said });
    return said;
  }

  #act(rows: readonly unknown[]): Said {
    const isRefused = rows.map((row) => this.#check && String((row as { note?: unknown }).note).includes("forbidden"));
    if (isRefused.includes(true) && !this.#tellsEach) return { status: 422, text: "forbidden" };
    this.#rows.push(...rows.filter((_, index) => !isRefused[index]).map((row) => JSON.stringify(row)));
    return { status: 200, text: JSON.stringify(isRefused.map((refused) => ({ error: refused ? "forbidden" : null }))) };
  }
}

/** One process's way to the server. */
export class SimulatedClient implements HttpClient {
  readonly stats = { connections: 0, requests: 0 };
  readonly #api: Api;
  readonly #process: SimulatedProcess;
  readonly #faults: Fates;
  readonly #clock: Clock;
  readonly #statusFaults = new StatusFaults(new ClientFaults("sink", "sink"), new Secrets());

  constructor(api: Api, process: SimulatedProcess, faults: Fates, clock: Clock) {
    this.#api = api;
    this.#process = process;
    this.#faults = faults;
    this.#clock = clock;
  }

  async send(call: HttpCall, { signal }: { readonly signal: AbortSignal }): Promise<HttpReply> {
    if (signal.aborted) throw abortError(signal);
    const work = (): Said => this.#api.handle(call);
    const { status, text } = await request({ process: this.#process, faults: this.#faults, name: "sink: post", work });
    return { status, header: () => undefined, url: call.url, body: Buffer.from(text) };
  }

  open(): Promise<never> {
    throw new MillraceError("INVARIANT", "a sink reads no streams");
  }

  faultOf(answer: HttpAnswer, body: Uint8Array): MillraceError {
    return this.#statusFaults.of({ answer, method: "POST", body, abroad: false }, this.#clock.now());
  }

  hide(text: string): string {
    return text;
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
