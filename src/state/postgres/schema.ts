/**
 * The tables, as the ordered steps that lead to them. A step that was released never changes.
 *
 * They have a schema of their own, so that a state store may lie in a database that a Postgres sink writes into as well:
 * the sink's positions, rejects and runs are other tables of these names. Names compare by their bytes, as they do in
 * the other stores; JSON is text, because jsonb keeps neither `\u0000` nor the order of keys.
 */
import { quoteIdentifier } from "../../postgres/identifiers.ts";

/** The schema's name where the url does not say otherwise. */
export const DEFAULT_STATE_SCHEMA = "millrace_state";

/** Makes the statements of one step for a schema, whose name comes quoted. */
export type Migration = (schema: string) => string;

const runsLeasesProgressWordsRejects: Migration = (schema) => `
CREATE TABLE ${schema}.version (version integer NOT NULL);
INSERT INTO ${schema}.version VALUES (0);

CREATE TABLE ${schema}.runs (
  seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id text NOT NULL UNIQUE,
  job text COLLATE "C" NOT NULL,
  scope text COLLATE "C" NOT NULL,
  slot text,
  params text NOT NULL,
  trigger text NOT NULL,
  state text NOT NULL,
  started_at timestamptz NOT NULL,
  ended_at timestamptz,
  columns text,
  fingerprint text,
  summary text
);
CREATE INDEX runs_of_job ON ${schema}.runs (job, seq);

CREATE TABLE ${schema}.leases (
  job text COLLATE "C" NOT NULL,
  scope text COLLATE "C" NOT NULL,
  owner text NOT NULL,
  host text NOT NULL,
  pid integer NOT NULL,
  machine text NOT NULL,
  process_start text NOT NULL,
  until timestamptz NOT NULL,
  PRIMARY KEY (job, scope)
);

CREATE TABLE ${schema}.progress (
  job text COLLATE "C" NOT NULL,
  scope text COLLATE "C" NOT NULL,
  sink text COLLATE "C" NOT NULL,
  split text COLLATE "C" NOT NULL,
  epoch bigint NOT NULL,
  ordinal bigint NOT NULL,
  token text NOT NULL,
  line bigint,
  counts jsonb NOT NULL,
  origin text NOT NULL,
  fingerprint text,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (job, scope, sink, split)
) WITH (fillfactor = 70);

CREATE TABLE ${schema}.forgotten (
  job text COLLATE "C" NOT NULL,
  scope text COLLATE "C" NOT NULL,
  epoch bigint NOT NULL,
  PRIMARY KEY (job, scope)
);
COMMENT ON TABLE ${schema}.forgotten IS
  'The highest epoch of progress that was dropped: what is claimed later must still be above it.';

CREATE TABLE ${schema}.words (
  job text COLLATE "C" NOT NULL,
  scope text COLLATE "C" NOT NULL,
  sink text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL,
  word text NOT NULL,
  PRIMARY KEY (job, scope, sink, name)
);

CREATE TABLE ${schema}.rejects (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  job text COLLATE "C" NOT NULL,
  run text NOT NULL,
  scope text COLLATE "C" NOT NULL,
  split text COLLATE "C" NOT NULL,
  ordinal bigint NOT NULL,
  token text COLLATE "C" NOT NULL,
  line bigint,
  stage text NOT NULL,
  sink text,
  output integer,
  code text NOT NULL,
  message text NOT NULL,
  raw text NOT NULL,
  raw_encoding text NOT NULL,
  attempts integer NOT NULL,
  at timestamptz NOT NULL,
  bytes bigint NOT NULL GENERATED ALWAYS AS (octet_length(raw) + octet_length(message)) STORED
);
CREATE UNIQUE INDEX rejects_key
  ON ${schema}.rejects (job, scope, split, token, coalesce(sink, ''), coalesce(output, -1));
CREATE INDEX rejects_of_run ON ${schema}.rejects (job, run, id);
CREATE INDEX rejects_by_age ON ${schema}.rejects (job, at, id) INCLUDE (bytes);

CREATE TABLE ${schema}.taken (
  reject bigint PRIMARY KEY REFERENCES ${schema}.rejects (id) ON DELETE CASCADE,
  replay text NOT NULL
);
CREATE INDEX taken_by ON ${schema}.taken (replay);
`;

