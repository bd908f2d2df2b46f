/** How far a run is, for callers of `runJob`. */
import type { Observer } from "../core/ports/observer.ts";
import { type Progress, ProgressTracker } from "../observability/progress.ts";

/** How far a run is, with what earlier processes had committed of it. */
export type RunProgress = Pick<Progress, "records" | "rejected" | "bytes" | "fraction">;

/** An observer that tells it a few times a second. */
export function progressObserver(onProgress: (progress: RunProgress) => void): Observer {
  const tracker = new ProgressTracker();
  return (event) => {
    tracker.observe(event);
    if (event.kind !== "sampled") return;
    const { records, rejected, bytes, fraction } = tracker.view(event.at);
    onProgress({ records, rejected, bytes, fraction });
  };
}
