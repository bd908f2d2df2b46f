import { describe, expect, it } from "vitest";
import { MillraceError } from "../../../src/core/errors.ts";
import type { Exit, RunningActor } from "../../../src/runtime/actor.ts";
import { Supervisor } from "../../../src/runtime/supervisor.ts";
import type { ChildSpec, SupervisorEvent, SupervisorOptions } from "../../../src/runtime/supervisor-options.ts";
import { FakeClock } from "../../../src/testing/fake-clock.ts";
import { ScriptedChildren } from "../../support/scripted-children.ts";

const FAULT = new MillraceError("SINK_FAILED", "the sink is on fire");

/** A started supervisor with its clock, its children and what it has told. */
class Scene {
  readonly clock = new FakeClock();
  readonly children = new ScriptedChildren(this.clock);
  readonly events: SupervisorEvent[] = [];
  exit: Exit | undefined;
  #running: RunningActor | undefined;

  get running(): RunningActor {
    return this.#running ?? expect.fail("not started");
  }

  options(children: readonly ChildSpec[], options: Partial<SupervisorOptions> = {}): SupervisorOptions {
    return {
      name: "top",
      strategy: "one_for_one",
      intensity: 3,
      periodMs: 10_000,
      backoff: { initialDelayMs: 100, maxDelayMs: 1_000, multiplier: 2, jitter: "none" },
      clock: this.clock,
      random: () => 0.5,
      children,
      onEvent: (event) => this.events.push(event),
      ...options,
    };
  }

  async start(children: readonly ChildSpec[], options: Partial<SupervisorOptions> = {}): Promise<void> {
    this.#running = new Supervisor(this.options(children, options)).start();
    void this.running.wait().then((exit) => {
      this.exit = exit;
    });
    await this.clock.advance(0);
  }

  /** Fails a child and lets everything happen that needs no time. */
  async fail(name: string, fault: unknown = FAULT): Promise<void> {
    this.children.fail(name, fault);
    await this.clock.advance(0);
  }

  async end(name: string): Promise<void> {
    this.children.end(name);
    await this.clock.advance(0);
  }

  log(leaveOut?: string): string {
    return this.children.takeLog(leaveOut);
  }

  /** A scene with the children a, b and c, all up. */
  static async abc(options: Partial<SupervisorOptions> = {}, child: Parameters<ScriptedChildren["spec"]>[1] = {}) {
    const scene = new Scene();
    await scene.start(
      ["a", "b", "c"].map((name) => scene.children.spec(name, child)),
      options,
    );
    scene.log();
    return scene;
  }
}

