/** The progress bar on a terminal: one line that is drawn over again. */
import { stripVTControlCharacters } from "node:util";
import type { Clock } from "../core/clock.ts";
import type { Observer, RunEvent } from "../core/ports/observer.ts";
import { displayWidth } from "./display-width.ts";
import { painter } from "./palette.ts";
import { type LineStyle, progressLine } from "./progress-line.ts";
import { ProgressTracker } from "./progress.ts";

/** The slice of a terminal that a bar needs; `process.stderr` is one. */
export interface BarStream {
  readonly isTTY?: boolean | undefined;
  /** Width of the terminal; it may change. */
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

/** An observer that draws; disposing it takes the line away. */
export interface ProgressBar extends Observer, Disposable {
  /** Writes whole lines above the bar, so that a log may share the terminal with it. */
  write(text: string): void;
}

/** How a bar looks. */
export interface ProgressBarOptions {
  /** Whether escape sequences for colours may be used; default false. */
  readonly color?: boolean;
  /** Only ASCII characters; default false. */
  readonly ascii?: boolean;
}

/** Redraws are at least this far apart, in milliseconds. */
const REDRAW_EVERY_MS = 100;
const DEFAULT_COLUMNS = 80;
const ERASE_LINE = "\r\u001B[2K";

/**
 * Draws a run's progress on a terminal, at most ten times a second; where the stream is none, it draws nothing. At the
 * run's end, or when it is disposed, the line is erased and the cursor stands at its beginning.
 *
 * @example
 * using bar = progressBar(process.stderr, systemClock, { color: true });
 * await runJob(job, { observers: [bar] });
 */
export function progressBar(stream: BarStream, clock: Clock, options: ProgressBarOptions = {}): ProgressBar {
  const bar = new Bar(stream, clock, { paint: painter(options.color ?? false), ascii: options.ascii ?? false });
  const observe: Observer = (event) => bar.observe(event);
  return Object.assign(observe, {
    write: (text: string) => bar.writeAbove(text),
    [Symbol.dispose]: () => bar.end(),
  });
}

class Bar {
  readonly #stream: BarStream;
  readonly #clock: Clock;
  readonly #style: LineStyle;
  readonly #tracker = new ProgressTracker();
  #drawn = "";
  #drawnColumns = 0;
  #drawnAt = Number.NEGATIVE_INFINITY;
  #running = false;

  constructor(stream: BarStream, clock: Clock, style: LineStyle) {
    this.#stream = stream;
    this.#clock = clock;
    this.#style = style;
  }

  observe(event: RunEvent): void {
    this.#tracker.observe(event);
    if (event.kind === "run-ended") return this.end();
    if (event.kind === "run-started") this.#running = true;
    if (this.#clock.monotonic() - this.#drawnAt >= REDRAW_EVERY_MS) this.#draw();
  }

  writeAbove(text: string): void {
    this.#stream.write(this.#drawn === "" ? text : `${this.#erase()}${text}${this.#drawn}`);
  }

  end(): void {
    this.#running = false;
    if (this.#drawn !== "") this.#stream.write(this.#erase());
    this.#drawn = "";
  }

  get #columns(): number {
    // a terminal that nobody has sized says 0
    return this.#stream.columns || DEFAULT_COLUMNS;
  }

  #draw(): void {
    if (!this.#running || this.#stream.isTTY !== true) return;
    this.#drawnAt = this.#clock.monotonic();
    // the last column stays free: some terminals wrap as soon as it is filled
    const line = progressLine(this.#tracker.view(this.#clock.now()), this.#columns - 1, this.#style);
    if (line === this.#drawn) return;
    const erase = this.#erase();
    this.#drawn = line;
    this.#drawnColumns = displayWidth(stripVTControlCharacters(line));
    this.#stream.write(erase + line);
  }

  /** A terminal that became narrower has broken the line into several, and the cursor stands in the last. */
  #erase(): string {
    const above = this.#drawn === "" ? 0 : Math.ceil(this.#drawnColumns / this.#columns) - 1;
    return above > 0 ? `\u001B[${above}A\r\u001B[J${ERASE_LINE}` : ERASE_LINE;
  }
}
