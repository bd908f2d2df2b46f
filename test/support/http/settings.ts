/** An unruly server as data, so that one in a process of its own can be told what it is. */
import { ActingEndpoint, type ActingOptions } from "./acting-endpoint.ts";
import { BodyEndpoint, type BodyEndpointOptions } from "./body-endpoint.ts";
import type { FaultRule } from "./fault-plan.ts";
import { type BodyOptions, GeneratedBody } from "./generated-body.ts";
import { ItemsApi, type ItemsOptions } from "./items-api.ts";
import type { Endpoint } from "./reply.ts";
import type { UnrulyOptions } from "./unruly-server.ts";

/** What answers a path. */
export type EndpointSettings =
  | { readonly items: ItemsOptions }
  | { readonly body: BodyOptions & BodyEndpointOptions }
  | { readonly acting: Omit<ActingOptions, "refuses"> };

/** One server. */
export interface ServerSettings {
  readonly seed?: number;
  readonly paths: {
    readonly [path: string]: { readonly answers: EndpointSettings; readonly faults?: readonly FaultRule[] };
  };
}

/** The server that settings describe. */
export function optionsOf({ seed = 1, paths }: ServerSettings): UnrulyOptions {
  const routes = Object.entries(paths).map(
    ([path, { answers, faults = [] }]) => [path, { endpoint: endpointOf(answers), faults }] as const,
  );
  return { seed, routes: Object.fromEntries(routes) };
}

function endpointOf(answers: EndpointSettings): Endpoint {
  if ("items" in answers) return new ItemsApi(answers.items);
  if ("body" in answers) return new BodyEndpoint(new GeneratedBody(answers.body), answers.body);
  return new ActingEndpoint(answers.acting);
}
