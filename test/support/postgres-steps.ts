/** Tells from the bytes that a client sends which step of a run it takes. */

const says =
  (text: string) =>
  (bytes: Buffer): boolean =>
    bytes.includes(text);

/** The protocol's messages begin with a letter. */
const isMessage =
  (type: string) =>
  (bytes: Buffer): boolean =>
    bytes.toString("latin1", 0, 1) === type;

/** In the order in which a run takes them; from the third on they come with every unit. */
const STEPS = {
  "the run is noted": says('"millrace".runs AS r'),
  "splits are claimed": says('INSERT INTO "millrace".progress'),
  "a transaction begins": says("BEGIN ISOLATION LEVEL"),
  "COPY begins": says('COPY "public".'),
  "rows are sent": isMessage("d"),
  "the rows end": isMessage("c"),
  "the compare-and-set": says('UPDATE "millrace".progress'),
  "rejects are stored": says('INSERT INTO "millrace".rejects'),
  "a unit commits": says("COMMIT\0"),
} as const satisfies { readonly [name: string]: (bytes: Buffer) => boolean };

/** A step's name. */
export type PostgresStep = keyof typeof STEPS;

/** All steps, in the order in which a run takes them. */
export const POSTGRES_STEPS = Object.keys(STEPS) as readonly PostgresStep[];

/** Follows what a client sends over all its connections. */
export class StepWatch {
  /** Some unit has set its positions; before that, a COMMIT is no unit's. */
  #committing = false;

  /** The step that begins with these bytes; undefined for what lies between. */
  step(bytes: Buffer): PostgresStep | undefined {
    const step = POSTGRES_STEPS.find((name) => STEPS[name](bytes));
    if (step === "a unit commits" && !this.#committing) return undefined;
    if (step === "the compare-and-set") this.#committing = true;
    if (step === "a unit commits") this.#committing = false;
    return step;
  }

  /** The connection was cut: its unit has to begin anew. */
  cut(): void {
    this.#committing = false;
  }
}
