/** What one worker thread is: the user's module, loaded and set up once, and runners for the chunks it works on. */
import { basename } from "node:path";
import { setImmediate } from "node:timers/promises";
import { type Clock, sleep } from "../core/clock.ts";
import { MillraceError } from "../core/errors.ts";
import type { Format } from "../core/ports/format.ts";
import { formatDuration } from "../core/quantity.ts";
import type { Task, TaskReply, TaskSpec, TransformSpec } from "../core/task.ts";
import { AsyncMode } from "./async-mode.ts";
import { ChunkMode } from "./chunk-mode.ts";
import { ChunkRunner } from "./chunk-runner.ts";
import { ColumnMode } from "./column-mode.ts";
import { gateOf } from "./gate.ts";
import { declaredKinds } from "./input-columns.ts";
import type { Mode } from "./mode.ts";
import type { Progress } from "./progress.ts";
import { RecordMode } from "./record-mode.ts";
import { router } from "./route.ts";
import { thrownText } from "./thrown-outcome.ts";
import { RecordContext, type ThreadContext } from "./transform-context.ts";
import { identity, transformer } from "./transformer.ts";
import { loadUserModule, type UserModule } from "./user-module.ts";

/** More than the looks that the pool's guard takes in a timeout. */
const BEATS_PER_TIMEOUT = 8;

/** How a thread finds its formats and reads its time. */
export interface ThreadTools {
  readonly format: (name: string) => Format;
  /** Milliseconds that only this thread's work moves. */
  readonly busyClock: () => number;
  readonly clock: Clock;
  /** Lets everything run that is ready to; the event loop's next turn unless given. */
  readonly turn?: () => Promise<void>;
}

/** Works tasks off; several at a time where they wait for something. */
export class TaskThread {
  readonly #spec: TaskSpec;
  readonly #tools: ThreadTools;
  readonly #user: UserModule | null;
  readonly #idle: ChunkRunner[] = [];
  #context: Promise<ThreadContext> | undefined;
  #running = 0;
  /** What the busy clock showed when the last reply was made: its time is some task's already. */
  #accounted = 0;

  private constructor(spec: TaskSpec, tools: ThreadTools, user: UserModule | null) {
    this.#spec = spec;
    this.#tools = tools;
    this.#user = user;
  }

  /** @throws MillraceError TRANSFORM_UNLOADABLE */
  static async create(spec: TaskSpec, tools: ThreadTools): Promise<TaskThread> {
    return new TaskThread(spec, tools, spec.transform === null ? null : await loadUserModule(spec.transform));
  }

  /**
   * Works one task off; the first one sets the user's module up.
   *
   * @throws MillraceError SETUP_FAILED, TRANSFORM_INVALID
   */
  async run(task: Task, progress: Progress): Promise<TaskReply> {
    this.#context ??= this.#setUp(progress);
    const context = await this.#context;
    if (this.#running === 0) this.#accounted = this.#tools.busyClock();
    this.#running++;
    const runner = this.#idle.pop() ?? this.#makeRunner(context);
    try {
      const reply = await runner.run(task, progress);
      return { ...reply, busyMs: this.#account() };
    } finally {
      this.#idle.push(runner);
      this.#running--;
    }
  }

  /** Tears the user's module down if it was set up. */
  async close(): Promise<void> {
    const teardown = this.#user?.teardown ?? null;
    const context = await this.#context?.catch(() => undefined);
    if (teardown !== null && context !== undefined) await teardown(context);
  }

  #account(): number {
    const now = this.#tools.busyClock();
    const busyMs = now - this.#accounted;
    this.#accounted = now;
    return busyMs;
  }

  async #setUp(progress: Progress): Promise<ThreadContext> {
    const { job, run, transform, threads = 1 } = this.#spec;
    const resources =
      transform === null || this.#user === null || this.#user.setup === null
        ? undefined
        : await setUp(this.#user, { job, run, threads }, { ...transform, clock: this.#tools.clock, progress });
    return { job, run, resources };
  }

  #makeRunner(context: ThreadContext): ChunkRunner {
    return new ChunkRunner(this.#spec, this.#tools.format, this.#makeMode(context));
  }

  #makeMode(context: ThreadContext): Mode {
    const { decode, transform: spec, sinks, otherSinks = [] } = this.#spec;
    const user = this.#user;
    if (user === null || spec === null) return new RecordMode(identity, new RecordContext(context));
    const { transform, file } = user;
    const names = [...sinks.map(({ sink }) => sink), ...otherSinks];
    const route = user.route === null ? null : router(user.route, file, names);
    const parts = { transform, file, gate: gateOf(user), route, context };
    switch (user.mode) {
      case "record":
        return recordMode(parts);
      case "chunk":
        return new ChunkMode(parts);
      case "columns":
        return new ColumnMode(parts, declaredKinds(decode));
      case "async":
        return new AsyncMode({
          ...parts,
          concurrency: spec.concurrency,
          timeoutMs: spec.timeoutMs,
          clock: this.#tools.clock,
          turn: this.#tools.turn ?? setImmediate,
        });
    }
  }
}

function recordMode({ route, context, ...parts }: ConstructorParameters<typeof ChunkMode>[0]): RecordMode {
  const about = new RecordContext(context);
  const transform = transformer({ ...parts, context: about });
  return new RecordMode(route === null ? transform : (record) => route(transform(record)), about);
}

interface SetupLimits extends Pick<TransformSpec, "timeoutMs"> {
  readonly clock: Clock;
  readonly progress: Progress;
}

/** Waits for the user's `setup`, which has `transform.timeout` for it; while it is waited for the thread does not hang. */
async function setUp(
  { setup, file }: UserModule,
  context: object,
  { timeoutMs, clock, progress }: SetupLimits,
): Promise<unknown> {
  const enough = new AbortController();
  const late = expire(timeoutMs, clock, progress, enough.signal);
  late.catch(() => {});
  try {
    return await Promise.race([setup?.(context), late]);
  } catch (thrown) {
    throw new MillraceError("SETUP_FAILED", `${basename(file)}: setup failed: ${thrownText(thrown, file)}`, {
      cause: thrown,
    });
  } finally {
    enough.abort();
    progress.beat();
  }
}

/** Fails after the time; until then the thread counts as at work. */
async function expire(timeoutMs: number, clock: Clock, progress: Progress, signal: AbortSignal): Promise<never> {
  for (let beat = 0; beat < BEATS_PER_TIMEOUT; beat++) {
    progress.beat();
    await sleep(clock, timeoutMs / BEATS_PER_TIMEOUT, signal);
  }
  throw new MillraceError("SETUP_FAILED", `it was not done after ${formatDuration(timeoutMs)} (transform.timeout)`);
}
