/** Tells the observers, a few times a second, how full everything is and where the time goes. */
import type { Execution } from "./execution.ts";
import type { FlowStarts } from "./flow-starts.ts";
import { meteredStages } from "./stage-meters.ts";

const EVERY_MS = 250;

/** Samples until disposed, and once more then. */
export function sampling(execution: Execution, starts: FlowStarts): Disposable {
  let timer: Disposable | null = null;
  const schedule = (): void => {
    timer = execution.clock.timer(EVERY_MS, () => {
      sample(execution, starts);
      schedule();
    });
  };
  schedule();
  return {
    [Symbol.dispose]() {
      timer?.[Symbol.dispose]();
      sample(execution, starts);
    },
  };
}

function sample(
  { emit, budget, buffers, threads }: Execution,
  { meters, mailboxes, pools }: Pick<FlowStarts, "meters" | "mailboxes" | "pools">,
): void {
  emit({
    kind: "sampled",
    ...meteredStages(meters, threads),
    mailboxes,
    budget: { used: budget.used, limit: budget.limitBytes },
    pools: { buffers: buffers.stats.inUse, ...pools },
  });
}
