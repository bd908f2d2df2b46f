/**
 * The coordinator of a consumer group, as a server knows it: who is a member, since when it has been silent, and which
 * partitions are whose. Every change makes a new generation; that a member has lost its partitions it learns only when
 * it asks.
 */
import type { Scheduler } from "./scheduler.ts";

/** What a member has of a generation. */
export interface Assignment {
  readonly generation: number;
  readonly partitions: readonly string[];
}

/** How a group is made up. */
export interface GroupOptions {
  readonly partitions: readonly string[];
  readonly sessionMs: number;
  /** Share of the rebalances that leave everybody what he has, as far as that goes. */
  readonly sticky: number;
}

interface Seat {
  heardAt: number;
  partitions: readonly string[];
}

/** The coordinator. */
export class Group {
  readonly #scheduler: Scheduler;
  readonly #options: GroupOptions;
  readonly #seats = new Map<string, Seat>();
  #generation = 0;

  constructor(scheduler: Scheduler, options: GroupOptions) {
    this.#scheduler = scheduler;
    this.#options = options;
  }

  get members(): readonly string[] {
    return [...this.#seats.keys()];
  }

  /** Takes a member in. */
  join(member: string): Assignment | null {
    if (!this.#seats.has(member)) {
      this.#seats.set(member, { heardAt: this.#now(), partitions: [] });
      this.rebalance();
    }
    return this.beat(member);
  }

  leave(member: string): void {
    if (this.#seats.delete(member)) this.rebalance();
  }

  /** A sign of life; null: it is no member any more. */
  beat(member: string): Assignment | null {
    const seat = this.#seats.get(member);
    if (seat !== undefined) seat.heardAt = this.#now();
    this.#dropSilent();
    return seat === undefined ? null : { generation: this.#generation, partitions: seat.partitions };
  }

  /** Deals the partitions out anew. */
  rebalance(): void {
    this.#generation++;
    const seats = [...this.#seats.values()];
    const stays = this.#scheduler.chance(this.#options.sticky);
    const before = new Map(seats.flatMap((seat) => seat.partitions.map((partition) => [partition, seat] as const)));
    const dealt = new Map(seats.map((seat) => [seat, [] as string[]]));
    for (const partition of this.#options.partitions) {
      const drawn = seats[this.#scheduler.between(0, seats.length - 1)];
      const seat = stays ? (before.get(partition) ?? drawn) : drawn;
      if (seat !== undefined) dealt.get(seat)?.push(partition);
    }
    for (const [seat, partitions] of dealt) seat.partitions = partitions;
  }

  #dropSilent(): void {
    const silent = [...this.#seats].filter(([, { heardAt }]) => this.#now() - heardAt > this.#options.sessionMs);
    for (const [member] of silent) this.#seats.delete(member);
    if (silent.length > 0) this.rebalance();
  }

  #now(): number {
    return this.#scheduler.clock.monotonic();
  }
}
