/** `--to`: where the new job's records are to go. */
import path from "node:path";
import { formatOfPath } from "../../connectors/file/options.ts";
import { redact } from "../../core/redact.ts";
import { usageError } from "../usage-error.ts";

/** A sink to be written into a job. */
export type Target =
  | { readonly type: "file"; readonly path: string }
  /** Address without user, query and fragment: any of them may hold a secret. */
  | { readonly type: "http"; readonly url: string }
  | {
      readonly type: "postgres";
      readonly table: string;
      /** The server and database without user and password, for saying what DATABASE_URL has to be; null: not given. */
      readonly database: string | null;
    };

/**
 * Reads `--to`: `postgres://host/database/table`, `https://host/path`, or a file's path. The URL itself goes nowhere: it may hold a password,
 * and jobs are kept in repositories.
 *
 * @param dir the job's folder, which a file's path will start from
 * @throws MillraceError USAGE
 */
export function parseTarget(to: string, dir: string): Target {
  if (/^postgres(?:ql)?:/i.test(to)) return postgresTarget(to);
  if (/^https?:/i.test(to) && URL.canParse(to)) {
    const { origin, pathname } = new URL(to);
    return { type: "http", url: `${origin}${pathname}` };
  }
  const format = formatOfPath(to);
  if (/^[a-z]{2,}:/i.test(to) || (format !== "csv" && format !== "jsonl")) {
    throw usageError(
      `--to takes postgres://host/database/table, https://host/path, or a file that ends in .csv or .jsonl, got ${JSON.stringify(redact(to))}`,
    );
  }
  return { type: "file", path: relativePath(dir, to) };
}

/** A path as a job in `dir` spells it. */
export function relativePath(dir: string, file: string): string {
  return path.relative(dir, file).split(path.sep).join("/");
}

function postgresTarget(to: string): Target {
  const { host = "", names = "" } = /^[a-z]+:\/\/(?:[^/@]*@)?(?<host>[^/]*)\/(?<names>[^?]*)/i.exec(to)?.groups ?? {};
  const parts = names.split("/").filter((name) => name !== "");
  const table = parts.at(-1);
  if (table === undefined || parts.length > 2) {
    throw usageError("--to takes postgres://host/database/table: the table stands behind the database");
  }
  const database = parts.length === 2 ? `postgres://${host}/${parts[0] ?? ""}` : null;
  return { type: "postgres", table: decodeURIComponent(table), database };
}
