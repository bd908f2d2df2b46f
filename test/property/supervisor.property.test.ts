import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MillraceError } from "../../src/core/errors.ts";
import { seededRandom } from "../../src/core/random.ts";
import type { Exit } from "../../src/runtime/actor.ts";
import { type BackoffOptions, backoffDelayMs } from "../../src/runtime/backoff.ts";
import type { RestartType, Strategy } from "../../src/runtime/supervision-state.ts";
import { Supervisor } from "../../src/runtime/supervisor.ts";
import type { SupervisorEvent } from "../../src/runtime/supervisor-options.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { type Behaviour, ScriptedChildren } from "../support/scripted-children.ts";

const FAULT = new MillraceError("SINK_FAILED", "a child fails");
const HOPELESS = new MillraceError("CONFIG_INVALID", "no restart helps");
const NAMES = ["a", "b", "c", "d", "e"];

interface Setup {
  readonly strategy: Strategy;
  readonly types: readonly RestartType[];
  readonly intensity: number;
  readonly periodMs: number;
  readonly backoff: BackoffOptions;
}

const setup: fc.Arbitrary<Setup> = fc.record({
  strategy: fc.constantFrom("one_for_one", "one_for_all", "rest_for_one"),
  types: fc.array(fc.constantFrom("permanent", "transient", "temporary"), { minLength: 1, maxLength: NAMES.length }),
  intensity: fc.constantFrom(0, 1, 2, 3, 6, 20),
  periodMs: fc.constantFrom(50, 500, 5_000),
  backoff: fc.record({
    initialDelayMs: fc.constantFrom(0, 10, 100),
    maxDelayMs: fc.constantFrom(100, 400),
    multiplier: fc.constantFrom(1, 2, 3),
    jitter: fc.constant("none" as const),
  }),
});

type Command =
  /** Of those alive, the one with this number, counted round and round. */
  | { readonly kind: "fail" | "fail-hopelessly" | "end"; readonly child: number }
  | { readonly kind: "advance"; readonly delayMs: number }
  | { readonly kind: "stop" };

type End = "normal" | "exhausted" | "hopeless";

/**
 * OTP's rules for children that start and stop in no time, told as directly as possible: an exit does all it does in one
 * go, save for the group's start, which comes when its back-off is over.
 */
class Model {
  readonly log: string[] = [];
  end: End | undefined;
  readonly #setup: Setup;
  readonly #up: boolean[];
  /** Ended, and not to be started by itself. */
  readonly #done: boolean[];
  readonly #startedAt: number[];
  readonly #inARow: number[];
  #restarts: number[] = [];
  /** The groups that wait for their back-off. */
  #pending: { at: number; members: number[] }[] = [];
  #now = 0;

  constructor(setup: Setup) {
    this.#setup = setup;
    this.#up = setup.types.map(() => false);
    this.#done = setup.types.map(() => false);
    this.#startedAt = setup.types.map(() => 0);
    this.#inARow = setup.types.map(() => 0);
    this.#start(setup.types.map((_, child) => child));
  }

