/**
 * The slice of Standard Schema that is used here.
 *
 * Source: Standard Schema v1, https://standardschema.dev; zod 3.24, valibot 1 and arktype 2 implement it.
 */

/** A schema of any library. */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    validate(value: unknown): SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

/** What a schema says to a value. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

/** One thing that is wrong with a value. */
export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** What a schema takes. */
export type InputOf<Schema> = Schema extends StandardSchema<infer Input, infer _> ? Input : never;

/** What a schema gives. */
export type OutputOf<Schema> = Schema extends StandardSchema<infer _, infer Output> ? Output : never;

/** Issues that a message shows. */
const SHOWN = 5;

/** Whether a module's export is a schema. */
export function isStandardSchema(value: unknown): value is StandardSchema {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  const standard = (value as Partial<StandardSchema>)["~standard"];
  return typeof standard === "object" && standard !== null && typeof standard.validate === "function";
}

/** What is wrong, on one line: `items.0.price: expected number; email: missing`. */
export function issuesText(issues: readonly SchemaIssue[]): string {
  const shown = issues.slice(0, SHOWN).map(({ path = [], message }) => {
    const place = path.map((step) => String(typeof step === "object" ? step.key : step)).join(".");
    return place === "" ? message : `${place}: ${message}`;
  });
  if (issues.length > SHOWN) shown.push(`and ${issues.length - SHOWN} more`);
  return shown.join("; ");
}
