/** An object with some of its members replaced, whatever else it has now or later. */

/** @param changes members that take the place of the target's; the rest stays its own */
export function wrapped<T extends object>(target: T, changes: Partial<T>): T {
  return new Proxy(target, {
    get(_, key) {
      if (Object.hasOwn(changes, key)) return Reflect.get(changes, key);
      const own: unknown = Reflect.get(target, key, target);
      if (typeof own !== "function") return own;
      // Private members are found on the target alone. Not `bind`: an AsyncDisposableStack takes no bound function for a method.
      return (...given: readonly unknown[]): unknown => Reflect.apply(own, target, given) as unknown;
    },
  });
}
