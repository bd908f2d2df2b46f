/** What a batch's reply says of its records, by the pointers of `response`. */
import { MillraceError } from "../../../core/errors.ts";
import { messageOf } from "../../../core/thrown.ts";
import { valueAtPointer } from "../json-pointer.ts";
import type { HttpSinkOptions } from "../sink-options.ts";
import { type Verdict, verdictOf } from "./verdict.ts";

/** The pointers. */
export type ResponsePointers = NonNullable<HttpSinkOptions["response"]>;

/** What became of one record of a batch. */
export interface Answer {
  readonly verdict: Verdict;
  /** What the server said of it. */
  readonly said: string;
}

/** What messages are made with. */
export interface AnswersAbout {
  /** The sink and the address. */
  readonly where: string;
  /** Takes secrets out of what the server said. */
  readonly hide: (text: string) => string;
}

const TAKEN: Answer = { verdict: "taken", said: "" };
const MOST_SAID = 500;
/** Steps of the array's own pointer that may lead through nothing. */
const NOTHING: readonly unknown[] = [undefined, null, false, ""];

/**
 * One answer a row, in the batch's order.
 *
 * @throws MillraceError SINK_FAILED when the reply does not fit the pointers: nobody knows then what was taken
 */
export function answersIn(
  body: Uint8Array,
  rows: number,
  pointers: ResponsePointers,
  { where, hide }: AnswersAbout,
): readonly Answer[] {
  const misfit = (why: string): MillraceError => {
    const told = `${where}: the reply to a batch does not fit: ${hide(why)}`;
    return new MillraceError(
      "SINK_FAILED",
      `${told}; correct the pointers of response, or leave it out where replies do not speak of single records`,
    );
  };
  const items = pointed(parsed(body, misfit), pointers.items);
  if (!Array.isArray(items)) throw misfit(`there is no array at ${quoted(pointers.items)}`);
  const answers: (Answer | undefined)[] = Array.from({ length: rows });
  for (const [position, item] of items.entries()) {
    const index = pointers.index === undefined ? position : pointed(item, pointers.index);
    if (typeof index !== "number" || !Number.isInteger(index) || index < 0 || index >= rows) {
      throw misfit(`entry ${position} is about record ${shortened(index, hide)} of a batch of ${rows}`);
    }
    if (answers[index] !== undefined) throw misfit(`record ${index} has two entries`);
    const status = pointed(item, pointers.status);
    if (pointers.status !== undefined && typeof status !== "number")
      throw misfit(`entry ${position} has no status at ${quoted(pointers.status)}`);
    const { verdict, problem } = answerIn(status, pointed(item, pointers.error));
    answers[index] = verdict === "taken" ? TAKEN : { verdict, said: shortened(problem ?? item, hide) };
  }
  return answers.map((answer, index) => {
    if (answer !== undefined) return answer;
    if (pointers.missing === "taken") return TAKEN;
    throw misfit(`record ${index} of ${rows} has no entry`);
  });
}

/** An error counts whatever the status beside it says, unless that says that it will pass. */
function answerIn(status: unknown, error: unknown): { readonly verdict: Verdict; readonly problem: unknown } {
  const verdict = typeof status === "number" ? verdictOf(status) : "taken";
  const problem = NOTHING.includes(error) ? undefined : error;
  if (verdict === "again" || (verdict === "taken" && problem === undefined)) return { verdict, problem };
  return { verdict: "refused", problem };
}

function parsed(body: Uint8Array, misfit: (why: string) => MillraceError): unknown {
  try {
    return JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString());
  } catch (thrown) {
    throw misfit(`it is no JSON (${messageOf(thrown)})`);
  }
}

function pointed(value: unknown, pointer: string | undefined): unknown {
  return pointer === undefined ? undefined : valueAtPointer(value, pointer);
}

function shortened(value: unknown, hide: AnswersAbout["hide"]): string {
  const text = hide(typeof value === "string" ? value : (JSON.stringify(value) ?? "nothing"));
  return text.length > MOST_SAID ? `${text.slice(0, MOST_SAID)}...` : text;
}

function quoted(pointer: string): string {
  return pointer === "" ? "its root" : pointer;
}
