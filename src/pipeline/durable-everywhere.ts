/** How far each split has come in all sinks: what its source no longer has to keep for this job. */
import type { Progress } from "../core/ports/sink.ts";
import type { Position } from "../core/position.ts";
import type { OpenSink } from "./place-sinks.ts";

/** Told of every sink's commits, tells of the sink that is furthest behind. */
export class DurableEverywhere {
  readonly #bySink: ReadonlyMap<string, Map<string, Position>>;
  readonly #tell: (split: string, position: Position) => void;

  /** @param tell called with each new place that all sinks have passed or reached */
  constructor(sinks: readonly Pick<OpenSink, "name" | "rows">[], tell: (split: string, position: Position) => void) {
    this.#bySink = new Map(
      sinks.map(({ name, rows }) => [name, new Map(rows.map(({ split, position }) => [split, position] as const))]),
    );
    this.#tell = tell;
  }

  /** A sink has committed. */
  note(sink: string, progress: readonly Progress[]): void {
    for (const { split, position } of progress) {
      const before = this.#least(split);
      this.#bySink.get(sink)?.set(split, position);
      const now = this.#least(split);
      if (now !== undefined && (before === undefined || now.ordinal > before.ordinal)) this.#tell(split, now);
    }
  }

  /** undefined while a sink that takes the split has none of it; a sink that does not take it is not asked. */
  #least(split: string): Position | undefined {
    const places = [...this.#bySink.values()].flatMap((rows) => rows.get(split) ?? []);
    return places.reduce<Position | undefined>(
      (least, place) => (least === undefined || place.ordinal < least.ordinal ? place : least),
      undefined,
    );
  }
}