describe("Supervisor.start()", () => {
  it("starts children in order, each once the one before is ready", async () => {
    const scene = new Scene();
    const slow = { behaviour: () => ({ initMs: 50 }) };
    await scene.start(["a", "b", "c"].map((name) => scene.children.spec(name, slow)));
    expect(scene.log("")).toBe("+a");
    await scene.clock.advance(50);
    expect(scene.log("")).toBe("^a +b");
    expect(await Promise.race([scene.running.ready(), Promise.resolve("not yet")])).toBe("not yet");
    await scene.clock.advance(100);
    expect(scene.log("")).toBe("^b +c ^c");
    expect(await scene.running.ready()).toBe(true);
  });

  it("restarts a child that fails in init, and the ones behind it wait", async () => {
    const scene = new Scene();
    const behaviour = (incarnation: number) => (incarnation === 0 ? { initMs: 50, lifeMs: 10, fault: FAULT } : {});
    await scene.start([scene.children.spec("a", { behaviour }), scene.children.spec("b")]);
    await scene.clock.advance(109);
    expect(scene.log()).toBe("+a");
    await scene.clock.advance(1);
    expect(scene.log()).toBe("+a +b");
  });

  it("takes a factory that throws for a failed child", async () => {
    const scene = new Scene();
    const throwing: ChildSpec = {
      ...scene.children.spec("a"),
      start: () => {
        throw FAULT;
      },
    };
    await scene.start([throwing], { intensity: 0 });
    expect(scene.exit).toMatchObject({ kind: "failed", error: { code: "RESTARTS_EXHAUSTED", cause: FAULT } });
    expect(await scene.running.ready()).toBe(false);
  });

  it("ends normally at once without children", async () => {
    const scene = new Scene();
    await scene.start([]);
    expect(scene.exit).toEqual({ kind: "normal" });
  });

  it("fails when one object is started twice", async () => {
    const scene = new Scene();
    const supervisor = new Supervisor(scene.options([scene.children.spec("a")]));
    supervisor.start();
    expect(await supervisor.start().wait()).toMatchObject({ kind: "failed", error: { code: "USAGE" } });
  });

  it("needs distinct names and possible figures", () => {
    const scene = new Scene();
    const twins = [scene.children.spec("a"), scene.children.spec("a")];
    const usage = expect.objectContaining({ code: "USAGE" });
    expect(() => new Supervisor(scene.options(twins))).toThrow(usage);
    expect(() => new Supervisor(scene.options([], { intensity: -1 }))).toThrow(usage);
    const backoff = { initialDelayMs: 5, maxDelayMs: 1, multiplier: 2, jitter: "none" } as const;
    expect(() => new Supervisor(scene.options([], { backoff }))).toThrow(usage);
  });
});

describe("Supervisor, one_for_one", () => {
  it("restarts the failed child alone, after its back-off", async () => {
    const scene = await Scene.abc();
    await scene.fail("b");
    await scene.clock.advance(99);
    expect(scene.children.alive).toEqual(["a", "c"]);
    await scene.clock.advance(1);
    expect(scene.log()).toBe("+b");
  });

  it("keeps the back-offs of two children apart", async () => {
    const scene = await Scene.abc();
    await scene.fail("b");
    await scene.clock.advance(60);
    await scene.fail("a");
    await scene.clock.advance(40);
    expect(scene.log()).toBe("+b");
    await scene.clock.advance(60);
    expect(scene.log()).toBe("+a");
  });

  it("starts at once when the back-off is zero", async () => {
    const scene = await Scene.abc({
      backoff: { initialDelayMs: 0, maxDelayMs: 0, multiplier: 1, jitter: "none" },
    });
    await scene.fail("b");
    expect(scene.log()).toBe("+b");
  });

  it.each([
    { restart: "permanent", ends: "normally", restarted: true },
    { restart: "permanent", ends: "by a failure", restarted: true },
    { restart: "transient", ends: "normally", restarted: false },
    { restart: "transient", ends: "by a failure", restarted: true },
    { restart: "temporary", ends: "normally", restarted: false },
    { restart: "temporary", ends: "by a failure", restarted: false },
  ] as const)("with a $restart child that ends $ends: restarted = $restarted", async ({ restart, ends, restarted }) => {
    const scene = await Scene.abc({}, { restart });
    await (ends === "normally" ? scene.end("b") : scene.fail("b"));
    await scene.clock.advance(100);
    expect(scene.log()).toBe(restarted ? "+b" : "");
    expect(scene.exit).toBeUndefined();
  });

  it("ends normally once every child has ended for good", async () => {
    const scene = await Scene.abc({}, { restart: "transient" });
    await scene.end("b");
    await scene.end("a");
    expect(scene.exit).toBeUndefined();
    await scene.end("c");
    expect(scene.exit).toEqual({ kind: "normal" });
  });
});

