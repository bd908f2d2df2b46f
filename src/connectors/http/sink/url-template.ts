/**
 * An address with `{field}` in its path or query. What a field holds cannot leave the place where it stands: it is
 * percent-encoded, and no segment of the path may become one that an address takes for a step (`.`, `..`) or for nothing.
 */
import { MillraceError } from "../../../core/errors.ts";

/** Literal text, or the field whose text comes there. */
type Piece = string | { readonly field: string };

const PLACEHOLDER = /\{([^{}]+)\}/;
/** The URL standard takes the encoded notation for the same. */
const STEP = /^(?:\.|%2e){1,2}$/i;

/** Made once a sink. */
export class UrlTemplate {
  /** The names of its fields, each once. */
  readonly fields: readonly string[];
  /** For people: without query and user information. */
  readonly shown: string;
  readonly #origin: string;
  readonly #segments: readonly (readonly Piece[])[];
  readonly #query: readonly Piece[] | null;

  /** @param text an http or https address whose host holds no field */
  constructor(text: string) {
    const [, origin = text, path = "", query] = /^([^:]+:\/\/[^/?#]*)([^?#]*)(?:\?([^#]*))?/.exec(text) ?? [];
    this.#origin = origin;
    this.shown = origin.replace(/\/\/.*@/, "//") + path;
    this.#segments = path.split("/").map(piecesOf);
    this.#query = query === undefined ? null : piecesOf(query);
    const pieces = [...this.#segments.flat(), ...(this.#query ?? [])];
    this.fields = [...new Set(pieces.flatMap((piece) => (typeof piece === "string" ? [] : [piece.field])))];
  }

  /**
   * @param textOf what a field holds
   * @throws MillraceError VALUE_NULL; VALUE_INVALID for what cannot stand in a path
   */
  fill(textOf: (field: string) => string | null): URL {
    const path = this.#segments.map((pieces) => filledSegment(pieces, textOf)).join("/");
    const query = this.#query === null ? "" : `?${this.#query.map((piece) => filledPiece(piece, textOf)).join("")}`;
    return new URL(this.#origin + path + query);
  }
}

/** Splitting by a pattern with one group gives text and name in turn. */
function piecesOf(text: string): readonly Piece[] {
  return text
    .split(PLACEHOLDER)
    .map((piece, index) => (index % 2 === 1 ? { field: piece } : piece))
    .filter((piece) => piece !== "");
}

function filledSegment(pieces: readonly Piece[], textOf: (field: string) => string | null): string {
  const filled = pieces.map((piece) => {
    const text = filledPiece(piece, textOf);
    if (text === "" && typeof piece !== "string") throw unfit(piece.field, "is empty");
    return text;
  });
  const segment = filled.join("");
  const field = pieces.find((piece) => typeof piece !== "string")?.field;
  if (field !== undefined && STEP.test(segment)) throw unfit(field, "makes a step out of a part of the path");
  return segment;
}

function filledPiece(piece: Piece, textOf: (field: string) => string | null): string {
  if (typeof piece === "string") return piece;
  const text = textOf(piece.field);
  if (text === null) {
    throw new MillraceError("VALUE_NULL", `field ${piece.field} is null or not there, and the address needs it`);
  }
  return encodeURIComponent(text);
}

function unfit(field: string, why: string): MillraceError {
  return new MillraceError("VALUE_INVALID", `field ${field} ${why}, which the address of a request cannot be`);
}
