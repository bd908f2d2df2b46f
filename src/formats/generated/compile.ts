/**
 * Compiles generated functions: one for each header, set of types and output shape, so that the engine sees straight code
 * with a single kind of value at each place.
 *
 * Whatever comes from outside (names of fields, options, readers) is data: it is handed over in the scope and never
 * becomes a part of the text. The text itself is made of nothing but this program's own words and numbers.
 */

import { channel } from "node:diagnostics_channel";

/** A compiled function and the text it was compiled from. */
export interface Generated<F> {
  readonly run: F;
  readonly text: string;
}

/** What a text may name, by the name it has there. */
export type Scope = Readonly<Record<string, unknown>>;

/** What is told of every function that is compiled. */
export interface CompiledFunction {
  readonly name: string;
  readonly text: string;
  readonly scope: Scope;
}

/** Where it is told, for `check --show-codec`; costs nothing while nobody listens. */
const compiled = channel("millrace:compiled");

let serial = 0;

/** Does some work and gives the functions that were compiled meanwhile, in their order. */
export async function compiledDuring(work: () => Promise<void>): Promise<readonly CompiledFunction[]> {
  const functions: CompiledFunction[] = [];
  const note = (told: unknown): void => void functions.push(told as CompiledFunction);
  compiled.subscribe(note);
  try {
    await work();
  } finally {
    compiled.unsubscribe(note);
  }
  return functions;
}

/**
 * Compiles `text`, the body of a function that returns the wanted one.
 *
 * @returns null where the process forbids generated code (`--disallow-code-generation-from-strings`); every caller has a
 *   plain way to do the same
 *
 * @example
 * compile<(value: number) => number>("double", { factor: 2 }, "return (value) => value * factor;")?.run(21); // 42
 */
export function compile<F>(name: string, scope: Scope, text: string): Generated<F> | null {
  // The engine shares what it learned among functions of the same text; a name of its own keeps each of them apart.
  const named = `"use strict";\n${text}\n//# sourceURL=millrace-generated/${name}-${serial++}`;
  try {
    // oxlint-disable-next-line no-new-func, typescript/no-implied-eval -- nothing from outside is in the text, see above
    const make = new Function(...Object.keys(scope), named) as (...values: readonly unknown[]) => F;
    const run = make(...Object.values(scope));
    if (compiled.hasSubscribers) compiled.publish({ name, text, scope } satisfies CompiledFunction);
    return { run, text };
  } catch (thrown) {
    if (thrown instanceof EvalError) return null;
    throw thrown;
  }
}