describe("Supervisor, one_for_all", () => {
  it("stops the others in reverse order, then starts all in order after the back-off", async () => {
    const scene = await Scene.abc({ strategy: "one_for_all" });
    await scene.fail("b");
    expect(scene.log("^")).toBe(".b -c .c -a .a");
    await scene.clock.advance(99);
    expect(scene.log()).toBe("");
    await scene.clock.advance(1);
    expect(scene.log("")).toBe("+a ^a +b ^b +c ^c");
  });

  it("begins the back-off when the last child has stopped", async () => {
    const scene = await Scene.abc({ strategy: "one_for_all" }, { behaviour: () => ({ stopMs: 30 }) });
    await scene.fail("b");
    expect(scene.log()).toBe("-c");
    await scene.clock.advance(30);
    expect(scene.log()).toBe("-a");
    await scene.clock.advance(129);
    expect(scene.log()).toBe("");
    await scene.clock.advance(1);
    expect(scene.log()).toBe("+a +b +c");
  });

  it("counts children that fail together as one restart", async () => {
    const scene = await Scene.abc({ strategy: "one_for_all", intensity: 1 });
    for (const name of ["c", "b", "a"]) scene.children.fail(name, FAULT);
    await scene.clock.advance(100);
    expect(scene.log()).toBe("+a +b +c");
    expect(scene.events.filter(({ kind }) => kind === "restarting")).toHaveLength(1);
  });

  it("revives a transient child that had ended normally, but no temporary one", async () => {
    const scene = new Scene();
    await scene.start(
      [
        scene.children.spec("reader", { restart: "transient" }),
        scene.children.spec("once", { restart: "temporary" }),
        scene.children.spec("probe", { restart: "temporary" }),
        scene.children.spec("writer", { restart: "transient" }),
      ],
      { strategy: "one_for_all" },
    );
    await scene.end("reader");
    await scene.end("once");
    scene.log();
    await scene.fail("writer");
    await scene.clock.advance(100);
    expect(scene.log()).toBe("-probe +reader +writer");
  });

  it("takes nobody along when a transient child ends normally or a temporary one fails", async () => {
    const scene = new Scene();
    await scene.start(
      [
        scene.children.spec("a", { restart: "transient" }),
        scene.children.spec("b", { restart: "temporary" }),
        scene.children.spec("c"),
      ],
      { strategy: "one_for_all" },
    );
    scene.log();
    await scene.end("a");
    await scene.fail("b");
    await scene.clock.advance(1_000);
    expect(scene.log()).toBe("");
    expect(scene.children.alive).toEqual(["c"]);
  });

  it("starts over when a child fails while the group starts", async () => {
    const scene = new Scene();
    await scene.start(
      [
        scene.children.spec("a"),
        scene.children.spec("b", { behaviour: (incarnation) => ({ initMs: incarnation === 0 ? 0 : 500 }) }),
      ],
      { strategy: "one_for_all" },
    );
    await scene.fail("a");
    await scene.clock.advance(100);
    scene.log();
    await scene.fail("a");
    expect(scene.log()).toBe("-b");
    await scene.clock.advance(199);
    expect(scene.log()).toBe("");
    await scene.clock.advance(1);
    expect(scene.log()).toBe("+a +b");
  });
});

describe("Supervisor, rest_for_one", () => {
  it("takes along those that were started later", async () => {
    const scene = await Scene.abc({ strategy: "rest_for_one" });
    await scene.fail("b");
    await scene.clock.advance(100);
    expect(scene.log()).toBe("-c +b +c");
    await scene.fail("c");
    await scene.clock.advance(100);
    expect(scene.log()).toBe("+c");
  });

  it("begins further in front when an earlier child fails during the back-off", async () => {
    const scene = await Scene.abc({ strategy: "rest_for_one" });
    await scene.fail("b");
    await scene.clock.advance(60);
    await scene.fail("a");
    await scene.clock.advance(99);
    expect(scene.log()).toBe("-c");
    await scene.clock.advance(1);
    expect(scene.log()).toBe("+a +b +c");
    await scene.clock.advance(1_000);
    expect(scene.log()).toBe("");
  });

  it("stops those behind even if an earlier child fails while a later one is being stopped", async () => {
    const scene = await Scene.abc({ strategy: "rest_for_one" }, { behaviour: () => ({ stopMs: 30 }) });
    await scene.fail("b");
    await scene.clock.advance(10);
    await scene.fail("a");
    await scene.clock.advance(119);
    expect(scene.log("^")).toBe(".b -c .a .c");
    await scene.clock.advance(1);
    expect(scene.log()).toBe("+a +b +c");
  });
});

