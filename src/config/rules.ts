/** Rules between keys, which one key's shape cannot say. They hold the config itself, so that every mistake is told at once. */
import { isLiveType } from "../connectors/catalog.ts";
import { formatOfPath } from "../connectors/file/options.ts";
import { durationOption } from "../core/option-shapes.ts";
import { nearestName } from "../core/nearest.ts";
import { valueAt, type ValuePath } from "./place.ts";
import { deadLetterFindings } from "./dead-letter-keys.ts";
import { postgresModeFindings } from "./postgres-modes.ts";
import { httpSourceFindings } from "./http-rules.ts";
import { httpSinkFindings } from "./http-sink-keys.ts";
import { rejectEndpointFindings } from "./reject-endpoint-keys.ts";
import { sameTableFindings, sinkPaths } from "./sink-places.ts";
import { postgresSourceFindings } from "./postgres-source-rules.ts";
import type { Finding } from "./problem.ts";
import { webhookFindings } from "./webhook-keys.ts";

/** Half of what the broker grants: a unit is also sent and, where it fails, sent again. */
const LONGEST_TRANSACTION_MS = 30_000;

interface Choice {
  /** Where the two keys stand. */
  readonly at: ValuePath;
  readonly keys: readonly [string, string];
  /** Whether one of them has to be there when the object is. */
  readonly required: boolean;
}

const CHOICES: readonly Choice[] = [
  { at: [], keys: ["sink", "sinks"], required: true },
  { at: ["chunk"], keys: ["size", "records"], required: true },
  { at: ["progress"], keys: ["every", "records"], required: true },
];

/** What the rules have against a config; never what its shape already says. */
export function ruleFindings(config: unknown): Finding[] {
  const files = [["source"], ...sinkPaths(config)].flatMap((at) => formatFindings(at, config));
  return [
    ...CHOICES.flatMap((choice) => choiceFindings(choice, config)),
    ...files,
    ...growthFindings(config),
    ...nameFindings(config),
    ...sinkFindings(config),
    ...concurrencyFindings(config),
    ...transactionFindings(config),
    ...deadLetterFindings(config),
    ...postgresModeFindings(config),
    ...httpSinkFindings(config),
    ...rejectEndpointFindings(config),
    ...webhookFindings(config),
    ...httpSourceFindings(config),
    ...postgresSourceFindings(config),
    ...watchFindings(config),
    ...watchedPathFindings(config),
  ];
}

/** Only mode async has several calls in flight; in the others the key would do nothing. */
function concurrencyFindings(config: unknown): Finding[] {
  const path = ["transform", "concurrency"];
  if (valueAt(config, path) === undefined || valueAt(config, ["transform", "mode"]) === "async") return [];
  return [invalid(path, "only mode async has calls in flight side by side; set mode: async, or leave it out")];
}

/** Only a folder can be watched; live sources say themselves when there is more, and all others have to be asked. */
function watchFindings(config: unknown): Finding[] {
  const [trigger, source] = ["trigger", "source"].map((key) => valueAt(config, [key, "type"]));
  if ((trigger !== "watch" && trigger !== "continuous") || typeof source !== "string" || source === "file") return [];
  const isLive = isLiveType(source) || valueAt(config, ["source", "module", "live"]) === true;
  if (trigger === "continuous" && isLive) return [];
  const why =
    trigger === "watch"
      ? `watch: waits for new files, which a ${source} source has none of`
      : `continuous: a ${source} source does not tell when it has more`;
  const message = `${why}; take ${isLive ? "continuous" : "an interval"}`;
  return [{ code: "CONFIG_INVALID", path: ["trigger", "type"], at: "value", message }];
}

