/** One seed of the fuzz: some jobs in memory, then a round trip through a server. */
import { fuzzCodec } from "./codec.ts";
import type { Server } from "./loading.ts";
import { fuzzRoundTrip } from "./round-trip.ts";

/** Jobs in memory for each round trip. */
const CODECS = 3;

/** A seed that found something. */
export interface Finding {
  readonly seed: number;
  readonly what: string;
}

/** What a seed finds, in words; nothing where all is well. */
export async function fuzz(seed: number, server: Server): Promise<readonly Finding[]> {
  const looks = [
    ...Array.from({ length: CODECS }, (_, i) => () => fuzzCodec(CODECS * seed + i)),
    () => fuzzRoundTrip(seed, server),
  ];
  const found: Finding[] = [];
  for (const look of looks) found.push(...(await findings(look)).map((what) => ({ seed, what })));
  return found;
}

/** What throws is a finding, too. */
async function findings(look: () => readonly string[] | Promise<readonly string[]>): Promise<readonly string[]> {
  try {
    return await look();
  } catch (thrown) {
    return [thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)];
  }
}
