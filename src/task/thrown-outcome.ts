/** What is told of whatever a user's function throws. */
import { messageOf } from "../core/thrown.ts";
import { refused, type Rejected, rejected } from "./outcome.ts";
import { RejectSignal } from "./reject-signal.ts";
import { positionInModule } from "./stack-position.ts";

/** Causes of causes that are told. */
const MAX_CAUSES = 3;

/**
 * The reject of a record whose function threw: with the reason of `context.reject`, else with the user's own file and line.
 *
 * @param module the real path of the user's module
 */
export function thrownOutcome(thrown: unknown, module: string, stage: "transform" | "validate"): Rejected {
  if (thrown instanceof RejectSignal) return { ...refused(thrown.message), stage };
  return rejected(stage, "TRANSFORM_FAILED", thrownText(thrown, module));
}

/** `orders.ts:6:19: fetch failed: connect ECONNREFUSED 127.0.0.1:80`. */
export function thrownText(thrown: unknown, module: string): string {
  const position = positionInModule(thrown, module);
  const message = withCauses(thrown);
  return position === undefined ? message : `${position}: ${message}`;
}

/** What `fetch` says of a failure stands in its cause alone. */
function withCauses(thrown: unknown): string {
  const messages = [messageOf(thrown)];
  let error = thrown;
  for (let depth = 0; depth < MAX_CAUSES && error instanceof Error && error.cause !== undefined; depth++) {
    error = error.cause;
    const message = causeText(error);
    if (message !== "" && !messages.some((known) => known.includes(message))) messages.push(message);
  }
  return messages.join(": ");
}

/** An error about several addresses has no message of its own, only a code. */
function causeText(cause: unknown): string {
  const message = messageOf(cause);
  return message === "" && cause instanceof Error && "code" in cause ? messageOf(cause.code) : message;
}
