/** Questions that a cluster cannot answer yet: a group's first coordinator, and a leader's election, take a moment. */
import { faultOf } from "./faults.ts";
import { pause } from "./patience.ts";

const ATTEMPTS = 6;
const FIRST_PAUSE_MS = 100;

/**
 * Asks until there is an answer, for some seconds. That nobody answers at all is for the caller to wait out, who knows how
 * long it may take.
 *
 * @param doing what to say of a failure: `kafka 10.0.0.1:9092: looking up topics`
 * @throws MillraceError SOURCE_FAILED
 */
export async function askAgain<Answer>(
  doing: string,
  ask: () => Promise<Answer>,
  closing: AbortSignal,
): Promise<Answer> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask();
    } catch (thrown) {
      const fault = faultOf(thrown, doing);
      const wasAnswered = fault.details["type"] !== undefined;
      if (attempt === ATTEMPTS || !fault.retryable || !wasAnswered || closing.aborted) throw fault;
      await pause(FIRST_PAUSE_MS * 2 ** (attempt - 1), closing);
    }
  }
}
