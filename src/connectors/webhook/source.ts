/** The webhook source: requests are safe in a spool before they are answered, and read from there. */
import type { Clock } from "../../core/clock.ts";
import { MillraceError } from "../../core/errors.ts";
import type { HttpRoutes } from "../../core/ports/http-routes.ts";
import type { BoundSource, Share, Shares, SourceConnector } from "../../core/ports/source.ts";
import type { Spool } from "../../core/ports/spool.ts";
import { SpoolBell } from "./bell.ts";
import { Door } from "./door.ts";
import { listenFor } from "./listen.ts";
import { exposed, type WebhookSourceOptions } from "./options.ts";
import { WebhookShare } from "./share.ts";

/** How long requests that are under way may take to end with the job, milliseconds. */
const CLOSE_MS = 5_000;

/** Takes requests, in every process of the job; one of them reads. */
export const webhookSource: SourceConnector<WebhookSourceOptions> = {
  async resolve(options, { spool, routes, clock }) {
    return new WebhookSource({ options, spool, routes, clock });
  },
};

interface Surroundings {
  readonly options: WebhookSourceOptions;
  /** Absent where nothing is run. */
  readonly spool: Spool | undefined;
  readonly routes: HttpRoutes | undefined;
  readonly clock: Clock;
}

class WebhookSource implements BoundSource, Shares {
  readonly label: string;
  readonly splits = [];
  readonly #given: Surroundings;
  readonly #bell: SpoolBell;
  readonly #opened = new AsyncDisposableStack();
  #isOpen = false;

  constructor(given: Surroundings) {
    const { path, listen = "" } = given.options;
    this.label = `webhook ${listen}${path}`;
    this.#given = given;
    this.#bell = new SpoolBell(given.clock);
  }

  get shares(): Shares {
    return this;
  }

  /** Requests are taken from the first call on, whoever reads them. */
  async next(signal: AbortSignal): Promise<Share | undefined> {
    const { spool, options, clock } = this.#given;
    if (spool === undefined) throw new MillraceError("INVARIANT", `${this.label}: a run of it has no spool`);
    if (!this.#isOpen) await this.#offer(spool);
    this.#isOpen = true;
    const ownership = await spool.own(signal).catch((thrown: unknown) => {
      if (signal.aborted) return undefined;
      throw thrown;
    });
    if (ownership === undefined) return undefined;
    await using kept = new AsyncDisposableStack();
    kept.use(ownership);
    const { dropped } = await spool.size();
    kept.move();
    return new WebhookShare({ label: this.label, options, spool, ownership, bell: this.#bell, clock, dropped });
  }

  async look(): Promise<string> {
    return "takes requests while the job runs";
  }

  open(): Promise<never> {
    throw new MillraceError("INVARIANT", `${this.label}: only a share of it can be opened`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened.disposeAsync();
  }

  /** @throws MillraceError USAGE where there is no address, or everybody could send */
  async #offer(spool: Spool): Promise<void> {
    const { options, routes, clock } = this.#given;
    const { listen, auth, path } = options;
    const { route } = new Door({ options, spool, clock, onAdded: () => this.#bell.ring() });
    if (listen !== undefined) {
      const server = await listenFor(listen, route, { auth, clock });
      this.#opened.defer(() => server.close({ deadlineMs: CLOSE_MS }));
    } else if (routes === undefined) {
      throw new MillraceError(
        "USAGE",
        `source.path ${path}: nothing listens for it; set source.listen to an address such as 127.0.0.1:8080, or run the ` +
          "job in a daemon whose admin server is on",
      );
    } else if (auth === undefined && routes.exposed) {
      throw new MillraceError("USAGE", exposed(`source.path ${path}: the daemon's admin.host`));
    } else {
      this.#opened.use(routes.add(route));
    }
  }
}
