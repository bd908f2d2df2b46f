/** The pool of one database and side that all jobs of a process borrow from. */
import { hash } from "node:crypto";
import { type Clock, sleep } from "../core/clock.ts";
import type { HeldUp, Joined, LendingFigures, SharedObject, SharedObjects } from "../core/ports/shared-objects.ts";
import type { ObjectPool } from "../runtime/object-pool.ts";
import type { PoolLimits } from "../runtime/object-pool-options.ts";
import type { Lease } from "../runtime/pool-lease.ts";
import { NOT_SHARED } from "../runtime/shared-objects.ts";
import { APPLICATION } from "./application-name.ts";
import type { ConnectTarget } from "./connect.ts";
import type { Connection } from "./connection.ts";
import { openConnectionPool } from "./connection-pool.ts";
import { LentConnection } from "./lent-connection.ts";

/** Limits as a job gives them. */
export interface PoolWish {
  readonly max?: number | undefined;
  /** Milliseconds, as those of the pool. */
  readonly idleTimeout?: number | undefined;
  readonly maxLifetime?: number | undefined;
}

/** Where sessions come from, and for whom. */
export interface PoolAccess {
  readonly target: Pick<ConnectTarget, "url" | "ssl">;
  /** Readers hold a session while writers wait for one: were they to wait for each other, nobody would go on. */
  readonly side: "source" | "sink";
  readonly wish: PoolWish | undefined;
  /** As `pg_stat_activity` is to show the borrower. */
  readonly name: string;
  /** Absent: the pool is the borrower's own, and lasts as long as the borrower. */
  readonly shared?: SharedObjects | undefined;
  readonly clock: Clock;
  /** Told of a wait that becomes long. */
  readonly heldUp?: ((wait: HeldUp) => void) | undefined;
}

/** What holds where no job says otherwise. Ten jobs at once rarely need more, and a server's own limit is 100. */
const MAX = 16;
const IDLE_TIMEOUT_MS = 60_000;
const MAX_LIFETIME_MS = 30 * 60_000;
/** A wait of this length is told. */
const LONG_WAIT_MS = 10_000;
/** How long borrowers may take to return what they have once the pool is closed. */
const CLOSE_MS = 5_000;

/** One job's way to the sessions of a database; dispose it when the work is done. */
export class PoolMember implements AsyncDisposable {
  readonly #access: PoolAccess;
  readonly #joined: Joined<SharedPool>;
  readonly #leave: Disposable;
  #told = false;

  /** Joins the pool of the database and side. */
  constructor(access: PoolAccess) {
    const { target, side, wish = {}, shared = NOT_SHARED, clock } = access;
    this.#access = access;
    this.#joined = shared.join(keyOf(access), () => new SharedPool({ target, side, clock }));
    this.#leave = this.#joined.object.enter(wish);
  }

  /** Whether who asks now has to wait for others to return what they have. */
  get isExhausted(): boolean {
    return this.#joined.object.pool.isExhausted;
  }