/** What is watched has to be known before there is a slot. */
function watchedPathFindings(config: unknown): Finding[] {
  const trigger = valueAt(config, ["trigger", "type"]);
  if (trigger !== "watch" && trigger !== "continuous") return [];
  const paths = [valueAt(config, ["source", "path"])].flat();
  if (!paths.some((path) => typeof path === "string" && /\$\{(?:slot|param)\./.test(path))) return [];
  const message = `${trigger}: waits for the files of source.path, in which \${slot...} and \${param...} have no value before a run`;
  return [{ code: "CONFIG_INVALID", path: ["trigger", "type"], at: "value", message }];
}

/** A unit is a Kafka transaction, and the broker ends one that lasts longer than a minute. */
function transactionFindings(config: unknown): Finding[] {
  const path = ["commit", "interval"];
  const intervalMs = durationMs(valueAt(config, path));
  const isTransactional = sinkPaths(config).some(
    (at) => valueAt(config, [...at, "type"]) === "kafka" && valueAt(config, [...at, "transactional"]) !== false,
  );
  if (!isTransactional || intervalMs === null || intervalMs <= LONGEST_TRANSACTION_MS) return [];
  return [invalid(path, "a Kafka sink commits in transactions, which the broker ends after a minute; 30s at the most")];
}

/** null for what is no duration, which its shape says. */
function durationMs(value: unknown): number | null {
  const parsed = durationOption().safeParse(value);
  return parsed.success ? parsed.data : null;
}

/** Several sinks: at least one, and no two into one table. */
function sinkFindings(config: unknown): Finding[] {
  const sinks = valueAt(config, ["sinks"]);
  const isAlone = valueAt(config, ["sink"]) === undefined;
  const isEmpty = isAlone && typeof sinks === "object" && sinks !== null && Object.keys(sinks).length === 0;
  return [...(isEmpty ? [invalid(["sinks"], "empty; name at least one sink")] : []), ...sameTableFindings(config)];
}

/** A file that may grow is read up to its last whole record, and the last of an array is whole only when nothing follows. */
function growthFindings(config: unknown): Finding[] {
  const given = (key: string): unknown => valueAt(config, ["source", key]);
  if (given("type") !== "file" || given("incremental") !== true) return [];
  const paths = [given("path")].flat().filter((path) => typeof path === "string");
  const isArray =
    given("format") === undefined ? paths.some((path) => formatOfPath(path) === "json") : given("format") === "json";
  if (!isArray) return [];
  return [
    invalid(["source", "incremental"], "a JSON array is read as a whole; write JSON lines (format: jsonl) instead"),
  ];
}

/** What `select` and `rename` contradict by themselves; the header is asked when the job is resolved. */
function nameFindings(config: unknown): Finding[] {
  const select = textsOf(valueAt(config, ["select"]));
  const rename = Object.entries(valueAt(config, ["rename"]) ?? {}).filter(([, to]) => typeof to === "string");
  const twice = select.flatMap((name, index) =>
    select.indexOf(name) === index ? [] : [invalid(["select", index], `${JSON.stringify(name)} stands here twice`)],
  );
  const unread = rename.flatMap(([from]) =>
    select.length === 0 || select.includes(from) ? [] : [notSelected(from, select)],
  );
  const targets = rename.map(([, to]) => to as string);
  const clashes = rename.flatMap(([from, to], index) =>
    targets.indexOf(to as string) === index
      ? []
      : [invalid(["rename", from], `another field is renamed to ${JSON.stringify(to)} too`)],
  );
  return [...twice, ...unread, ...clashes];
}

function notSelected(name: string, select: readonly string[]): Finding {
  const nearest = nearestName(name, select);
  const hint = nearest === undefined ? `select names ${select.join(", ")}` : `did you mean ${nearest}?`;
  return invalid(["rename", name], `this field is not in select; ${hint}`);
}

function textsOf(list: unknown): readonly string[] {
  return Array.isArray(list) ? list.filter((item): item is string => typeof item === "string") : [];
}

/** A file's format is known by its extension or has to be given. */
function formatFindings(at: ValuePath, config: unknown): Finding[] {
  const file = valueAt(config, at);
  const given = (key: string): unknown => valueAt(file, [key]);
  if (given("type") !== "file" || given("format") !== undefined) return [];
  const paths = [given("path")].flat().filter((path) => typeof path === "string");
  const isKnown = paths.every((path) => formatOfPath(path) !== undefined || path.includes("${"));
  const formats = at[0] === "source" ? "csv, jsonl, json, text" : "csv, jsonl";
  return isKnown ? [] : [invalid([...at, "format"], `missing; the path's extension names none of ${formats}`)];
}

function choiceFindings({ at, keys, required }: Choice, config: unknown): Finding[] {
  const parent = valueAt(config, at);
  if (typeof parent !== "object" || parent === null || Array.isArray(parent)) return [];
  const [first, second] = keys;
  const given = keys.filter((key) => valueAt(parent, [key]) !== undefined);
  if (given.length === 2) {
    return [invalid([...at, second], `stands beside ${first}; give one of the two`)];
  }
  return given.length === 0 && required ? [invalid([...at, first], `missing; give ${first} or ${second}`)] : [];
}

function invalid(path: ValuePath, message: string): Finding {
  return { code: "CONFIG_INVALID", path, at: "key", message };
}