describe("Supervisor's back-off", () => {
  it("grows with each restart in a row and begins again after a whole period of life", async () => {
    const scene = await Scene.abc({ intensity: Infinity });
    const delays = (): number[] =>
      scene.events.splice(0).flatMap((event) => (event.kind === "restarting" ? [event.delayMs] : []));
    for (const uptimeMs of [0, 0, 9_999, 10_000, 0]) {
      await scene.clock.advance(uptimeMs);
      await scene.fail("a");
      await scene.clock.runNext();
    }
    expect(delays()).toEqual([100, 200, 400, 100, 200]);
  });

  it("draws its jitter from the given randomness", async () => {
    const scene = await Scene.abc({
      backoff: { initialDelayMs: 100, maxDelayMs: 1_000, multiplier: 2, jitter: "full" },
    });
    await scene.fail("a");
    expect(scene.events.at(-1)).toMatchObject({ kind: "restarting", delayMs: 50 });
  });
});

describe("Supervisor's limit of restarts", () => {
  it("stops all children in reverse and fails with RESTARTS_EXHAUSTED and the last error", async () => {
    const scene = await Scene.abc({ intensity: 2 });
    for (const name of ["a", "b"]) {
      await scene.fail(name, new Error("an earlier one"));
      await scene.clock.advance(100);
    }
    scene.log();
    await scene.fail("b");
    expect(scene.log()).toBe("-c -a");
    expect(scene.exit).toMatchObject({ kind: "failed", error: { code: "RESTARTS_EXHAUSTED", cause: FAULT } });
    expect((scene.exit as { error: Error }).error.message).toBe(
      "supervisor top: more than 2 restarts within 10000 ms, the last one of b",
    );
    expect(scene.clock.pendingTimers).toBe(0);
  });

  it("forgets restarts older than the period", async () => {
    const scene = await Scene.abc({ intensity: 1, periodMs: 1_000 });
    for (let round = 0; round < 5; round++) {
      await scene.fail("a");
      await scene.clock.advance(1_001);
    }
    expect(scene.exit).toBeUndefined();
    await scene.fail("a");
    await scene.clock.advance(500);
    await scene.fail("b");
    expect(scene.exit).toMatchObject({ kind: "failed" });
  });

  it("says the cause when a permanent child ends normally too often: none", async () => {
    const scene = await Scene.abc({ intensity: 0 });
    await scene.end("a");
    expect(scene.exit).toMatchObject({ kind: "failed", error: { code: "RESTARTS_EXHAUSTED" } });
    expect(scene.exit).not.toHaveProperty("error.cause");
  });

  it("is not asked for an error that no restart can help", async () => {
    const usage = new MillraceError("CONFIG_INVALID", "no such column");
    const scene = await Scene.abc({ restartable: (error) => error !== usage });
    await scene.fail("b", usage);
    expect(scene.log()).toBe("-c -a");
    expect(scene.exit).toEqual({ kind: "failed", error: usage });
    expect(scene.events.filter(({ kind }) => kind === "gave-up")).toEqual([
      { supervisor: "top", child: "b", kind: "gave-up", error: usage },
    ]);
  });

  it("does not ask whether the failure of a child that stays down is restartable", async () => {
    const scene = await Scene.abc({ restartable: () => false }, { restart: "temporary" });
    await scene.fail("b");
    expect(scene.exit).toBeUndefined();
  });

  it("takes a predicate that throws for a no", async () => {
    const scene = await Scene.abc({
      restartable: () => {
        throw new TypeError("oops");
      },
    });
    await scene.fail("b");
    expect(scene.exit).toEqual({ kind: "failed", error: FAULT });
  });
});

