/** The headers that every request of a client carries. */
import { validateHeaderName, validateHeaderValue } from "node:http";
import type { HttpConnectionOptions } from "../connection-options.ts";
import { ACCEPTED } from "./content-encoding.ts";
import type { Faults } from "./faults.ts";

/**
 * By lower-case names, checked.
 *
 * @param configured as the config has them
 * @throws MillraceError CONFIG_INVALID for a name or value that no header can have
 */
export function standingHeaders(
  configured: Readonly<Record<string, string>>,
  auth: HttpConnectionOptions["auth"],
  faults: Faults,
): Readonly<Record<string, string>> {
  const headers: Record<string, string> = { "user-agent": "millrace", "accept-encoding": ACCEPTED };
  for (const [name, value] of Object.entries(configured)) {
    assertHeader(name, value, () => faults.unusable(`headers.${name}`, "a header cannot have that name or value"));
    headers[name.toLowerCase()] = value;
  }
  if (auth?.type === "bearer")
    assertHeader("authorization", auth.token, () => faults.unusable("auth.token", "no header can hold that"));
  if (auth?.type === "apiKey" && auth.in === "header")
    assertHeader(auth.name, auth.value, () => faults.unusable("auth", "no header can have that name or value"));
  return headers;
}

function assertHeader(name: string, value: string, fault: () => Error): void {
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
  } catch {
    throw fault();
  }
}
