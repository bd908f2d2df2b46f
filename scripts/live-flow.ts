/** What flows through a job that reads a topic, as a line of figures. */
import type { Observer } from "../src/index.ts";
import { formatCount } from "../src/observability/figures.ts";
import type { Paint } from "../src/observability/palette.ts";

const HEADINGS = ["time", "produced", "consumed", "committed", "rejects", "lag"] as const;
const COLUMN_WIDTH = 11;

/** Counts of messages, from the producer and from the events of the run. */
export class LiveFlow {
  /** Messages that the broker has acknowledged. */
  produced = 0;
  #consumed = 0;
  #written = 0;
  #rejected = 0;

  /** Sent and not yet durable, neither as a row nor as a reject. */
  get lag(): number {
    return this.produced - this.#written - this.#rejected;
  }

  readonly observe: Observer = (event) => {
    if (event.kind === "chunk-done") this.#consumed += event.records;
    if (event.kind !== "unit-committed") return;
    this.#written += event.added.written;
    this.#rejected += event.added.rejected;
  };

  heading(paint: Paint): string {
    return paint("strong", HEADINGS.map((heading) => heading.padStart(COLUMN_WIDTH)).join(""));
  }

  line(seconds: number, paint: Paint): string {
    const cells = [`${seconds} s`, ...[this.produced, this.#consumed, this.#written, this.#rejected].map(formatCount)];
    const [time, produced, consumed, written, rejected] = cells.map((cell) => cell.padStart(COLUMN_WIDTH));
    const rejects = this.#rejected > 0 ? paint("warning", rejected ?? "") : rejected;
    return [time, produced, consumed, written, rejects, formatCount(this.lag).padStart(COLUMN_WIDTH)].join("");
  }
}