  /**
   * Borrows a session, in order of arrival.
   *
   * @throws MillraceError SINK_REFUSED, SINK_UNAVAILABLE, CONFIG_INVALID as `connect`; ABORTED
   */
  async acquire(signal?: AbortSignal): Promise<LentConnection> {
    const lease = await this.#acquire(signal);
    return new LentConnection(lease.value, this.#access.name, lease);
  }

  /** As {@link acquire}; who gives the session back leaves the pool with it. */
  async acquireOne(signal?: AbortSignal): Promise<LentConnection> {
    const leaving = async (returned: Promise<void>): Promise<void> => {
      await returned;
      await this[Symbol.asyncDispose]();
    };
    try {
      const lease = await this.#acquire(signal);
      return new LentConnection(lease.value, this.#access.name, {
        release: () => leaving(lease.release()),
        discard: () => leaving(lease.discard()),
      });
    } catch (thrown) {
      await this[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  async #acquire(signal: AbortSignal | undefined): Promise<Lease<Connection>> {
    using _watch = this.#watch();
    return await this.#joined.object.pool.acquire(signal === undefined ? {} : { signal });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#leave[Symbol.dispose]();
    await this.#joined[Symbol.asyncDispose]();
  }

  /** Tells of the first wait that is long, while it lasts. */
  #watch(): Disposable {
    const { clock, heldUp, name } = this.#access;
    return clock.timer(LONG_WAIT_MS, () => {
      const { name: pool, lent, max, waiting } = this.#joined.object.figures;
      // with sessions to be had the server is slow to answer, which is told when it has not
      if (this.#told || lent < max) return;
      this.#told = true;
      const others = waiting > 1 ? `, and ${waiting - 1} more wait` : "";
      const message =
        `${name} waits for a connection of the pool ${pool}: ${lent} of ${max} are lent${others}; ` +
        "raise pool.max if the server allows more, or let fewer jobs run at once";
      heldUp?.({ forMs: LONG_WAIT_MS, message });
    });
  }
}

/** Borrows one session, for as long as it takes. @throws MillraceError as `PoolMember.acquire` */
export function borrowConnection(access: PoolAccess, signal?: AbortSignal): Promise<LentConnection> {
  return new PoolMember(access).acquireOne(signal);
}

/** What tells pools apart: who connects where and how. What it is made of cannot be read from it. */
function keyOf({ target: { url, ssl }, side }: PoolAccess): string {
  return `postgres ${side} ${hash("sha256", JSON.stringify([url, ssl ?? null]))}`;
}

/** One pool, whose limits are those of the jobs that use it just now. */
class SharedPool implements SharedObject {
  readonly pool: ObjectPool<Connection>;
  readonly #side: string;
  readonly #clock: Clock;
  readonly #wishes = new Set<PoolWish>();
  readonly #connections = new Set<Connection>();
  #server: string | undefined;

  constructor({ target, side, clock }: Pick<PoolAccess, "target" | "side" | "clock">) {
    this.#side = side;
    this.#clock = clock;
    this.pool = openConnectionPool({
      name: `connections of a Postgres ${side}`,
      target: { ...target, applicationName: APPLICATION },
      limits: limitsOf([]),
      clock,
      onConnect: (connection) => this.#note(connection),
    });
  }

  /** `etl@db:5432/shop sink`; the server's part is known once a session was opened. */
  get label(): string {
    return `${this.#server ?? "Postgres"} ${this.#side}`;
  }

  get isEmpty(): boolean {
    return this.pool.stats.size === 0;
  }

  get figures(): LendingFigures {
    const { size, inUse, waiting } = this.pool.stats;
    return { name: this.label, max: this.pool.max, size, lent: inUse, waiting };
  }

  /** Counts a job in until it is disposed of. */
  enter(wish: PoolWish): Disposable {
    // the same object may come twice
    const own = { ...wish };
    this.#wishes.add(own);
    this.pool.adjust(limitsOf([...this.#wishes]));
    return {
      [Symbol.dispose]: () => {
        // what the last one wished holds for what lies idle
        if (this.#wishes.delete(own) && this.#wishes.size > 0) this.pool.adjust(limitsOf([...this.#wishes]));
      },
    };
  }

  /** What is not returned in time is ended all the same: a borrower that hangs must not hold up a process that ends. */
  async [Symbol.asyncDispose](): Promise<void> {
    const waited = new AbortController();
    const tooLong = sleep(this.#clock, CLOSE_MS, waited.signal).catch(() => {});
    await Promise.race([this.pool.close(), tooLong]);
    waited.abort();
    await Promise.all([...this.#connections].map((connection) => connection[Symbol.asyncDispose]()));
  }

  #note(connection: Connection): void {
    this.#server = connection.label;
    for (const known of this.#connections) if (known.lost !== undefined) this.#connections.delete(known);
    this.#connections.add(connection);
  }
}

/** The most that anybody wants of connections and of time to lie idle, and the shortest life that anybody wants. */
function limitsOf(wishes: readonly PoolWish[]): PoolLimits {
  const all = wishes.length === 0 ? [{}] : wishes;
  return {
    max: Math.max(...all.map(({ max = MAX }) => max)),
    idleTimeoutMs: Math.max(...all.map(({ idleTimeout = IDLE_TIMEOUT_MS }) => idleTimeout)),
    maxLifetimeMs: Math.min(...all.map(({ maxLifetime = MAX_LIFETIME_MS }) => maxLifetime)),
  };
}
