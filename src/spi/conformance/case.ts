/** What a conformance suite is: cases with names, for whatever test runner there is. */

/**
 * One thing that every connector has to do.
 *
 * @example
 * for (const { name, run } of sourceCases(subject)) test(name, run); // vitest, node:test, ...
 */
export interface ConformanceCase {
  readonly name: string;
  /** Rejects with an AssertionError when it is not so. */
  run(): Promise<void>;
}

/** One case over a world of its own. */
export interface CaseBody<World> {
  readonly name: string;
  readonly run: (world: World) => Promise<void>;
}

/** Cases whose worlds are made before and disposed after them. */
export function casesOf<World extends AsyncDisposable>(
  open: () => Promise<World>,
  bodies: readonly CaseBody<World>[],
): readonly ConformanceCase[] {
  return bodies.map(({ name, run }) => ({
    name,
    run: async () => {
      await using world = await open();
      await run(world);
    },
  }));
}
