/** An HTTP client that answers as a test has written down, without a network. */
import type { HttpCall, HttpClient, HttpReply, HttpWait } from "../../../src/connectors/http/client/port.ts";
import { abortError } from "../../../src/core/clock.ts";
import { MillraceError } from "../../../src/core/errors.ts";

/** What becomes of a request: an answer, an error, or nothing until the caller gives up. */
export type Answer =
  | { readonly status: number; readonly body?: string; readonly headers?: Readonly<Record<string, string>> }
  | MillraceError
  | "silence";

/** Gives one answer after the other, the last one for ever. */
export class ScriptedClient implements HttpClient {
  readonly calls: HttpCall[] = [];
  readonly #answers: Answer[];
  #underWay = 0;
  mostUnderWay = 0;
  closed = false;

  constructor(...answers: Answer[]) {
    this.#answers = answers;
  }

  async send(call: HttpCall, { signal }: HttpWait & { readonly maxBytes: number }): Promise<HttpReply> {
    this.calls.push(call);
    this.mostUnderWay = Math.max(this.mostUnderWay, ++this.#underWay);
    const answer = (this.#answers.length > 1 ? this.#answers.shift() : this.#answers[0]) ?? "silence";
    try {
      if (answer === "silence") await aborted(signal);
      await Promise.resolve();
      if (answer instanceof MillraceError) throw answer;
      return replyOf(call, answer as Exclude<Answer, MillraceError | "silence">);
    } finally {
      this.#underWay--;
    }
  }

  open(): never {
    throw new MillraceError("INVARIANT", "nothing is streamed here");
  }

  faultOf({ status, url, header }: HttpReply): MillraceError {
    const passes = status === 408 || status === 425 || status === 429 || status >= 500;
    const seconds = header("retry-after");
    const details = { status, ...(seconds !== undefined && { retryAfterMs: Number(seconds) * 1_000 }) };
    return new MillraceError(passes ? "SOURCE_UNAVAILABLE" : "SOURCE_FAILED", `${url.pathname} answered ${status}`, {
      details,
    });
  }

  hide(text: string): string {
    return text;
  }

  get stats(): HttpClient["stats"] {
    return { connections: 1, requests: this.#underWay };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.closed = true;
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const fail = (): void => reject(abortError(signal));
    if (signal.aborted) fail();
    else signal.addEventListener("abort", fail, { once: true });
  });
}

function replyOf({ url }: HttpCall, { status, body = "", headers = {} }: Exclude<Answer, MillraceError | "silence">) {
  return { status, url, body: Buffer.from(body), header: (name: string) => headers[name] } satisfies HttpReply;
}
