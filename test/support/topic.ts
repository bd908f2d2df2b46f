/** A topic in memory, and the members of the group that share its partitions out. */
import { onAbort } from "../../src/core/abort.ts";
import { MillraceError } from "../../src/core/errors.ts";
import type { BoundSource, FrameBatch, FrameReader, Share, Shares, SplitPlan } from "../../src/core/ports/source.ts";
import type { Position } from "../../src/core/position.ts";

/** Partitions that grow; whoever waits for a record is woken. */
export class Topic {
  readonly #partitions: ReadonlyMap<string, string[]>;
  #grown = Promise.withResolvers<void>();

  constructor(partitions: readonly string[]) {
    this.#partitions = new Map(partitions.map((name) => [name, []]));
  }

  /** Appends values to a partition. */
  produce(partition: string, ...values: readonly string[]): void {
    this.#partitions.get(partition)?.push(...values);
    this.#grown.resolve();
    this.#grown = Promise.withResolvers();
  }

  /** How many values a partition has. */
  end(partition: string): number {
    return this.#partitions.get(partition)?.length ?? 0;
  }

  /** The values from an offset on, once there is one. */
  async from(partition: string, offset: number, signal: AbortSignal): Promise<readonly string[]> {
    const values = this.#partitions.get(partition) ?? [];
    const aborted = Promise.withResolvers<void>();
    using _aborted = onAbort(signal, aborted.resolve);
    while (values.length <= offset && !signal.aborted) await Promise.race([this.#grown.promise, aborted.promise]);
    return signal.aborted ? [] : values.slice(offset);
  }
}

/** One process's membership: a test gives it partitions and takes them away. */
export class Member implements BoundSource {
  readonly label = "topic";
  readonly splits = [];
  readonly shares: Shares;
  /** What it was told of commits: `a 2`. */
  readonly committed: (split: string, position: Position) => void;
  readonly told: string[] = [];
  /** `a at 2`: each opening of a partition. */
  readonly opened: string[] = [];
  /** Awaited before a share is said to be still this member's. */
  beforeConfirm: () => Promise<void> = async () => {};
  /** No partition of a share has more than what is there. */
  readonly #ends: boolean;
  readonly #topic: Topic;
  readonly #done = new Map<string, number>();
  #waiting: PromiseWithResolvers<Share | undefined> | null = null;
  #next: Share | undefined | null = null;
  #revoke: AbortController | null = null;

  constructor(topic: Topic, { ends = false }: { readonly ends?: boolean } = {}) {
    this.#topic = topic;
    this.#ends = ends;
    this.shares = { next: (signal) => this.#nextShare(signal) };
    this.committed = (split, { token }) => {
      this.#done.set(split, Number(token));
      this.told.push(`${split} ${token}`);
    };
  }

  /** Takes back what it has and gives it these. */
  assign(...partitions: readonly string[]): void {
    this.revoke();
    this.#give(this.#share(partitions));
  }

  /** Nothing will come any more. */
  end(): void {
    this.#give(undefined);
  }

  /** Takes its partitions back. */
  revoke(): void {
    this.#revoke?.abort(new MillraceError("ABORTED", "taken back"));
  }

  #give(share: Share | undefined): void {
    if (this.#waiting === null) this.#next = share;
    else this.#waiting.resolve(share);
    this.#waiting = null;
  }

  async #nextShare(signal: AbortSignal): Promise<Share | undefined> {
    const ready = this.#next;
    this.#next = null;
    if (ready !== null) return ready;
    this.#waiting = Promise.withResolvers();
    using _aborted = onAbort(signal, () => this.#waiting?.resolve(undefined));
    return await this.#waiting.promise;
  }

  #share(partitions: readonly string[]): Share {
    const revoke = new AbortController();
    this.#revoke = revoke;
    return {
      label: this.label,
      splits: partitions.map((id) => ({ id, origin: "0" })),
      revoked: revoke.signal,
      confirm: async () => {
        await this.beforeConfirm();
        revoke.signal.throwIfAborted();
      },
      open: (split, position, signal) => this.open(split, position, signal),
      committed: this.committed,
      lag: async () => new Map(partitions.map((id) => [id, this.#topic.end(id) - (this.#done.get(id) ?? 0)])),
      [Symbol.asyncDispose]: async () => {},
    };
  }

  async open({ id }: SplitPlan, { token }: Position, signal: AbortSignal): Promise<FrameReader> {
    this.opened.push(`${id} at ${token}`);
    let offset = Number(token);
    return {
      kind: "frames",
      read: async (_maxBytes, lease): Promise<FrameBatch | undefined> => {
        const values = this.#ends && offset > 0 ? [] : await this.#topic.from(id, offset, signal);
        if (values.length === 0) return undefined;
        const first = offset;
        offset += values.length;
        const bytes = Buffer.from(values.join(""));
        const memory = await lease(bytes.length);
        memory.bytes.set(bytes);
        let end = 0;
        const ends = Int32Array.from(values, (value) => (end += Buffer.byteLength(value)));
        return { memory, bytes: bytes.length, ends, tokens: { after: (record) => String(first + record + 1) } };
      },
      [Symbol.asyncDispose]: async () => {},
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
