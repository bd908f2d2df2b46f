/** Which version of millrace this is. */
import { readFileSync } from "node:fs";

/** The same two folders up from the source and from what is built of it. */
export function packageVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { readonly version: string }).version;
}
