/** The rejects of a job as somebody sees them who looks: wherever they are, under one numbering. */
import type { Job } from "../../config/job.ts";
import { type Clock, systemClock } from "../../core/clock.ts";
import type { RejectCause, StoredReject } from "../../core/ports/reject-shelf.ts";
import type { RunRow, StateStore } from "../../core/ports/state-store.ts";
import { systemRandom } from "../../core/random.ts";
import { rejectToJson } from "../../core/reject.ts";
import type { BoundSink } from "../../core/ports/sink.ts";
import { describe, type Plan } from "../describe.ts";
import { resolveSinks } from "../resolve.ts";
import { openState } from "../open-state.ts";
import { eachReject, placesOf, type RejectPlace } from "./reject-places.ts";
import { openTopicPlace } from "./topic-place.ts";
import { meantBy, type MeantRejects, type RejectWish } from "./reject-wish.ts";

/** A reject with what it is called by. */
export interface NamedReject extends StoredReject {
  /** Its number, behind the name of its place where there are several: `17`, `warehouse:17`. */
  readonly ref: string;
}

/** What a wish means, in figures. */
export interface RejectOverview {
  readonly count: number;
  /** By stage, code and sink, the most frequent first. */
  readonly causes: readonly Omit<RejectCause, "split" | "first">[];
  /** The run that was chosen because none was named. */
  readonly newest: RunRow | null;
  /** Those of other runs, where that run has none. */
  readonly elsewhere: number;
}

/** A job's rejects, open to be looked at. */
export class JobRejects implements AsyncDisposable {
  readonly plan: Plan;
  /** Where they are, for people. */
  readonly label: string;
  readonly #places: readonly RejectPlace[];
  readonly #state: StateStore;
  readonly #opened: AsyncDisposableStack;

  private constructor(plan: Plan, places: readonly RejectPlace[], state: StateStore, opened: AsyncDisposableStack) {
    this.plan = plan;
    this.label = places.map(({ label }) => label).join(", ");
    this.#places = places;
    this.#state = state;
    this.#opened = opened;
  }

  /**
   * Opens the places of a job's rejects.
   *
   * @throws MillraceError STATE_UNAVAILABLE, SINK_UNAVAILABLE, TABLE_UNKNOWN and the like
   */
  static async open(
    job: Job,
    options: { readonly state?: StateStore | string; readonly clock?: Clock },
  ): Promise<JobRejects> {
    const { clock = systemClock } = options;
    const plan = describe(job);
    await using opened = new AsyncDisposableStack();
    const patience = { policy: job.retry, stage: "sink" as const, clock, random: systemRandom, emit: () => {} };
    const state = await openState(job, options, patience, opened);
    const topic = await openTopicPlace(plan, opened);
    const sinks: ReadonlyMap<string, BoundSink> =
      plan.rejects === null ? await resolveSinks(plan, { clock }, opened) : new Map();
    const places = topic === null ? placesOf(plan, sinks, state).all : [topic];
    return new JobRejects(plan, places, state, opened.move());
  }

  /** How many there are, and why. */
  async overview(wish: RejectWish): Promise<RejectOverview> {
    const { filter, newest } = await this.#meantBy(wish);
    const found: RejectCause[] = [];
    for (const { reader, own } of this.#places) found.push(...(await reader.groupRejects({ ...filter, ...own })));
    const groups = Map.groupBy(found, ({ stage, code, sink = "" }) => `${stage} ${code} ${sink}`);
    const causes = [...groups.values()].map((same) => {
      const [{ split: _split, first: _first, ...cause }] = same as [RejectCause, ...RejectCause[]];
      return { ...cause, count: same.reduce((sum, { count }) => sum + count, 0) };
    });
    const count = found.reduce((sum, cause) => sum + cause.count, 0);
    const elsewhere = count > 0 || newest === null ? 0 : (await this.overview({ ...wish, run: "all" })).count;
    return { count, causes: causes.toSorted((a, b) => b.count - a.count), newest, elsewhere };
  }

  /** Whether something may be called so: a number, behind the name of a place of this job's where it has several. */
  isRef(ref: string): boolean {
    const { name, number } = partsOf(ref);
    return number !== "" && this.#places.some((place) => place.name === name);
  }

  /**
   * All of them, place after place.
   *
   * @param after what the one is called by to begin behind
   */
  async *all(wish: RejectWish, after?: string): AsyncGenerator<NamedReject, void, undefined> {
    const { filter } = await this.#meantBy(wish);
    const { name, number } = partsOf(after ?? "");
    const first = this.#places.findIndex((place) => place.name === name);
    const rest = after === undefined ? this.#places : this.#places.slice(Math.max(0, first));
    for (const [at, place] of rest.entries()) {
      const begin = at === 0 ? Number(number) : 0;
      for await (const reject of eachReject(place.reader, { ...filter, ...place.own }, begin))
        yield named(reject, place);
    }
  }

  /**
   * Those that somebody may mean by a word: the one of that number, else those of that ordinal, of any run.
   *
   * @param word `17`, `warehouse:17`
   */
  async find(word: string, wish: RejectWish): Promise<readonly NamedReject[]> {
    const { name, number } = partsOf(word);
    if (number === "") return [];
    const { job } = this.plan;
    for (const place of this.#places.filter((one) => one.name === name)) {
      const [found] = await place.reader.listRejects({ job: job.name, ids: [Number(number)], limit: 1, ...place.own });
      if (found !== undefined) return [named(found, place)];
    }
    if (name !== "") return [];
    const same: NamedReject[] = [];
    for await (const reject of this.all(wish)) if (String(reject.position.ordinal) === number) same.push(reject);
    return same;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened.disposeAsync();
  }

  #meantBy(wish: RejectWish): Promise<MeantRejects> {
    return meantBy(this.#state, this.plan.job.name, wish);
  }
}

/** One reject as CONTRACT's object, with what it is called by as its `id`. */
export function namedRejectToJson({ ref, id: _id, takenBy, ...reject }: NamedReject): object {
  return { id: ref, ...(JSON.parse(rejectToJson(reject)) as object), ...(takenBy === undefined ? {} : { takenBy }) };
}

function partsOf(ref: string): { readonly name: string; readonly number: string } {
  const { name = "", number = "" } = /^(?:(?<name>.+):)?(?<number>\d+)$/.exec(ref)?.groups ?? {};
  return { name, number };
}

function named(reject: StoredReject, { name }: RejectPlace): NamedReject {
  return { ...reject, ref: name === "" ? String(reject.id) : `${name}:${reject.id}` };
}
