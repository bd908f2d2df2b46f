/** Names made of a file's name: for the job, its type, its table. */
import path from "node:path";

/** The names of one job. */
export interface ProjectNames {
  /** `us-employment`: lower-case letters, digits and dashes, as jobs are called. */
  readonly job: string;
  /** `UsEmployment`: the type of a record. */
  readonly type: string;
  /** `usEmployment`: a record in the transform. */
  readonly record: string;
  /** `us_employment` */
  readonly table: string;
}

/**
 * The names for a file of records.
 *
 * @example
 * namesFor("data/Daily Orders.csv.gz"); // { job: "daily-orders", type: "DailyOrder", record: "dailyOrder", table: "daily_orders" }
 */
export function namesFor(file: string): ProjectNames {
  const stem = path.basename(file).replace(/^\.+/, "").replace(/\..*$/, "");
  const words = stem
    .replaceAll(/(?<lower>[a-z])(?<upper>[A-Z])/g, "$<lower> $<upper>")
    .normalize("NFKD")
    .replaceAll(/\p{Mn}/gu, "")
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== "");
  if (words.length === 0) words.push("records");
  const type = singular(words).map(capitalized).join("");
  const safeType = /^\d/.test(type) ? `Record${type}` : type;
  return {
    job: words.join("-"),
    type: safeType,
    record: safeType.charAt(0).toLowerCase() + safeType.slice(1),
    table: words.join("_").replace(/^(?=\d)/, "t_"),
  };
}

const LIKE_THEIR_SINGULAR = /(?:species|series|news|status)$/;

/** Good enough for a name that anyone may change: orders, boxes, movies and countries, but address and species. */
function singular(words: readonly string[]): string[] {
  const last = words.at(-1) ?? "";
  const one = last
    .replace(/^(?!movies$|cookies$)(?<stem>.+[^aeiou])ies$/, "$<stem>y")
    .replace(/(?<stem>ss|x|ch|sh)es$/, "$<stem>")
    .replace(/(?<stem>[^su])s$/, "$<stem>");
  return [...words.slice(0, -1), LIKE_THEIR_SINGULAR.test(last) ? last : one];
}

function capitalized(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
