/** Rules between the keys of an HTTP source. */
import { type ValuePath, valueAt } from "./place.ts";
import type { Finding } from "./problem.ts";

/** The keys of the source as they stand. */
interface Given {
  readonly format: unknown;
  readonly pagination: unknown;
  readonly at: (...path: ValuePath) => unknown;
  readonly has: (...path: ValuePath) => boolean;
}

/** What they have against `source: {type: http}`; nothing against others. */
export function httpSourceFindings(config: unknown): Finding[] {
  const at = (...path: ValuePath): unknown => valueAt(config, ["source", ...path]);
  if (at("type") !== "http") return [];
  const source: Given = {
    format: at("format") ?? "json",
    pagination: at("pagination", "type") ?? "none",
    at,
    has: (...path) => at(...path) !== undefined,
  };
  return [formatFindings, nextFindings, paramFindings, concurrencyFindings, growthFindings].flatMap((rule) =>
    rule(source),
  );
}

/** What there is to take apart in a reply. */
function formatFindings({ format, pagination, has }: Given): Finding[] {
  const isPaged = pagination !== "none";
  if (format === "csv" && (isPaged || has("records"))) {
    const why = "a CSV reply is one stream, and its header stands at its beginning alone";
    return [invalid([isPaged ? "pagination" : "records"], `${why}; leave this out, or ask for json or jsonl pages`)];
  }
  if (format !== "jsonl") return [];
  return [
    ...(has("records") ? [invalid(["records"], "in JSON lines every line is a record; leave it out")] : []),
    ...(pagination === "cursor"
      ? [invalid(["pagination", "type"], "JSON lines have no place for a cursor; take link, page or offset")]
      : []),
  ];
}

/** Where the next page is told. */
function nextFindings({ pagination, has }: Given): Finding[] {
  const path = ["pagination", "next"];
  if (pagination !== "cursor") {
    const message = "only type: cursor looks for the next page in the reply; leave it out";
    return has(...path) ? [invalid(path, message)] : [];
  }
  return has(...path) ? [] : [invalid(path, "missing; give the JSON pointer to the next page's cursor, such as /next")];
}

/** Where the parameters of a page go. */
function paramFindings({ pagination, has, at }: Given): Finding[] {
  const body = at("body");
  const hasObject = at("method") === "POST" && typeof body === "object" && body !== null;
  const misplaced = ["param", "sizeParam"].filter((key) => {
    const name = at("pagination", key);
    return typeof name === "string" && name.startsWith("/") && !hasObject;
  });
  const hasNoParam = pagination === "link" || pagination === "none";
  return [
    ...misplaced.map((key) => {
      const message = "a JSON pointer leads into source.body; give an object there, and method: POST";
      return invalid(["pagination", key], message);
    }),
    ...(hasNoParam && has("pagination", "param")
      ? [invalid(["pagination", "param"], `type: ${pagination} has no parameter; leave it out`)]
      : []),
    ...(has("pagination", "sizeParam") && !has("pagination", "size")
      ? [invalid(["pagination", "size"], "missing; sizeParam asks for so many records")]
      : []),
  ];
}

/** Pages can be asked for at once where each one's address is known before the one in front of it has come. */
function concurrencyFindings({ pagination, at, has }: Given): Finding[] {
  const concurrency = at("concurrency");
  if (typeof concurrency !== "number" || concurrency <= 1) return [];
  if (pagination === "cursor" || pagination === "link") {
    const message = `only a page tells which one comes next (pagination.type: ${pagination}); leave it out`;
    return [invalid(["concurrency"], message)];
  }
  if (pagination === "none") return [invalid(["concurrency"], "there is one request without pagination; leave it out")];
  if (pagination !== "offset" || has("pagination", "size")) return [];
  return [
    invalid(["pagination", "size"], "missing; with concurrency the offsets of pages have to be known beforehand"),
  ];
}

/** What may grow is read up to its last whole record, and the last of an array is whole only when nothing follows. */
function growthFindings({ format, pagination, at, has }: Given): Finding[] {
  if (at("incremental") !== true || format !== "json" || pagination !== "none" || has("records")) return [];
  const message =
    'a streamed JSON array is read as a whole; set records: "" to read the reply at once, or format: jsonl';
  return [invalid(["incremental"], message)];
}

function invalid(path: ValuePath, message: string): Finding {
  return { code: "CONFIG_INVALID", path: ["source", ...path], at: "key", message };
}
