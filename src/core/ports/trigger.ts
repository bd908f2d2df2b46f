/** What starts a run. The engines come with the daemon; `once` and `manual` need none. */

/** A wish that a run be started. */
export interface Fire {
  readonly job: string;
  /** The schedule's nominal time, ISO 8601; null when there is none. */
  readonly slot: string | null;
  readonly trigger: string;
}

/** Fires until it is disposed. */
export interface Trigger extends AsyncDisposable {
  fires(signal: AbortSignal): AsyncIterable<Fire>;
}
