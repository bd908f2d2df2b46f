/** What a record has to pass before its transform sees it: the module's `schema`, then its `validate`. */
import { MillraceError } from "../core/errors.ts";
import { isPromise, type Rejected, rejected } from "./outcome.ts";
import { issuesText, type SchemaResult, type StandardSchema } from "../core/standard-schema.ts";
import { thrownOutcome } from "./thrown-outcome.ts";
import type { UserFunction, UserModule } from "./user-module.ts";

/** A record that may go on, as the schema gave it; or one that may not. */
export type Admission = { readonly kind: "admitted"; readonly record: unknown } | Rejected;

/** Lets a record pass as it is. */
export function admit(record: unknown): Admission {
  return { kind: "admitted", record };
}

/** Checks one record; a promise only where the user's checks are asynchronous. Never throws for a record's sake. */
export type Gate = (record: unknown, context: unknown) => Admission | PromiseLike<Admission>;

/** The gate of a module; null when it lets everything pass. */
export function gateOf({ schema, validate, file }: UserModule): Gate | null {
  const first = schema === null ? null : schemaGate(schema, file);
  const second = validate === null ? null : validateGate(validate, file);
  if (first === null || second === null) return first ?? second;
  return (record, context) =>
    then(first(record, context), (passed) => (passed.kind === "admitted" ? second(passed.record, context) : passed));
}

/**
 * The answer of a gate in a mode that cannot wait.
 *
 * @throws MillraceError TRANSFORM_INVALID when it has to be waited for
 */
export function atOnce(answer: Admission | PromiseLike<Admission>, file: string): Admission {
  if (!isPromise(answer)) return answer;
  answer.then(undefined, () => {});
  throw new MillraceError(
    "TRANSFORM_INVALID",
    `${file}: \`schema\` or \`validate\` answers with a promise, which only mode async can wait for; set transform.mode to async`,
  );
}

function schemaGate(schema: StandardSchema, file: string): Gate {
  const standard = schema["~standard"];
  return guarded(file, (record) => then(standard.validate(record), readResult));
}

function readResult(result: SchemaResult<unknown>): Admission {
  return result.issues === undefined
    ? admit(result.value)
    : rejected("validate", "SCHEMA_INVALID", issuesText(result.issues));
}

function validateGate(validate: UserFunction, file: string): Gate {
  return guarded(file, (record, context) => then(validate(record, context), (answer) => readAnswer(answer, record)));
}

function readAnswer(answer: unknown, record: unknown): Admission {
  if (answer === true) return admit(record);
  if (answer === false) return rejected("validate", "TRANSFORM_REJECTED", "validate returned false");
  if (typeof answer === "string") return rejected("validate", "TRANSFORM_REJECTED", answer);
  const what = answer === undefined ? "nothing" : `a value of type ${answer === null ? "null" : typeof answer}`;
  return rejected("validate", "TRANSFORM_NO_RESULT", `validate returned ${what}; return true, false or a reason`);
}

/** What the user's check throws is the record's fault. */
function guarded(file: string, gate: Gate): Gate {
  const refusal = (thrown: unknown): Admission => thrownOutcome(thrown, file, "validate");
  return (record, context) => {
    try {
      const answer = gate(record, context);
      return isPromise(answer) ? answer.then(undefined, refusal) : answer;
    } catch (thrown) {
      return refusal(thrown);
    }
  };
}

/** Goes on at once where nothing has to be waited for. */
function then<A, B>(value: A | PromiseLike<A>, goOn: (value: A) => B | PromiseLike<B>): B | PromiseLike<B> {
  return isPromise(value) ? value.then(goOn) : goOn(value);
}
