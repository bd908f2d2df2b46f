/**
 * A local API of users as other people's APIs are: each answer takes its time, some users are not there, some may not be
 * seen, and now and then it fails.
 *
 *     node scripts/user-server.ts [port]
 */
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as wait } from "node:timers/promises";

/** How long an answer takes, in milliseconds. */
export const ANSWER_MS = 20;
const DEFAULT_PORT = 8080;

const COUNTRIES = ["DE", "FR", "GB", "US", "NL", "ES"] as const;

/** What the server answers for an id; the same for each one every time, but for what passes. */
const TROUBLES: readonly { readonly of: (id: number) => boolean; readonly status: number; readonly passes?: true }[] = [
  { of: (id) => id === 4711, status: 500 },
  { of: (id) => id % 100 === 0, status: 404 },
  { of: (id) => id % 500 === 13, status: 403 },
  { of: (id) => id % 50 === 1, status: 503, passes: true },
];

/** Disposing it closes it. */
export class UserServer implements AsyncDisposable {
  readonly #server: http.Server;
  /** Ids whose trouble has passed. */
  readonly #recovered = new Set<number>();
  #underWay = 0;
  /** What it has seen. */
  readonly seen = { requests: 0, connections: 0, mostAtOnce: 0 };

  private constructor(server: http.Server) {
    this.#server = server;
    server.on("connection", () => void this.seen.connections++);
    server.on("request", (request, response) => void this.#answer(request, response));
  }

  /** @param port of 127.0.0.1; any that is free when absent */
  static async start(port = 0): Promise<UserServer> {
    const server = http.createServer({ keepAlive: true });
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    return new UserServer(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }

  async #answer({ url = "" }: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    this.seen.requests++;
    this.seen.mostAtOnce = Math.max(this.seen.mostAtOnce, ++this.#underWay);
    await wait(ANSWER_MS);
    this.#underWay--;
    const id = Number(/^\/users\/(?<id>\d+)$/.exec(url)?.groups?.["id"]);
    const status = this.#statusOf(id);
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(status === 200 ? userOf(id) : { error: http.STATUS_CODES[status] }));
  }

  #statusOf(id: number): number {
    const trouble = TROUBLES.find(({ of }) => of(id));
    if (trouble === undefined) return 200;
    if (trouble.passes && this.#recovered.has(id)) return 200;
    this.#recovered.add(id);
    return trouble.status;
  }
}

function userOf(id: number): object {
  return { id, name: `user ${id}`, country: COUNTRIES[id % COUNTRIES.length] };
}

if (import.meta.main) {
  const { url } = await UserServer.start(Number(process.argv[2] ?? DEFAULT_PORT));
  console.log(`users at ${url}/users/1`);
}
