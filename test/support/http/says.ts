/** Holds messages to what people need to read in them. */
import { expect } from "vitest";

/**
 * Asserts that a message has these parts in this order, and none of the tests' secrets, which all begin alike.
 *
 * @param port shown as PORT
 */
export function assertSays(message: string, port: number, parts: readonly (string | RegExp)[]): void {
  const shown = message.replaceAll(`:${port}/`, ":PORT/");
  expect(shown).not.toContain("s3cr3t");
  let rest = shown;
  for (const part of parts) {
    const at = typeof part === "string" ? rest.indexOf(part) : rest.search(part);
    expect(at, `${String(part)} in: ${shown}`).toBeGreaterThanOrEqual(0);
    rest = rest.slice(at);
  }
}
