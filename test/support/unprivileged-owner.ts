/** Servers that refuse to run as root are run as somebody who exists on every Unix. */
import { spawnSync } from "node:child_process";

const UNPRIVILEGED = "nobody";

/** What `spawn` takes to run something as an unprivileged user; empty for who is one already. */
export function unprivilegedOwner(): { readonly uid?: number; readonly gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string): number => Number(spawnSync("id", [flag, UNPRIVILEGED], { encoding: "utf8" }).stdout);
  return { uid: id("-u"), gid: id("-g") };
}