describe("Supervisor, stopped", () => {
  it("stops its children in reverse order, one at a time, each with its deadline", async () => {
    const scene = new Scene();
    await scene.start([
      scene.children.spec("a"),
      scene.children.spec("b", { shutdownMs: 200, behaviour: () => ({ stopMs: Infinity }) }),
      scene.children.spec("c", { behaviour: () => ({ stopMs: 50 }) }),
    ]);
    scene.log();
    scene.running.stop(Infinity);
    await scene.clock.advance(49);
    expect(scene.log("")).toBe("-c");
    await scene.clock.advance(1);
    expect(scene.log("")).toBe(".c -b");
    await scene.clock.advance(199);
    expect(scene.log("")).toBe("");
    await scene.clock.advance(1);
    expect(scene.log("")).toBe("!b .b -a .a");
    expect(scene.exit).toEqual({ kind: "normal" });
    expect(scene.clock.pendingTimers).toBe(0);
  });

  it("restarts nobody any more, and a failure then is told but not its own", async () => {
    const scene = await Scene.abc({}, { behaviour: () => ({ stopMs: 50 }) });
    scene.running.stop(Infinity);
    await scene.fail("a");
    await scene.clock.advance(1_000);
    expect(scene.log()).toBe("-c -b");
    expect(scene.exit).toEqual({ kind: "normal" });
    expect(scene.events).toContainEqual(
      expect.objectContaining({ child: "a", kind: "exited", exit: { kind: "failed", error: FAULT } }),
    );
  });

  it("during a back-off restarts nobody and leaves no timer", async () => {
    const scene = await Scene.abc();
    await scene.fail("b");
    scene.running.stop(Infinity);
    await scene.clock.advance(0);
    expect(scene.log()).toBe("-c -a");
    expect(scene.exit).toEqual({ kind: "normal" });
    expect(scene.clock.pendingTimers).toBe(0);
  });

  it("during the first start stops what is up and starts no more", async () => {
    const scene = new Scene();
    await scene.start([
      scene.children.spec("a"),
      scene.children.spec("b", { behaviour: () => ({ initMs: 50 }) }),
      scene.children.spec("c"),
    ]);
    scene.running.stop(Infinity);
    await scene.clock.advance(50);
    expect(scene.log()).toBe("+a +b -b -a");
    expect(scene.exit).toEqual({ kind: "normal" });
  });

  it("while it gives up still fails with the reason", async () => {
    const scene = await Scene.abc({ intensity: 0 }, { behaviour: () => ({ stopMs: 50 }) });
    await scene.fail("a");
    scene.running.stop(Infinity);
    await scene.clock.advance(100);
    expect(scene.exit).toMatchObject({ kind: "failed", error: { code: "RESTARTS_EXHAUSTED" } });
  });

  it("is killed with all children at its own deadline", async () => {
    const scene = await Scene.abc({}, { shutdownMs: Infinity, behaviour: () => ({ stopMs: Infinity }) });
    scene.running.stop(300);
    await scene.clock.advance(299);
    expect(scene.log()).toBe("-c");
    await scene.clock.advance(1);
    expect(scene.log()).toBe("!a !b !c");
    expect(scene.exit).toMatchObject({ kind: "killed", abandoned: false });
  });
});

