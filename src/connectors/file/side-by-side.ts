/** Many small waits at once, but not all of them. */

/** Enough to keep the thread pool of the runtime busy, few enough not to run out of file descriptors. */
const AT_ONCE = 16;

/**
 * Maps items with at most {@link AT_ONCE} calls under way; results in the order of the items.
 *
 * When a call fails no further ones begin, those under way are waited for, and the first error is thrown.
 */
export async function mapSideBySide<T, R>(items: readonly T[], map: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = [];
  const rest = items.entries();
  let failed = false;
  const lane = async (): Promise<void> => {
    for (const [index, item] of rest) {
      if (failed) return;
      try {
        results[index] = await map(item);
      } catch (thrown) {
        failed = true;
        throw thrown;
      }
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: Math.min(AT_ONCE, items.length) }, lane));
  const failure = lanes.find(({ status }) => status === "rejected");
  if (failure !== undefined) throw (failure as PromiseRejectedResult).reason;
  return results;
}
