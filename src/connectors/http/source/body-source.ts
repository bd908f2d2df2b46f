/** A source of one reply whose records are read as it comes, however long it is: one split, whose positions count bytes. */
import { isMillraceError, MillraceError } from "../../../core/errors.ts";
import { assertFieldsThere } from "../../../core/field-names.ts";
import type { Header } from "../../../core/ports/format.ts";
import type { Position } from "../../../core/position.ts";
import type { BoundSource, ByteReader, KnownSplit, SourceContext, SplitPlan } from "../../../core/ports/source.ts";
import { HEAD_BYTES } from "../../file/fingerprint.ts";
import { transcoderOf } from "../../file/head.ts";
import type { HttpClient } from "../client/port.ts";
import type { HttpSourceOptions } from "../source-options.ts";
import { bodyMark, changedBody, differenceFromMark } from "./body-mark.ts";
import { BodyReader } from "./body-reader.ts";
import { type BodyRequest, type OpenBody, openBody } from "./open-body.ts";
import { poolsOf } from "./pools.ts";
import { RequestTemplate } from "./request-template.ts";

/** What a body is bound with. */
export interface BodyBinding {
  readonly client: HttpClient;
  readonly options: HttpSourceOptions;
  readonly context: SourceContext;
  /** The address as it may be shown: the split's id. */
  readonly shown: string;
}

/**
 * Asks for the body and looks at its beginning.
 *
 * @throws MillraceError HEADER_INVALID, COLUMN_UNKNOWN, SOURCE_UNAVAILABLE, SOURCE_FAILED
 */
export async function bindBody({ client, options, context, shown }: BodyBinding): Promise<BoundSource> {
  const { codec, signal } = context;
  const call = new RequestTemplate(options).call();
  const request: BodyRequest = { client, call, shown, codec, transcoder: transcoderOf(context) };
  await using opened = new AsyncDisposableStack();
  const body = opened.use(await openBody(request, signal));
  const header = body.isNone ? null : await readHeader(body, shown, { options, context });
  const splits = header === null ? [] : [splitOf(body, header, { shown, options, context })];
  opened.move();
  return new BodySource({ request, options, splits, body });
}

type About = Pick<BodyBinding, "options" | "context">;

/** null when the rest of it may still come. */
async function readHeader(body: OpenBody, shown: string, { options, context }: About): Promise<Header | null> {
  const { format, decode } = context;
  for (let wanted = HEAD_BYTES; ; wanted *= 2) {
    const head = await body.head(wanted);
    const isWhole = head.length < wanted;
    const header = ofReply(shown, decode.format, () =>
      format.readHeader(head, isWhole && !options.incremental, decode),
    );
    if (header !== null) return header;
    if (isWhole && options.incremental) return null;
    if (!isWhole && head.length <= decode.maxRecordBytes + HEAD_BYTES) continue;
    throw new MillraceError(
      "HEADER_INVALID",
      `${shown}: the reply's header does not end within maxRecordBytes (${decode.maxRecordBytes}); is a quote left open in it?`,
    );
  }
}

function splitOf(
  body: OpenBody,
  header: Header,
  { shown, options, context }: About & { readonly shown: string },
): SplitPlan {
  const { fields, dataOffset, lines } = header;
  if (fields !== undefined) assertFieldsThere(shown, fields, context.decode);
  return {
    id: shown,
    origin: String(dataOffset),
    originLine: lines + 1,
    fingerprint: bodyMark(body.look),
    ...(fields !== undefined && { fields }),
    ...(body.bytes !== undefined && { bytes: body.bytes }),
    ...(options.incremental && { growing: true }),
  };
}

/** The format does not know what it reads. */
function ofReply<T>(shown: string, formatName: string, read: () => T): T {
  try {
    return read();
  } catch (thrown) {
    if (!isMillraceError(thrown)) throw thrown;
    const { code, message, fault, details } = thrown;
    const hint = formatName === "json" ? "; for an array that lies deeper in the reply set source.records" : "";
    throw new MillraceError(code, `${shown}: ${message}${hint}`, { cause: thrown, fault, details });
  }
}

interface Parts {
  readonly request: BodyRequest;
  readonly options: HttpSourceOptions;
  readonly splits: readonly SplitPlan[];
  /** Open at its beginning. */
  readonly body: OpenBody;
}

class BodySource implements BoundSource {
  readonly label: string;
  readonly splits: readonly SplitPlan[];
  readonly #parts: Parts;
  /** Whoever opens first reads it; the others ask anew. */
  #body: OpenBody | null;

  constructor(parts: Parts) {
    this.label = `http ${parts.request.shown}`;
    this.splits = parts.splits;
    this.#parts = parts;
    this.#body = parts.body;
  }

  async open(split: SplitPlan, { token }: Position, signal: AbortSignal): Promise<ByteReader> {
    const { request, options } = this.#parts;
    const { incremental: grows, maxBytes = Number.POSITIVE_INFINITY } = options;
    const offset = Number(token);
    if (!Number.isSafeInteger(offset))
      throw changedBody(request.shown, "its saved position is one of paged replies", grows);
    const reader = new BodyReader({ request, mark: split.fingerprint, grows, offset, maxBytes, signal });
    const body = this.#body ?? (await openBody(request, signal));
    this.#body = null;
    await reader.begin(body);
    return reader;
  }

  async continueFrom(known: readonly KnownSplit[]): Promise<BoundSource> {
    const { shown } = this.#parts.request;
    const before = known.find(({ id }) => id === shown);
    const hasNews = before === undefined || this.splits.length === 0 || this.#hasNews(before);
    return hasNews ? this : new BodySource({ ...this.#parts, splits: [] });
  }

  /** Where the length is not known only reading tells. */
  #hasNews({ fingerprint, token }: KnownSplit): boolean {
    const { request, body } = this.#parts;
    const difference = fingerprint === undefined ? undefined : differenceFromMark(fingerprint, body.look, true);
    if (difference !== undefined) throw changedBody(request.shown, difference, true);
    return token === null || body.bytes === undefined || body.bytes !== Number(token);
  }

  pools(): { readonly [name: string]: number } {
    return poolsOf(this.#parts.request.client);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#body?.[Symbol.asyncDispose]();
    this.#body = null;
    await this.#parts.request.client[Symbol.asyncDispose]();
  }
}
