/** Where the rejects of a job are: SEMANTICS "Where positions and rejects live", the other way round. */
import { RejectFileShelf } from "../../connectors/file/reject-shelf.ts";
import type { RejectFilter, RejectReader, RejectShelf, StoredReject } from "../../core/ports/reject-shelf.ts";
import type { BoundSink } from "../../core/ports/sink.ts";
import type { Reject } from "../../core/reject.ts";
import type { StateStore } from "../../core/ports/state-store.ts";
import { MillraceError } from "../../core/errors.ts";
import type { Plan, RejectsPlan } from "../describe.ts";

/** One place of a job's rejects. */
export interface RejectPlace {
  /** '': the only one, or the one of no sink in particular; else the sink's name. */
  readonly name: string;
  /** For people: `table millrace.rejects of postgres orders`. */
  readonly label: string;
  readonly reader: RejectReader;
  /** Those in it that are this place's. */
  readonly own: Pick<RejectFilter, "sink">;
}

/** A file that the job names for its rejects, as a replay sees it. */
export interface RejectFile extends RejectReader {
  /** Makes it anew, in one step. @param change what becomes of a reject: none where it goes */
  rewrite(run: string, change: (reject: Reject) => readonly Reject[]): Promise<void>;
}

/** Places that a replay can take rejects from; a file's are copied into the state store for that. */
export interface RejectPlaces {
  readonly all: readonly RejectPlace[];
  /** null: the job names none. */
  readonly file: RejectFile | null;
  /** Where what a sink refuses is kept, or, without one, what is refused for none in particular. */
  readonly shelfOf: (sink: string | undefined) => RejectShelf;
  /** Each of them once. */
  readonly shelves: ReadonlyMap<string, RejectShelf>;
}

/**
 * @param sinks all of the job; none is asked for where a file holds the rejects
 * @throws MillraceError USAGE as {@link fileOfRejects}
 */
export function placesOf(plan: Plan, sinks: ReadonlyMap<string, BoundSink>, state: StateStore): RejectPlaces {
  const shelves = new Map<string, RejectShelf>([["", state]]);
  for (const [name, { rejects }] of sinks) if (rejects !== undefined) shelves.set(name, rejects);
  const [only, ...others] = sinks.keys();
  const alone = others.length === 0 && only !== undefined && shelves.has(only) ? only : undefined;
  const shelfOf = (sink: string | undefined): RejectShelf => shelves.get(alone ?? sink ?? "") ?? state;
  const named = fileOfRejects(plan);
  if (named !== null) {
    const file = new RejectFileShelf(named, plan.job.baseDir);
    return { all: [{ name: "", label: `file ${file.label}`, reader: file, own: {} }], file, shelfOf, shelves };
  }
  if (alone !== undefined) {
    const label = labelOf(sinks.get(alone));
    return { all: [{ name: "", label, reader: shelfOf(alone), own: {} }], file: null, shelfOf, shelves };
  }
  const beside = [...sinks].flatMap(([name, sink]) =>
    sink.rejects === undefined ? [] : [{ name, label: labelOf(sink), reader: sink.rejects, own: { sink: name } }],
  );
  const common = { name: "", label: `state store ${state.label}`, reader: state, own: {} };
  return { all: [common, ...beside], file: null, shelfOf, shelves };
}

/**
 * The file that a job names for its rejects; null: it names no place.
 *
 * @throws MillraceError USAGE for a topic, in which nothing can be taken, and for a server, which keeps them to itself
 */
export function fileOfRejects({ job, rejects }: Pick<Plan, "job" | "rejects">): FileOfRejects | null {
  if (rejects?.type === "http") throw unreadable(job.name);
  if (rejects?.type !== "kafka") return rejects;
  const { topic } = rejects;
  throw new MillraceError(
    "USAGE",
    `rejects replay: the rejects of ${job.name} are messages of the topic ${topic}, which a job of its own runs again: ` +
      `source: { type: kafka, topics: ${topic}, until: end, ... }; docs/rejects.md ("In a topic") shows one`,
  );
}

function unreadable(job: string): MillraceError {
  const instead = "look there; or leave rejects out, and they are kept where list, export and replay find them";
  return new MillraceError("USAGE", `rejects: those of ${job} are sent to a server (rejects.type: http); ${instead}`);
}

type FileOfRejects = Extract<RejectsPlan, { readonly type: "file" }>;

function labelOf(sink: BoundSink | undefined): string {
  return `beside ${sink?.label ?? ""}`;
}

/** Records that a page holds at first; then as many as fit into its bytes. */
const FIRST_PAGE = 64;
const LARGEST_PAGE = 5_000;
const PAGE_BYTES = 4 * 1024 * 1024;

/** All that a filter means, page after page. */
export async function* eachReject(
  reader: RejectReader,
  filter: RejectFilter,
  after = 0,
): AsyncGenerator<StoredReject, void, undefined> {
  for await (const page of pagesOf(reader, filter, after)) yield* page;
}

/** The same, a page at a time; what a page yields may be dropped before the next is asked for. */
export async function* pagesOf(
  reader: RejectReader,
  filter: RejectFilter,
  after = 0,
): AsyncGenerator<readonly StoredReject[], void, undefined> {
  let limit = FIRST_PAGE;
  for (let last = after; ; ) {
    const page = await reader.listRejects({ ...filter, after: last, limit });
    const end = page.at(-1);
    if (end === undefined) return;
    yield page;
    if (page.length < limit) return;
    last = end.id;
    const bytes = page.reduce((sum, { raw, message }) => sum + raw.length + message.length, 0);
    limit = Math.min(LARGEST_PAGE, Math.max(1, Math.floor((PAGE_BYTES * page.length) / Math.max(1, bytes))));
  }
}
