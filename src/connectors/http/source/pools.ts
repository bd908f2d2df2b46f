/** What an HTTP source has lent out, as its metrics call it. */
import type { HttpClient } from "../client/port.ts";

/** By the names of the pools. */
export function poolsOf({ stats }: HttpClient): { readonly [name: string]: number } {
  return { "http source requests": stats.requests, "http source connections": stats.connections };
}
