/** What an owner runs once in the users' Postgres, so that the roles of jobs need not make schemas and tables. */
import type { Job } from "../config/job.ts";
import { grantDdl, stateDdl } from "../postgres/state-schema.ts";
import { parseStateUrl } from "../state/open.ts";
import { DEFAULT_STATE_SCHEMA, storeDdl } from "../state/postgres/schema.ts";

/** The statements for one schema of one database. */
export interface OwnerDdl {
  /** Host, port and database, without the user and the password. */
  readonly database: string;
  /** What the schema is for. */
  readonly purpose: string;
  readonly sql: string;
}

/**
 * The statements for a job: one for each schema in which sinks keep positions, and one for the state store where it is a
 * Postgres.
 *
 * @param stateUrl as `--state` takes it
 */
export function ownerDdl({ name, sinks, baseDir }: Job, stateUrl: string | null): readonly OwnerDdl[] {
  const found = new Map<string, OwnerDdl>();
  for (const sink of Object.values(sinks)) {
    if (sink.type !== "postgres") continue;
    const { database, role } = placeOf(sink.url);
    const sql = `${stateDdl(sink.stateSchema)}\n${grantDdl(sink.stateSchema, role)}`;
    const purpose = `positions, rejects and runs beside the data of job ${name}`;
    found.set(JSON.stringify([database, sink.stateSchema, role]), { database, purpose, sql });
  }
  const state = stateUrl === null ? null : parseStateUrl(stateUrl, baseDir);
  if (state?.type === "postgres") {
    const { database, role } = placeOf(state.url);
    const schema = state.schema ?? DEFAULT_STATE_SCHEMA;
    const sql = `${storeDdl(schema)}\n\n${grantDdl(schema, role)}`;
    found.set(JSON.stringify([database, schema, "state"]), { database, purpose: "the state store", sql });
  }
  return [...found.values()];
}

/** What a url leaves out comes from the PG* variables where the program runs, which is not here. */
function placeOf(url: string): { readonly database: string; readonly role: string | null } {
  if (!URL.canParse(url)) return { database: "the sink's database", role: null };
  const { host, pathname, username } = new URL(url);
  return { database: `${host}${pathname}`, role: username === "" ? null : decodeURIComponent(username) };
}
