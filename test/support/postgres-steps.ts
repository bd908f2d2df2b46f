/** Tells from the bytes that a client sends at which step of a commit unit it is. */

/** Whether these bytes are the step's; the job writes into the table named. */
export type IsStep = (bytes: Buffer) => boolean;

const says =
  (text: string): IsStep =>
  (bytes) =>
    bytes.includes(text);

/** The protocol's messages begin with a letter. */
const isMessage =
  (type: string): IsStep =>
  (bytes) =>
    bytes.toString("latin1", 0, 1) === type;

/** In the order in which a run takes them; all but the first two come once a unit. */
export const POSTGRES_STEPS = {
  "the run is noted": says('"millrace".runs AS r'),
  "splits are claimed": says('INSERT INTO "millrace".progress'),
  "a unit begins": says("BEGIN ISOLATION LEVEL"),
  "COPY begins": says('COPY "public".'),
  "rows are sent": isMessage("d"),
  "the rows end": isMessage("c"),
  "the compare-and-set": says('UPDATE "millrace".progress'),
  "rejects are stored": says('INSERT INTO "millrace".rejects'),
  "COMMIT is sent": says("COMMIT\0"),
} as const satisfies { readonly [name: string]: IsStep };

/** A step's name. */
export type PostgresStep = keyof typeof POSTGRES_STEPS;
