/** A network that cuts, halves, silences and delays connections, by chance and by seed. */
import { seededRandom } from "../../../src/core/random.ts";
import { Proxy } from "../proxy.ts";

/** How likely each of it is for one piece of data, 0 to 1. */
export interface Trouble {
  /** The connection breaks before the piece. */
  readonly cut?: number;
  /** The request arrives, and the connection breaks. */
  readonly cutAfter?: number;
  /** Half of the piece arrives, and the connection breaks. */
  readonly halve?: number;
  /** Nothing arrives any more in either direction, and the connection stays. */
  readonly silence?: number;
  /** Milliseconds on the way. */
  readonly delayMs?: number;
}

/**
 * Stands before a server.
 *
 * @param target the server's port
 * @param seed the same troubles in the same order, as far as the pieces come in the same order
 */
export async function troubledNetwork(target: number, trouble: Trouble, seed: number): Promise<Proxy> {
  const { cut = 0, cutAfter = 0, halve = 0, silence = 0, delayMs = 0 } = trouble;
  const random = seededRandom(seed);
  const proxy = await Proxy.listen(target);
  proxy.delayMs = delayMs;
  proxy.judge = () => {
    const drawn = random();
    if (drawn < cut) return "cut-before";
    if (drawn < cut + cutAfter) return "cut-after";
    if (drawn < cut + cutAfter + halve) return "halve";
    return drawn < cut + cutAfter + halve + silence ? "silence" : "pass";
  };
  proxy.judgeReply = () => {
    const drawn = random();
    if (drawn < cut) return "cut-before";
    if (drawn < cut + halve) return "halve";
    return drawn < cut + halve + silence ? "silence" : "pass";
  };
  return proxy;
}
