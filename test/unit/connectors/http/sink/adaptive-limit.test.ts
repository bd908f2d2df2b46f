import { expect, test } from "vitest";
import { AdaptiveLimit } from "../../../../../src/connectors/http/sink/adaptive-limit.ts";

const SERVICE_MS = 10;

/** What clients with a limit each ask of, on a clock of its own. */
class BusyServer {
  readonly #flying: {
    readonly of: AdaptiveLimit;
    readonly sentAt: number;
    readonly endsAt: number;
    readonly fails: boolean;
  }[] = [];
  readonly #places: number[];
  readonly #refusesAbove: number;
  now = 0;

  /** @param parallel requests that it works on at once, the others wait @param refusesAbove requests that may be there */
  constructor(parallel: number, refusesAbove: number) {
    this.#places = Array.from({ length: parallel }, () => 0);
    this.#refusesAbove = refusesAbove;
  }

  /** Everybody keeps as much in flight as they may. @returns the average of each limit in the second half of the time */
  serve(seconds: number, limits: readonly AdaptiveLimit[]): number[] {
    const half = this.now + seconds * 500;
    const end = this.now + seconds * 1_000;
    const sums = limits.map(() => 0);
    for (; this.now < end; this.now++) {
      this.#answer();
      for (const limit of limits) this.#fill(limit);
      if (this.now < half) continue;
      for (const [index, { value }] of limits.entries()) sums[index] = (sums[index] as number) + value;
    }
    return sums.map((sum) => sum / (end - half));
  }

  #fill(limit: AdaptiveLimit): void {
    while (this.#countOf(limit) < limit.value) this.#take(limit);
  }

  #countOf(limit: AdaptiveLimit): number {
    return this.#flying.filter(({ of }) => of === limit).length;
  }

  #take(of: AdaptiveLimit): void {
    const fails = this.#flying.length >= this.#refusesAbove;
    const place = this.#places.indexOf(Math.min(...this.#places));
    const endsAt = fails ? this.now + 1 : Math.max(this.now, this.#places[place] as number) + SERVICE_MS;
    if (!fails) this.#places[place] = endsAt;
    this.#flying.push({ of, sentAt: this.now, endsAt, fails });
  }

  #answer(): void {
    for (const one of this.#flying.filter(({ endsAt }) => endsAt <= this.now)) {
      const inFlight = this.#countOf(one.of);
      this.#flying.splice(this.#flying.indexOf(one), 1);
      if (one.fails) one.of.failed(one.sentAt, this.now);
      else one.of.succeeded(one.sentAt, this.now, inFlight);
      this.#fill(one.of);
    }
  }
}

test("AdaptiveLimit grows up to its maximum while all is well", () => {
  const limit = new AdaptiveLimit(16);
  expect(limit.value).toBe(1);
  new BusyServer(100, 1_000).serve(10, [limit]);
  expect(limit.value).toBe(16);
});

test("AdaptiveLimit stays about where a server refuses more", () => {
  const [average = 0] = new BusyServer(100, 20).serve(20, [new AdaptiveLimit(1_000)]);
  expect(average).toBeGreaterThan(8);
  expect(average).toBeLessThan(21);
});

test("AdaptiveLimit stays within a few times what a server works on at once, though nothing fails", () => {
  const [average = 0] = new BusyServer(8, 10_000).serve(60, [new AdaptiveLimit(1_000)]);
  expect(average).toBeGreaterThan(8);
  expect(average).toBeLessThan(28);
});

test("AdaptiveLimit learns anew how long replies take of a server that has become slower", () => {
  const limit = new AdaptiveLimit(1_000);
  new BusyServer(8, 10_000).serve(10, [limit]);
  const slower = new BusyServer(1, 10_000);
  slower.now = 10_000;
  const [average = 0] = slower.serve(60, [limit]);
  expect(average).toBeGreaterThan(1);
  expect(average).toBeLessThan(8);
});

test("AdaptiveLimit comes to a fair share beside another one that was there first", () => {
  const early = new AdaptiveLimit(1_000);
  const server = new BusyServer(100, 40);
  server.serve(10, [early]);
  const [first = 0, second = 0] = server.serve(60, [early, new AdaptiveLimit(1_000)]);
  expect(Math.abs(first - second)).toBeLessThan(5);
  expect(first + second).toBeGreaterThan(15);
});

test("AdaptiveLimit is halved once by failures of one window, and never below one", () => {
  const limit = new AdaptiveLimit(64);
  const server = new BusyServer(100, 1_000);
  server.serve(20, [limit]);
  for (let failure = 0; failure < 10; failure++) limit.failed(server.now, server.now + 1);
  expect(limit.value).toBe(32);
  for (let at = server.now + 2; at < server.now + 20; at++) limit.failed(at, at);
  expect(limit.value).toBe(1);
});
