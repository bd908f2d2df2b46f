/** Ports for servers that tests start. */
import net from "node:net";
import { MillraceError } from "../../src/core/errors.ts";

const LOWEST = 15_000;
const HIGHEST = 30_000;
const ATTEMPTS = 100;

/**
 * A port of 127.0.0.1 below those that systems give to outgoing connections: one of these may take a server's port while
 * the server is stopped, and then it cannot start again.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    if (await isFree(port)) return port;
  }
  throw new MillraceError("INVARIANT", `no free port: ${ATTEMPTS} between ${LOWEST} and ${HIGHEST} were tried`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = net.createServer().once("error", () => resolve(false));
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
  });
}
