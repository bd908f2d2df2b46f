/** Mode chunk: the function sees all records of a chunk at once and returns a result for each. */
import { MillraceError } from "../core/errors.ts";
import { atOnce, type Gate } from "./gate.ts";
import { HeldChunk } from "./held-chunk.ts";
import type { HeldRecord } from "./held-record.ts";
import type { ChunkWork, Mode, Verdicts } from "./mode.ts";
import { isPromise, outcomeOf } from "./outcome.ts";
import { type Failure, inPieces } from "./pieces.ts";
import type { Router } from "./route.ts";
import { thrownOutcome } from "./thrown-outcome.ts";
import { type ChunkPlace, PieceContext, RecordContext, type ThreadContext } from "./transform-context.ts";
import type { UserFunction } from "./user-module.ts";

/** What modes of many records are made of. */
export interface ManyOptions {
  readonly transform: UserFunction;
  /** The module's real path. */
  readonly file: string;
  readonly gate: Gate | null;
  readonly route: Router | null;
  readonly context: ThreadContext;
}

/** Calls a function with arrays of records. */
export class ChunkMode implements Mode {
  readonly judge = null;
  readonly #options: ManyOptions;

  constructor(options: ManyOptions) {
    this.#options = options;
  }

  enter(): void {}

  judgeAll(work: ChunkWork): Verdicts {
    const { file, route } = this.#options;
    const chunk = new HeldChunk(work, { gate: gateOfMany(this.#options, work.place), route });
    inPieces(chunk.held, {
      ...work,
      call: (piece) => this.#call(piece, work.place, chunk),
      onFailure: ({ record }, { thrown }) => chunk.settle(record, thrownOutcome(thrown, file, "transform")),
      reread: (piece) => chunk.reread(piece),
    });
    return chunk;
  }

  #call(piece: readonly HeldRecord[], place: ChunkPlace, chunk: HeldChunk): Failure | null {
    const returned = callWith(this.#options, piece, place, () => piece.map(({ input }) => input));
    if ("thrown" in returned) return returned;
    const results = resultsOf(returned.result, piece.length);
    piece.forEach(({ record }, index) => chunk.settle(record, outcomeOf(results[index])));
    return null;
  }
}

/** Calls the function with what a piece is given; a throw is a value here, so that only the user's own are caught. */
export function callWith(
  { transform, context }: ManyOptions,
  piece: readonly HeldRecord[],
  place: ChunkPlace,
  inputOf: () => unknown,
): Failure | { readonly result: unknown } {
  const input = inputOf();
  const about = new PieceContext(
    context,
    place,
    piece.map(({ record }) => record),
  );
  try {
    return { result: transform(input, about) };
  } catch (thrown) {
    return { thrown };
  }
}

/** A gate in front of many records; its context is a single record's all the same. */
export function gateOfMany({ gate, file, context }: ManyOptions, place: ChunkPlace): HeldGate | null {
  if (gate === null) return null;
  const about = new RecordContext(context);
  about.enter(place);
  return (raw, record) => {
    about.at(record);
    return atOnce(gate(raw, about), file);
  };
}

type HeldGate = NonNullable<ConstructorParameters<typeof HeldChunk>[1]["gate"]>;

/** @throws MillraceError TRANSFORM_INVALID unless there is one result a record */
function resultsOf(returned: unknown, length: number): readonly unknown[] {
  if (isPromise(returned)) {
    returned.then(undefined, () => {});
    throw invalid("it returned a promise, which only mode async can wait for");
  }
  if (!Array.isArray(returned)) {
    throw invalid(`it returned ${returned === undefined ? "nothing" : "no array"}; return one result for each record`);
  }
  if (returned.length === length) return returned;
  throw invalid(
    `it returned ${returned.length} results for ${length} records; give one for each, in their order: ` +
      "null filters a record, an array is several outputs, reject(reason) rejects",
  );
}

function invalid(why: string): MillraceError {
  return new MillraceError("TRANSFORM_INVALID", `mode chunk: ${why}`);
}
