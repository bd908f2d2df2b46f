/** Where a redirect leads, and what of a request may go there: RFC 9110, 15.4. */
import type { MillraceError } from "../../../core/errors.ts";
import type { Faults, Side } from "./faults.ts";
import type { HttpAnswer, HttpCall } from "./port.ts";
import { shownUrl } from "./shown-url.ts";

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Headers that tell no secret and mean the same at any host. */
const HARMLESS: ReadonlySet<string> = new Set([
  "accept",
  "accept-encoding",
  "accept-language",
  "content-type",
  "idempotency-key",
  "if-modified-since",
  "if-none-match",
  "user-agent",
]);

/** A request on its way, perhaps some redirects from where it began. */
export interface Leg {
  readonly call: HttpCall;
  /** It has left the host that it was meant for, and credentials stay there, even if it comes back. */
  readonly abroad: boolean;
  /** Addresses so far, this one last. */
  readonly trail: readonly URL[];
}

/** The rules of one client. */
export interface RedirectRules {
  readonly faults: Faults;
  /** Most redirects of a call. */
  readonly limit: number;
  /** Parameter of the address that holds a key, which no address that a server gives may keep. */
  readonly keyParameter: string | undefined;
}

/**
 * The next leg; undefined for an answer that is no redirect.
 *
 * @throws MillraceError SOURCE_FAILED or SINK_REFUSED for a redirect that is not followed
 */
export function nextLeg(
  leg: Leg,
  answer: Pick<HttpAnswer, "status" | "header">,
  rules: RedirectRules,
): Leg | undefined {
  const location = REDIRECTS.has(answer.status) ? answer.header("location") : undefined;
  if (location === undefined) return undefined;
  const { call, trail } = leg;
  const to = destination(location, call.url, rules);
  const refuse = (why: string): MillraceError => {
    const hops = [...trail, ...(to === undefined ? [] : [to])].map(shownUrl).join(" -> ");
    return rules.faults.lasting("url", `${call.method} ${hops} (${answer.status}): ${why}`);
  };
  if (to === undefined) throw refuse("the address it redirects to cannot be used");
  if (call.url.protocol === "https:" && to.protocol === "http:")
    throw refuse("it redirects from https to http, which anybody could read; set url to an https address");
  const changed = changeOf(call.method, answer.status, rules.faults.side);
  if (changed === undefined)
    throw refuse("such a redirect would lose what is sent; set url to the address it redirects to");
  if (trail.some(({ href }) => href === to.href) && changed === "same") throw refuse("it redirects in a circle");
  if (trail.length > rules.limit)
    throw refuse(`more than ${rules.limit} redirects; set url to the last address, or raise redirects`);
  const abroad = leg.abroad || to.origin !== call.url.origin;
  return { call: callTo(to, call, { abroad, changed }), abroad, trail: [...trail, to] };
}

function destination(location: string, from: URL, { keyParameter }: RedirectRules): URL | undefined {
  const to = URL.parse(location, from.href);
  if (to === null || (to.protocol !== "http:" && to.protocol !== "https:")) return undefined;
  to.hash = "";
  if (to.origin !== from.origin) to.username = to.password = "";
  if (keyParameter !== undefined && to.searchParams.has(keyParameter)) to.searchParams.delete(keyParameter);
  return to;
}

/** What becomes of the method; undefined for a redirect that is not followed: a sink's data has to arrive. */
function changeOf(method: string, status: number, side: Side): "same" | "get" | undefined {
  if (status === 307 || status === 308) return "same";
  if (side === "sink") return undefined;
  if (method === "GET" || method === "HEAD") return "same";
  return status === 303 || method === "POST" ? "get" : "same";
}

function callTo(
  url: URL,
  { method, headers = {}, publicHeaders = [], body }: HttpCall,
  { abroad, changed }: { readonly abroad: boolean; readonly changed: "same" | "get" },
): HttpCall {
  const stays = (name: string): boolean =>
    (!abroad || HARMLESS.has(name) || publicHeaders.includes(name)) && (changed === "same" || name !== "content-type");
  const kept = Object.fromEntries(Object.entries(headers).filter(([name]) => stays(name)));
  const carried = { url, headers: kept, publicHeaders };
  if (changed === "get") return { ...carried, method: "GET" };
  return { ...carried, method, ...(body === undefined ? {} : { body }) };
}

/** Those of the connection's own headers that go to any host. */
export function harmless(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => HARMLESS.has(name)));
}

/** Values of the others, which may be secrets. */
export function privateValues(headers: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(headers).flatMap(([name, value]) => (HARMLESS.has(name) ? [] : [value]));
}