  get alive(): string[] {
    return NAMES.filter((_, child) => this.#up[child]);
  }

  exit(child: number, how: "fail" | "fail-hopelessly" | "end"): void {
    this.#up[child] = false;
    const type = this.#setup.types[child];
    if (type === "temporary" || (type === "transient" && how === "end")) {
      this.#done[child] = true;
      if (this.#done.every(Boolean)) this.end = "normal";
      return;
    }
    if (how === "fail-hopelessly") return this.#finish("hopeless");
    this.#restarts = [...this.#restarts, this.#now].filter((time) => time >= this.#now - this.#setup.periodMs);
    if (this.#restarts.length > this.#setup.intensity) return this.#finish("exhausted");
    this.#restart(child);
  }

  #restart(child: number): void {
    const { strategy, types, backoff, periodMs } = this.#setup;
    if (this.#now - (this.#startedAt[child] ?? 0) >= periodMs) this.#inARow[child] = 0;
    const delayMs = backoffDelayMs(backoff, this.#inARow[child] ?? 0, () => expect.fail("no jitter"));
    this.#inARow[child] = (this.#inARow[child] ?? 0) + 1;
    const group = types
      .map((_, index) => index)
      .filter(
        (index) => index === child || strategy === "one_for_all" || (strategy === "rest_for_one" && index > child),
      );
    this.#stop(group);
    const members = group.filter((index) => {
      if (types[index] === "temporary") this.#done[index] = true;
      else this.#done[index] = false;
      return types[index] !== "temporary";
    });
    this.#pending = this.#pending.filter(({ members: others }) => !others.some((other) => members.includes(other)));
    if (delayMs === 0) this.#start(members);
    else this.#pending.push({ at: this.#now + delayMs, members });
  }

  advance(delayMs: number): void {
    const until = this.#now + delayMs;
    const due = this.#pending.filter(({ at }) => at <= until).toSorted((one, other) => one.at - other.at);
    this.#pending = this.#pending.filter(({ at }) => at > until);
    for (const { at, members } of due) {
      this.#now = at;
      this.#start(members);
    }
    this.#now = until;
  }

  stop(): void {
    this.#finish("normal");
  }

  #finish(end: End): void {
    if (this.end !== undefined) return;
    this.end = end;
    this.#pending = [];
    this.#stop(this.#setup.types.map((_, child) => child));
  }

  #start(children: readonly number[]): void {
    for (const child of children) {
      this.#up[child] = true;
      this.#startedAt[child] = this.#now;
      this.log.push(`+${NAMES[child]}`);
    }
  }

  #stop(children: readonly number[]): void {
    for (const child of children.toReversed()) {
      if (this.#up[child] === true) this.log.push(`-${NAMES[child]}`);
      this.#up[child] = false;
    }
  }
}

/** The real supervisor in the same world. */
class Subject {
  readonly clock = new FakeClock();
  readonly children = new ScriptedChildren(this.clock);
  readonly events: (SupervisorEvent & { readonly at: number })[] = [];
  exit: Exit | undefined;
  readonly running;

  constructor(
    { types, ...options }: Setup,
    shutdownMs: number,
    behaviour: (child: number, incarnation: number) => Behaviour = () => ({}),
  ) {
    const supervisor = new Supervisor({
      ...options,
      name: "subject",
      clock: this.clock,
      random: seededRandom(1),
      killGraceMs: 300,
      restartable: (error) => error !== HOPELESS,
      onEvent: (event) => this.events.push({ ...event, at: this.clock.monotonic() }),
      children: types.map((restart, child) =>
        this.children.spec(NAMES[child] ?? "", {
          restart,
          shutdownMs,
          behaviour: (incarnation) => behaviour(child, incarnation),
        }),
      ),
    });
    this.running = supervisor.start();
    void this.running.wait().then((exit) => {
      this.exit = exit;
    });
  }

  get end(): End | undefined {
    if (this.exit?.kind !== "failed") return this.exit?.kind === "normal" ? "normal" : undefined;
    if (this.exit.error === HOPELESS) return "hopeless";
    expect(this.exit.error).toMatchObject({ code: "RESTARTS_EXHAUSTED" });
    return "exhausted";
  }
}

async function apply(command: Command, model: Model, subject: Subject): Promise<void> {
  if (command.kind === "stop") {
    model.stop();
    subject.running.stop(Infinity);
  } else if (command.kind === "advance") {
    model.advance(command.delayMs);
    await subject.clock.advance(command.delayMs);
  } else {
    const name = model.alive[command.child % Math.max(1, model.alive.length)];
    if (name === undefined) return;
    model.exit(NAMES.indexOf(name), command.kind);
    if (command.kind === "end") subject.children.end(name);
    else subject.children.fail(name, command.kind === "fail" ? FAULT : HOPELESS);
  }
  await subject.clock.advance(0);
}

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant("fail" as const), child: fc.nat(4) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("end" as const), child: fc.nat(4) }) },
  {
    weight: 7,
    arbitrary: fc.record({
      kind: fc.constant("advance" as const),
      delayMs: fc.constantFrom(1, 10, 40, 50, 99, 100, 400, 500, 5_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("fail-hopelessly" as const), child: fc.nat(4) }) },
);
const script = fc
  .tuple(fc.array(command, { maxLength: 40, size: "max" }), fc.constant<Command>({ kind: "stop" }))
  .map(([commands, stop]) => [...commands, stop]);

describe("Supervisor against OTP's rules", () => {
  it("starts, stops, restarts and gives up as the model does", async () => {
    await fc.assert(
      fc.asyncProperty(setup, script, async (world, commands) => {
        const model = new Model(world);
        const subject = new Subject(world, Infinity);
        await subject.clock.advance(0);
        for (const next of commands) {
          if (model.end !== undefined) break;
          await apply(next, model, subject);
          expect(subject.children.takeLog().split(" ")).toEqual(model.log.splice(0).join(" ").split(" "));
          expect(subject.children.alive.toSorted()).toEqual(model.alive);
          expect(subject.end).toBe(model.end);
        }
        expect(subject.end).toBeDefined();
        expect(subject.clock.pendingTimers).toBe(0);
      }),
      { numRuns: 1_000 },
    );
  });
});

