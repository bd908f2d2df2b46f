/** The sink of a job whose table is measured. */
import { isLive, type Job } from "../../config/job.ts";
import type { PostgresSinkOptions } from "../../connectors/postgres/options.ts";
import { MillraceError } from "../../core/errors.ts";

/** A Postgres sink. */
export interface BenchSink {
  readonly name: string;
  readonly options: PostgresSinkOptions;
}

/**
 * The sink of this name, or the only one.
 *
 * @throws MillraceError USAGE when the job has no such sink, or a source that a bench must not read
 */
export function benchSink({ name: job, source, sinks }: Job, wanted: string | undefined): BenchSink {
  if (isLive(source)) {
    throw usage(
      `${job} reads a source without an end, and a bench would take records from the processes that read it; ` +
        "measure with a job that reads such records from a file",
    );
  }
  const postgres = Object.entries(sinks).flatMap(([name, options]) =>
    options.type === "postgres" ? [{ name, options }] : [],
  );
  const names = postgres.map(({ name }) => name).join(", ");
  const [first] = postgres;
  if (first === undefined)
    throw usage(`${job} has no sink of type postgres, and nothing else takes rows by INSERT or COPY`);
  if (wanted === undefined && postgres.length > 1)
    throw usage(`${job} has several sinks of type postgres; say --sink with one of ${names}`);
  const chosen = wanted === undefined ? first : postgres.find(({ name }) => name === wanted);
  if (chosen === undefined) throw usage(`${job} has no sink "${wanted}" of type postgres; it has ${names}`);
  return chosen;
}

function usage(message: string): MillraceError {
  return new MillraceError("USAGE", `bench insert: ${message}`);
}
