/** Turns what zod says of a config into findings that say what is wrong and what is allowed. */
import type { z } from "zod";
import { nearestName } from "../core/nearest.ts";
import { type ValuePath, valueAt } from "./place.ts";
import type { Finding } from "./problem.ts";
import type { Shown } from "./shown.ts";

type Issue = z.core.$ZodIssue;

/**
 * The error map that {@link findingsOf} relies on: for an unknown key the message is the list of allowed ones, which only
 * the schema knows; everything else without a message of its own is put into words here, not by zod.
 */
export function allowedKeys(issue: z.core.$ZodRawIssue): string {
  if (issue.code !== "unrecognized_keys") return "";
  const definition = issue.inst?._zod.def as { readonly shape?: object } | undefined;
  return Object.keys(definition?.shape ?? {})
    .filter((key) => key !== "$schema")
    .join(", ");
}

/**
 * One finding a mistake.
 *
 * @param config what was parsed, for saying what stood there
 * @param shown how a value may be shown; secrets are not
 */
export function findingsOf(issues: readonly Issue[], config: unknown, shown: Shown): Finding[] {
  return issues
    .flatMap((issue) => flatten(issue, []))
    .flatMap(({ issue, path }) => explain(issue, path, config, shown));

  /** A union's own issue is replaced by those of the branch that was meant, if one plainly was. */
  function flatten(issue: Issue, base: ValuePath): { issue: Issue; path: ValuePath }[] {
    const path = [...base, ...issue.path.map((step) => (typeof step === "symbol" ? String(step) : step))];
    if (issue.code !== "invalid_union" || issue.message !== "") return [{ issue, path }];
    const meant = issue.errors.filter((branch) => !branch.some((inner) => inner.path.length === 0 && isOther(inner)));
    const [branch] = meant.toSorted((a, b) => a.length - b.length);
    return branch === undefined ? [{ issue, path }] : branch.flatMap((inner) => flatten(inner, path));
  }
}

/** Whether an issue says that another kind of value was expected, so that this branch of a union was not meant. */
function isOther(issue: Issue): boolean {
  return issue.code === "invalid_type" || issue.code === "invalid_value" || issue.code === "invalid_union";
}

function explain(issue: Issue, path: ValuePath, config: unknown, shown: Shown): Finding[] {
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknownKey(key, issue.message, path));
  const value = valueAt(config, path);
  const finding = (message: string, at: Finding["at"] = "value"): Finding[] => [
    { code: "CONFIG_INVALID", path, at, message },
  ];
  if (issue.code === "invalid_key") return finding(`not a name; ${keyExpectation(issue)}`, "key");
  const expected = expectation(issue);
  if (value === undefined) return finding(`missing; expected ${expected}`, "key");
  if (!expectsValue(issue)) return finding(issue.message);
  return finding(`expected ${expected}, got ${shown(value, path)}${hint(issue, value, path, shown)}`);
}

/** A message of a schema's own that does not begin with "expected" says it all. */
function expectsValue(issue: Issue): boolean {
  return issue.message === "" || issue.message.startsWith("expected ");
}

function unknownKey(key: string, allowed: string, path: ValuePath): Finding {
  const near = nearestName(key, allowed.split(", "));
  const guess = near === undefined ? "" : ` (nearest: ${near})`;
  return {
    code: "CONFIG_INVALID",
    path: [...path, key],
    at: "key",
    message: `unknown key; allowed here: ${allowed}${guess}`,
  };
}

function keyExpectation(issue: z.core.$ZodIssueInvalidKey): string {
  const [first] = issue.issues;
  return first === undefined ? "expected text" : `expected ${expectation(first)}`;
}

/** What an issue wanted, in words that follow "expected". */
function expectation(issue: Issue): string {
  if (issue.message !== "") return issue.message.replace(/^expected /, "");
  switch (issue.code) {
    case "invalid_type":
      return KINDS[issue.expected] ?? issue.expected;
    case "invalid_value":
      return issue.values.length === 1 ? String(issue.values[0]) : `one of ${issue.values.join(", ")}`;
    case "invalid_union":
      return unionExpectation(issue);
    case "too_small":
      return atLeast(issue);
    case "too_big":
      return `${issue.inclusive === false ? "less than" : "at most"} ${issue.maximum}`;
    case "invalid_format":
      return FORMATS[issue.format] ?? `text in the format ${issue.format}`;
    default:
      return "another value";
  }
}

function unionExpectation(issue: z.core.$ZodIssueInvalidUnion): string {
  const types = discriminators(issue);
  if (types.length > 0) return `one of ${types.join(", ")}`;
  const branches = issue.errors.flatMap(([first]) => (first === undefined ? [] : [expectation(first)]));
  return [...new Set(branches)].join(" or ");
}

function atLeast({ origin, minimum, inclusive }: z.core.$ZodIssueTooSmall): string {
  if (origin === "string") return "text that is not empty";
  if (origin === "array") return `at least ${minimum} ${Number(minimum) === 1 ? "entry" : "entries"}`;
  return `${inclusive === false ? "more than" : "at least"} ${minimum}`;
}

/** Beside what was expected and found: the name that was probably meant, or why a number is no text. */
function hint(issue: Issue, value: unknown, path: ValuePath, shown: Shown): string {
  if (issue.code === "invalid_type" && issue.expected === "string" && typeof value === "number")
    return "; put it in quotes";
  if (typeof value !== "string" || shown.hides(path)) return "";
  const near = nearestName(value, choices(issue));
  return near === undefined ? "" : ` (nearest: ${near})`;
}

function choices(issue: Issue): string[] {
  if (issue.code === "invalid_value") return issue.values.map(String);
  if (issue.code !== "invalid_union") return [];
  return [...discriminators(issue), ...issue.errors.flatMap((branch) => branch.flatMap(choices))];
}

function discriminators(issue: z.core.$ZodIssueInvalidUnion): string[] {
  return "options" in issue ? (issue.options ?? []).map(String) : [];
}

const KINDS: { readonly [kind: string]: string } = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  object: "an object",
  record: "an object",
  array: "a list",
};

const FORMATS: { readonly [format: string]: string } = {
  url: "a URL such as https://api.example.com/items",
  starts_with: "a path that begins with /",
  datetime: "a time such as 2026-11-22T02:00:00Z",
  safeint: "a whole number",
};
