/**
 * The addresses of jobs on the daemon's HTTP server. A job offers its own as long as it runs; in between, while it is
 * paused or waits to be started again, senders are told to come back, for a 404 would make some give up.
 */
import { MillraceError } from "../core/errors.ts";
import type { HttpReply, HttpRequest, HttpRoute, HttpRoutes } from "../core/ports/http-routes.ts";
import { problem } from "../server/problem.ts";
import type { Job } from "../config/job.ts";

/** Where routes end up. */
export interface RouteServing {
  add(route: HttpRoute): Disposable;
}

/** One address, with who answers at it. */
class Place implements Disposable {
  current: HttpRoute | null = null;
  /** Whether a job is configured that will answer. */
  isHeld = false;
  readonly #served: Disposable;

  constructor(server: RouteServing, { method, path }: Pick<HttpRoute, "method" | "path">) {
    const accessNow = (): HttpRoute["access"] => this.current?.access ?? "own";
    const handle = (request: HttpRequest): Promise<HttpReply> | HttpReply => this.current?.handle(request) ?? NOT_NOW;
    this.#served = server.add({
      ...{ method, path, handle },
      get access() {
        return accessNow();
      },
    });
  }

  [Symbol.dispose](): void {
    this.#served[Symbol.dispose]();
  }
}

const NOT_NOW = problem(503, "CLOSED", "the job of this address does not run just now; send it again later");

/** Routes that come and go with their jobs. */
export class HeldRoutes implements HttpRoutes {
  readonly exposed: boolean;
  readonly #server: RouteServing;
  readonly #places = new Map<string, Place>();

  /** @param exposed whether more than this machine reaches the server */
  constructor(server: RouteServing, exposed: boolean) {
    this.#server = server;
    this.exposed = exposed;
  }

  /**
   * Holds the addresses of these jobs and lets go of all others.
   *
   * @throws MillraceError USAGE where one is the API's
   */
  hold(jobs: readonly Job[]): void {
    const wanted = new Set(jobs.flatMap(({ source }) => hookPath(source) ?? []));
    for (const path of wanted) this.#placeOf({ method: "POST", path }).isHeld = true;
    for (const [key, place] of this.#places) {
      place.isHeld = [...wanted].some((path) => key === keyOf({ method: "POST", path }));
      this.#clear(key, place);
    }
  }

  add(route: HttpRoute): Disposable {
    const place = this.#placeOf(route);
    if (place.current !== null) {
      throw new MillraceError(
        "USAGE",
        `source.path ${route.path}: another run answers there; stop it, or choose another path`,
      );
    }
    place.current = route;
    return {
      [Symbol.dispose]: () => {
        if (place.current === route) place.current = null;
        this.#clear(keyOf(route), place);
      },
    };
  }

  #placeOf(at: Pick<HttpRoute, "method" | "path">): Place {
    const key = keyOf(at);
    const place = this.#places.get(key) ?? new Place(this.#server, at);
    this.#places.set(key, place);
    return place;
  }

  #clear(key: string, place: Place): void {
    if (place.isHeld || place.current !== null) return;
    place[Symbol.dispose]();
    this.#places.delete(key);
  }
}

function hookPath(source: Job["source"]): string | undefined {
  return source.type === "webhook" && source.listen === undefined ? source.path : undefined;
}

function keyOf({ method, path }: Pick<HttpRoute, "method" | "path">): string {
  return `${method} ${path}`;
}