const replaySteps: Migration = (schema) => `
CREATE TABLE ${schema}.replays (
  replay text PRIMARY KEY,
  taken_of text[] NOT NULL DEFAULT '{}',
  settled boolean NOT NULL DEFAULT false,
  at timestamptz NOT NULL DEFAULT now()
);
`;

const schedules: Migration = (schema) => `
CREATE TABLE ${schema}.schedules (
  job text COLLATE "C" PRIMARY KEY,
  fingerprint text,
  cursor text,
  paused text,
  changed_by text
);

CREATE TABLE ${schema}.slots (
  job text COLLATE "C" NOT NULL,
  slot text COLLATE "C" NOT NULL,
  at bigint NOT NULL,
  state text NOT NULL,
  trigger text NOT NULL,
  reason text,
  run text,
  attempt integer NOT NULL,
  planned_at bigint NOT NULL,
  ended_at bigint,
  changed_by text,
  PRIMARY KEY (job, slot)
);
COMMENT ON TABLE ${schema}.slots IS
  'Instants are milliseconds since 1970; ended_at is null as long as something is still to be done about a slot.';
CREATE INDEX slots_open ON ${schema}.slots (job, at DESC) WHERE ended_at IS NULL;
CREATE INDEX slots_ended ON ${schema}.slots (job, ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX slots_by_time ON ${schema}.slots (at DESC, job, slot);
CREATE INDEX slots_of_job ON ${schema}.slots (job, at DESC, slot);

CREATE INDEX runs_by_end ON ${schema}.runs (ended_at);
CREATE INDEX runs_of_slot ON ${schema}.runs (job, coalesce(slot, ''), seq);
CREATE INDEX runs_unfinished ON ${schema}.runs (seq) WHERE state <> 'succeeded';
`;

const spools: Migration = (schema) => `
CREATE TABLE ${schema}.spools (
  job text COLLATE "C" PRIMARY KEY,
  last_id bigint,
  bytes bigint NOT NULL DEFAULT 0,
  entries bigint NOT NULL DEFAULT 0,
  dropped bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

CREATE TABLE ${schema}.spool_entries (
  job text COLLATE "C" NOT NULL,
  id bigint NOT NULL,
  received_at bigint NOT NULL,
  body bytea NOT NULL,
  PRIMARY KEY (job, id)
);

CREATE TABLE ${schema}.spool_keys (
  job text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  id bigint NOT NULL,
  received_at bigint NOT NULL,
  PRIMARY KEY (job, key)
);
CREATE INDEX spool_keys_by_age ON ${schema}.spool_keys (job, received_at, id);

CREATE TABLE ${schema}.spool_additions (
  operation text PRIMARY KEY,
  outcomes text NOT NULL,
  at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX spool_additions_by_age ON ${schema}.spool_additions (at);
COMMENT ON TABLE ${schema}.spool_additions IS
  'What additions to spools came to, for a while: an attempt whose COMMIT got no answer is found here by the next one.';
`;

/** Step i leads from version i to i + 1. */
export const MIGRATIONS: readonly Migration[] = [runsLeasesProgressWordsRejects, replaySteps, schedules, spools];

/** The statements of some steps, with the version that they lead to. */
export function statementsOf(schema: string, migrations: readonly Migration[], from: number): string {
  const quoted = quoteIdentifier(schema);
  const steps = migrations.slice(from).map((step) => step(quoted).trim());
  return [...steps, `UPDATE ${quoted}.version SET version = ${migrations.length};`].join("\n\n");
}

/**
 * All that makes an empty store, for an owner to run where the store's role may not.
 *
 * @example
 * console.log(storeDdl("millrace_state"));
 */
export function storeDdl(schema: string = DEFAULT_STATE_SCHEMA): string {
  return `CREATE SCHEMA IF NOT EXISTS ${quoteIdentifier(schema)};\n\n${statementsOf(schema, MIGRATIONS, 0)}`;
}
