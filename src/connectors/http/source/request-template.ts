/** The request that a source's options describe, and what changes in it from page to page. */
import { MillraceError } from "../../../core/errors.ts";
import type { HttpCall } from "../client/port.ts";
import { pointerSteps } from "../json-pointer.ts";
import type { HttpSourceOptions } from "../source-options.ts";

/** A parameter of a page. */
export type PageValue = string | number;

type Json = HttpSourceOptions["body"];

/** Makes calls; what stays the same in them is put together once. */
export class RequestTemplate {
  /** Address and query of every request. */
  readonly url: URL;
  readonly #method: string;
  readonly #body: Json;

  constructor({ url, query, method, body }: Pick<HttpSourceOptions, "url" | "query" | "method" | "body">) {
    this.url = new URL(url);
    for (const [name, value] of Object.entries(query)) this.url.searchParams.set(name, String(value));
    this.#method = method;
    this.#body = body;
  }

  /**
   * The request as it stands, or to another address, or with parameters: each in the query, or in the body where its name
   * is a JSON pointer.
   *
   * @throws MillraceError CONFIG_INVALID for a pointer that leads nowhere in the body
   */
  call({
    url = this.url,
    parameters = {},
  }: {
    url?: URL;
    parameters?: Readonly<Record<string, PageValue>>;
  } = {}): HttpCall {
    const given = Object.entries(parameters);
    const inBody = given.filter(([name]) => name.startsWith("/"));
    const address = new URL(url);
    for (const [name, value] of given) if (!name.startsWith("/")) address.searchParams.set(name, String(value));
    const call = { method: this.#method, url: address };
    const body = inBody.length === 0 ? this.#body : withValues(this.#body, inBody);
    if (body === undefined) return call;
    if (typeof body === "string") return { ...call, body: Buffer.from(body) };
    return { ...call, headers: { "content-type": "application/json" }, body: Buffer.from(JSON.stringify(body)) };
  }
}

function withValues(body: Json, values: readonly (readonly [pointer: string, value: PageValue])[]): Json {
  const copy = structuredClone(body);
  for (const [pointer, value] of values) {
    const steps = pointerSteps(pointer);
    const holder = steps.slice(0, -1).reduce<unknown>((at, step) => stepInto(at, step, pointer), copy);
    assertHolder(holder, pointer)[steps.at(-1) as string] = value;
  }
  return copy;
}

/** What is not there yet on the way becomes an object. */
function stepInto(at: unknown, step: string, pointer: string): unknown {
  const holder = assertHolder(at, pointer);
  return Object.hasOwn(holder, step) ? holder[step] : (holder[step] = {});
}

function assertHolder(at: unknown, pointer: string): Record<string, unknown> {
  if (typeof at === "object" && at !== null) return at as Record<string, unknown>;
  throw new MillraceError(
    "CONFIG_INVALID",
    `source.pagination: ${pointer} leads to no object in source.body; give the body as an object that has one there`,
  );
}
