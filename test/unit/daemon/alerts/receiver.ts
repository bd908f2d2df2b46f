/** A real HTTP server that takes webhooks, as a test scripts it. */
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import type { WebhookMessage } from "../../../../src/daemon/alerts/webhook-message.ts";

/** A post as it came. */
export interface Received {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly message: WebhookMessage;
}

type Answer = number | "hang" | { readonly status: number; readonly headers: http.OutgoingHttpHeaders };

/** Answers 200, or what it was told to answer next. */
export class Receiver implements AsyncDisposable {
  readonly received: Received[] = [];
  readonly #answers: Answer[] = [];
  readonly #server: http.Server;

  private constructor(server: http.Server) {
    this.#server = server;
    server.on("request", (request, response) => void this.#take(request, response));
  }

  static async start(): Promise<Receiver> {
    const server = http.createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new Receiver(server);
  }

  /** Host and port. */
  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** What the next posts get, one after the other. */
  answer(...answers: Answer[]): void {
    this.#answers.push(...answers);
  }

  /** `firing failed; resolved lag` of each post. */
  get told(): string[] {
    return this.received.map(({ message }) =>
      message.alerts.map(({ status, labels }) => `${status} ${labels.alertname}`).join("; "),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #take(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const message = (await json(request)) as WebhookMessage;
    const answer = this.#answers.shift() ?? 200;
    this.received.push({ path: request.url ?? "", authorization: request.headers.authorization, message });
    if (answer === "hang") return;
    const { status, headers } = typeof answer === "number" ? { status: answer, headers: {} } : answer;
    response.writeHead(status, headers).end("ok");
  }
}
