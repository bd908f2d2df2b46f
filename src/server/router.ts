/** Finds the route of a request. */
import { MillraceError } from "../core/errors.ts";
import type { HttpRoute } from "../core/ports/http-routes.ts";

/** A route with what stood for the named parts of its path. */
export interface FoundRoute {
  readonly route: HttpRoute;
  readonly params: { readonly [name: string]: string };
}

/** The routes of a server. */
export class Router {
  readonly #routes = new Map<HttpRoute, readonly string[]>();

  constructor(routes: readonly HttpRoute[]) {
    for (const route of routes) this.add(route);
  }

  /** Adds a route, until it is disposed of. @throws MillraceError USAGE where another route has the address */
  add(route: HttpRoute): Disposable {
    const parts = partsOf(route.path);
    for (const [other, others] of this.#routes) {
      if (other.method !== route.method || !meet(parts, others)) continue;
      throw new MillraceError(
        "USAGE",
        `${route.method} ${route.path}: ${other.path} is there already; choose another path`,
      );
    }
    this.#routes.set(route, parts);
    return { [Symbol.dispose]: () => void this.#routes.delete(route) };
  }

  /** All routes of a path, one a method. */
  find(parts: readonly string[]): readonly FoundRoute[] {
    return [...this.#routes].flatMap(([route, pattern]) => {
      const params = paramsOf(pattern, parts);
      return params === null ? [] : [{ route, params }];
    });
  }
}

/** What may be asked of a path, for `Allow`. */
export function allowedMethods(found: readonly FoundRoute[]): string {
  const methods = found.flatMap(({ route: { method } }) => (method === "GET" ? ["GET", "HEAD"] : [method]));
  return [...methods, "OPTIONS"].join(", ");
}

function partsOf(path: string): readonly string[] {
  return path.split("/").slice(1);
}

/** Whether a path exists that both mean. */
function meet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((part, at) => part === b[at] || isName(part) || isName(b[at] ?? ""));
}

function paramsOf(pattern: readonly string[], parts: readonly string[]): FoundRoute["params"] | null {
  if (pattern.length !== parts.length) return null;
  const params: [string, string][] = [];
  for (const [at, wanted] of pattern.entries()) {
    const part = parts[at] ?? "";
    if (isName(wanted) && part !== "") params.push([wanted.slice(1), part]);
    else if (wanted !== part) return null;
  }
  return Object.fromEntries(params);
}

function isName(part: string): boolean {
  return part.startsWith(":");
}
