/**
 * Where batches end, remembered beyond a crash.
 *
 * A key is made of a request's first row and their number, so whoever goes on after a crash has to cut as the one before
 * did. From the committed position on requests are cut by count and bytes, which comes out the same; two things do not.
 * The last request of a unit may be short because the unit was closed by time, so its end is a border that has to be cut
 * at again. And the next process may close its units earlier, in the middle of what went out as one request: as long as a
 * request begins before the last border that was stored, the unit has to take more before it is closed (`midway`).
 *
 * So before requests are sent the end of the last of them is stored, one word a split, with all those before that are not
 * yet committed: one a chunk of a unit, and those of earlier processes.
 */
import type { SinkSession, SinkWord, SinkWords } from "../../../core/ports/sink.ts";
import type { Row } from "./rows.ts";

/** A place between two rows of a split: before this output of this record. */
export interface Place {
  readonly ordinal: number;
  readonly output: number;
}

const PREFIX = "border:";

/** Before a row. */
export function placeOf(row: Row): Place {
  return { ordinal: row.chunk.ordinalOf(row), output: row.output };
}

/** Behind a row; the one after it may be of the same record or of a later one. */
export function placeBehind(row: Row): Place {
  return { ordinal: row.chunk.ordinalOf(row), output: row.output + 1 };
}

/** Negative: `one` comes first. */
function compared(one: Place, other: Place): number {
  return one.ordinal - other.ordinal || one.output - other.output;
}

/** The borders of one sink at work, by split. */
export class Borders {
  readonly #keep: SinkWords["keep"];
  readonly #places: Map<string, readonly Place[]>;

  private constructor(keep: SinkWords["keep"], places: Map<string, readonly Place[]>) {
    this.#keep = keep;
    this.#places = places;
  }

  /** A state store that is away is waited for: a unit that began anew could end elsewhere. */
  static async open({ memory, host, signal }: Pick<SinkSession, "memory" | "host" | "signal">): Promise<Borders> {
    const words = (await memory?.scope.all()) ?? [];
    const stored = words.flatMap(({ name, word }) =>
      name.startsWith(PREFIX) && word !== null ? [[name.slice(PREFIX.length), placesIn(word)] as const] : [],
    );
    const keep: SinkWords["keep"] = async (fresh) => memory?.scope.keep(fresh);
    return new Borders((fresh) => host?.retrying(() => keep(fresh), signal) ?? keep(fresh), new Map(stored));
  }

  /** Whether there is one behind `from`, at `to` or before. */
  isBetween(split: string, from: Place, to: Place): boolean {
    return this.#of(split).some((border) => compared(from, border) < 0 && compared(border, to) <= 0);
  }

  /** Whether there is one behind `from`: what begins there may have been sent by another process, up to that one. */
  isBehind(split: string, from: Place): boolean {
    return this.#of(split).some((border) => compared(from, border) < 0);
  }

  /** Stores where the requests end, by split, that are about to be sent. @throws MillraceError FENCED, RETRIES_EXHAUSTED */
  async reach(ends: ReadonlyMap<string, Place>): Promise<void> {
    const news = [...ends].filter(([split, end]) => !this.#of(split).some((border) => compared(border, end) === 0));
    for (const [split, end] of news) this.#places.set(split, [...this.#of(split), end]);
    if (news.length > 0) await this.#keep(news.map(([split]) => this.#wordOf(split)));
  }

  /** Everything up to these places is committed. @returns what goes into that step */
  commit(ends: ReadonlyMap<string, Place>): readonly SinkWord[] {
    const stored = [...ends].filter(([split]) => this.#places.has(split));
    for (const [split, end] of stored) {
      const left = this.#of(split).filter((border) => compared(end, border) < 0);
      if (left.length > 0) this.#places.set(split, left);
      else this.#places.delete(split);
    }
    return stored.map(([split]) => this.#wordOf(split));
  }

  #of(split: string): readonly Place[] {
    return this.#places.get(split) ?? [];
  }

  #wordOf(split: string): SinkWord {
    const places = this.#of(split);
    return { name: PREFIX + split, word: places.length === 0 ? null : JSON.stringify(places.map(pairOf)) };
  }
}

function pairOf({ ordinal, output }: Place): readonly [number, number] {
  return [ordinal, output];
}

function placesIn(word: string): readonly Place[] {
  return (JSON.parse(word) as [number, number][]).map(([ordinal, output]) => ({ ordinal, output }));
}
