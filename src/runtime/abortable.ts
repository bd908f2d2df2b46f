/** Waiting that an abort ends. */
import { onAbort } from "../core/abort.ts";
import { abortError } from "../core/clock.ts";

/**
 * What `work` settles to, or an error as soon as the signal is aborted; `work` itself goes on and its end is nobody's then.
 *
 * @throws MillraceError ABORTED
 */
export function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const listening = onAbort(signal, () => reject(abortError(signal)));
    work.then(resolve, reject).finally(() => listening[Symbol.dispose]());
  });
}

/**
 * The same items until the signal is aborted. Then the source is told to close but not waited for: it may be waiting for
 * something that never comes.
 *
 * @throws MillraceError ABORTED
 */
export async function* untilAborted<T>(items: AsyncIterable<T>, signal: AbortSignal | undefined): AsyncGenerator<T> {
  const iterator = items[Symbol.asyncIterator]();
  let waiting = false;
  try {
    for (;;) {
      waiting = true;
      const { value, done } = await abortable(iterator.next(), signal);
      waiting = false;
      if (done === true) return;
      yield value;
    }
  } finally {
    const closing = iterator.return?.();
    if (waiting) closing?.catch(() => {});
    else await closing;
  }
}