const behaviour: fc.Arbitrary<Behaviour> = fc.record(
  {
    initMs: fc.constantFrom(0, 20, 70),
    lifeMs: fc.oneof({ weight: 2, arbitrary: fc.constant(Infinity) }, fc.constantFrom(0, 20, 70, 300)),
    fault: fc.constantFrom(FAULT, FAULT, FAULT, HOPELESS),
    stopMs: fc.constantFrom(0, 0, 30, 30, 150, Infinity),
    deaf: fc.constantFrom(false, false, false, true),
  },
  { requiredKeys: [] },
);
const SHUTDOWN_MS = 100;

/** Reads the children's log line by line and holds each line against what must never happen. */
function checkLog(log: readonly string[], { strategy }: Setup, abandoned: ReadonlySet<string>): void {
  const alive = new Set<string>();
  const up = new Set<string>();
  const stopping = new Set<string>();
  const sorted = (names: ReadonlySet<string>): string[] => [...names].toSorted();
  for (const entry of log) {
    const name = entry.slice(1);
    switch (entry.charAt(0)) {
      case "+":
        if (!abandoned.has(name)) expect(alive, `${name} lives twice`).not.toContain(name);
        if (strategy !== "one_for_one") {
          expect(
            sorted(stopping).filter((other) => !abandoned.has(other)),
            `${name} starts during a stop`,
          ).toEqual([]);
          const behind = sorted(alive).filter((other) => other > name && !abandoned.has(other));
          expect(behind, `${name} starts after those behind it`).toEqual([]);
          const starting = sorted(alive).filter((other) => !up.has(other) && !abandoned.has(other));
          expect(starting, `${name} starts before an earlier one is up`).toEqual([]);
        }
        alive.add(name);
        break;
      case "^":
        up.add(name);
        break;
      case "-": {
        const others = sorted(stopping).filter((other) => !abandoned.has(other));
        expect(others, `${name} is stopped beside another`).toEqual([]);
        const behind = sorted(alive).filter((other) => other > name && !abandoned.has(other));
        expect(behind, `${name} is stopped before those behind it`).toEqual([]);
        stopping.add(name);
        break;
      }
      case ".":
        for (const names of [alive, up, stopping]) names.delete(name);
        break;
    }
  }
}

/** Counts the restarts of each period that ends with one of them. */
function checkRestarts(events: Subject["events"], { intensity, periodMs }: Setup): void {
  const times = events.filter(({ kind }) => kind === "restarting").map(({ at }) => at);
  for (const [index, time] of times.entries()) {
    const within = times.slice(0, index + 1).filter((earlier) => earlier >= time - periodMs);
    expect(within.length).toBeLessThanOrEqual(intensity);
  }
}

describe("Supervisor of slow, stubborn and deaf children", () => {
  it("keeps their order, bears no more than its intensity and always comes to an end", async () => {
    await fc.assert(
      fc.asyncProperty(
        setup,
        fc.array(fc.array(behaviour, { minLength: 1, maxLength: 6 }), { minLength: 5, maxLength: 5 }),
        fc.integer({ min: 0, max: 2_000 }),
        fc.constantFrom("stop" as const, "kill" as const),
        async (world, scripts, lifeMs, verb) => {
          const subject = new Subject(world, SHUTDOWN_MS, (child, incarnation) => scripts[child]?.[incarnation] ?? {});
          await subject.clock.advance(lifeMs);
          if (verb === "stop") subject.running.stop(Infinity);
          else subject.running.kill();
          // A deadline and a grace for each child is the longest that an end may take; a kill takes one grace.
          await subject.clock.advance(verb === "stop" ? world.types.length * (SHUTDOWN_MS + 300) : 300);
          expect(subject.exit).toBeDefined();

          const exits = subject.events.flatMap((event) => (event.kind === "exited" ? [event] : []));
          const abandoned = exits.filter(({ exit }) => exit.kind === "killed" && exit.abandoned);
          const lost = new Set(abandoned.map(({ child }) => child));
          checkRestarts(subject.events, world);
          checkLog(subject.children.log, world, lost);
          expect(subject.children.alive.filter((name) => !lost.has(name))).toEqual([]);
          expect(subject.children.log.filter((entry) => entry.startsWith("+"))).toHaveLength(exits.length);
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