describe("Supervisor, killed", () => {
  it("kills all children at once", async () => {
    const scene = await Scene.abc({}, { behaviour: () => ({ stopMs: Infinity }) });
    scene.running.kill("enough");
    await scene.clock.advance(0);
    expect(scene.log()).toBe("!a !b !c");
    expect(scene.exit).toEqual({ kind: "killed", reason: "enough", abandoned: false });
    expect(scene.clock.pendingTimers).toBe(0);
  });

  it("from within also kills a child that is started at the same moment", async () => {
    const scene = await Scene.abc(
      {
        backoff: { initialDelayMs: 0, maxDelayMs: 0, multiplier: 1, jitter: "none" },
        onEvent: ({ kind }) => {
          if (kind === "restarting") scene.running.kill();
        },
      },
      { shutdownMs: Infinity, behaviour: () => ({ stopMs: Infinity }) },
    );
    await scene.fail("b");
    expect(scene.log()).toBe("!a !c");
    expect(scene.exit).toMatchObject({ kind: "killed", abandoned: false });
    expect(scene.children.alive).toEqual([]);
  });

  it("during the first start kills the one that is getting ready", async () => {
    const scene = new Scene();
    await scene.start([scene.children.spec("a", { behaviour: () => ({ initMs: 50, stopMs: Infinity }) })]);
    scene.running.kill();
    await scene.clock.advance(0);
    expect(scene.exit).toMatchObject({ kind: "killed", abandoned: false });
  });

  it("does not hang on a child that ignores the kill", async () => {
    const scene = await Scene.abc({ killGraceMs: 200 }, { behaviour: () => ({ deaf: true }) });
    scene.running.kill("enough");
    await scene.clock.advance(200);
    expect(scene.exit).toMatchObject({ kind: "killed" });
    const exits = scene.events.flatMap((event) => (event.kind === "exited" ? [event.exit] : []));
    expect(exits).toEqual(Array(3).fill(expect.objectContaining({ kind: "killed", abandoned: true })));
  });
});

describe("Supervisor, nested", () => {
  it("is restarted by the one above when it gives up", async () => {
    const scene = new Scene();
    const leaf = scene.children.spec("leaf");
    const inner: ChildSpec = {
      name: "inner",
      restart: "permanent",
      shutdownMs: Infinity,
      start: () => new Supervisor({ ...scene.options([leaf], { intensity: 0 }), name: "inner" }),
    };
    await scene.start([inner, scene.children.spec("behind")]);
    expect(scene.log()).toBe("+leaf +behind");
    await scene.fail("leaf");
    await scene.clock.advance(100);
    expect(scene.log()).toBe("+leaf");
    scene.running.stop(1_000);
    await scene.clock.advance(0);
    expect(scene.log()).toBe("-behind -leaf");
    expect(scene.exit).toEqual({ kind: "normal" });
  });
});

describe("Supervisor's events", () => {
  it("tell a life in order", async () => {
    const scene = new Scene();
    await scene.start([scene.children.spec("a")], { intensity: 1 });
    await scene.fail("a");
    await scene.clock.advance(100);
    await scene.fail("a");
    const base = { supervisor: "top", child: "a" };
    const exit = { kind: "failed", error: FAULT };
    expect(scene.events).toEqual([
      { ...base, kind: "started" },
      { ...base, kind: "exited", exit },
      { ...base, kind: "restarting", delayMs: 100, attempt: 1, error: FAULT },
      { ...base, kind: "started" },
      { ...base, kind: "exited", exit },
      { ...base, kind: "gave-up", error: expect.objectContaining({ code: "RESTARTS_EXHAUSTED", cause: FAULT }) },
    ]);
  });

  it("may stop the supervisor from within", async () => {
    const scene = new Scene();
    await scene.start([scene.children.spec("a"), scene.children.spec("b")], {
      onEvent: ({ kind }) => {
        if (kind === "restarting") scene.running.stop(Infinity);
      },
    });
    await scene.fail("a");
    await scene.clock.advance(1_000);
    expect(scene.log()).toBe("+a +b -b");
    expect(scene.exit).toEqual({ kind: "normal" });
  });

  it("close the supervisor with the fault of an observer that throws", async () => {
    const scene = await Scene.abc({
      onEvent: ({ kind }) => {
        if (kind === "exited") throw FAULT;
      },
    });
    await scene.end("b");
    expect(scene.log()).toBe("-c -a");
    expect(scene.exit).toEqual({ kind: "failed", error: FAULT });
    expect(scene.clock.pendingTimers).toBe(0);
  });
});
