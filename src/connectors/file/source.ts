/** The file source: every file is one split. */
import { MillraceError } from "../../core/errors.ts";
import type { Position } from "../../core/position.ts";
import type {
  BoundSource,
  ByteReader,
  KnownSplit,
  SourceConnector,
  SourceContext,
  SplitPlan,
} from "../../core/ports/source.ts";
import { filesWithNews } from "./continue.ts";
import { type PlannedFile, planFile, transcoderOf } from "./head.ts";
import { HeaderMemory } from "./header-memory.ts";
import { locateFiles } from "./locate.ts";
import type { FileSourceOptions } from "./options.ts";
import { mapInSlices } from "./slices.ts";
import { openSplit } from "./split-reader.ts";

/** Reads files. */
export const fileSource: SourceConnector<FileSourceOptions> = { resolve };

async function resolve(options: FileSourceOptions, context: SourceContext): Promise<BoundSource> {
  const patterns = typeof options.path === "string" ? [options.path] : options.path;
  const found = await locateFiles(patterns, context.baseDir);
  const about = { options, context, transcoder: transcoderOf(context), headers: new HeaderMemory() };
  const files = await mapInSlices(found, (file) => planFile(file, about));
  const names = patterns.join(", ");
  const label = found.length === 1 && patterns.length === 1 ? names : `${names} (${found.length} files)`;
  const ready = files.filter((file) => file !== null);
  return new FileSet(label, ready, names);
}

class FileSet implements BoundSource {
  readonly label: string;
  readonly splits: readonly SplitPlan[];
  readonly #files: ReadonlyMap<string, PlannedFile>;
  readonly #names: string;

  /** @param names the paths as the job spells them */
  constructor(label: string, files: readonly PlannedFile[], names: string) {
    this.label = label;
    this.#names = names;
    this.splits = files.map(({ split }) => split);
    this.#files = new Map(files.map((file) => [file.split.id, file]));
  }

  async open(split: SplitPlan, from: Position, signal: AbortSignal): Promise<ByteReader> {
    const file = this.#files.get(split.id);
    const offset = Number(from.token);
    if (file === undefined || !Number.isSafeInteger(offset)) {
      throw new MillraceError(
        "SOURCE_CHANGED",
        `${split.id} is no longer among the files of ${this.label}; bring it back, or begin again with --restart`,
      );
    }
    return openSplit(file, split, offset, signal);
  }

  async continueFrom(known: readonly KnownSplit[]): Promise<BoundSource> {
    const files = [...this.#files.values()];
    const news = filesWithNews(files, known);
    return new FileSet(
      `${this.#names} (${news.length} of ${files.length} files have something new)`,
      news,
      this.#names,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Nothing is held between resolving and opening.
  }
}
