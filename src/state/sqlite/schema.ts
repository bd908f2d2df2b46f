/** The tables, as the ordered steps that lead to them. A step that was released never changes. */

/** `PRAGMA application_id`: "mill" in ASCII; tells our files from those of other programs. */
export const APPLICATION_ID = 0x6d696c6c;

const runsLeasesProgressRejects = `
  CREATE TABLE runs (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    job TEXT NOT NULL,
    scope TEXT NOT NULL,
    slot TEXT,
    params TEXT NOT NULL,
    trigger TEXT NOT NULL,
    state TEXT NOT NULL,
    started_at TEXT NOT NULL,
    ended_at TEXT,
    columns TEXT,
    fingerprint TEXT,
    summary TEXT
  ) STRICT;
  CREATE INDEX runs_of_job ON runs (job, seq);

  CREATE TABLE leases (
    job TEXT NOT NULL,
    scope TEXT NOT NULL,
    owner TEXT NOT NULL,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    machine TEXT NOT NULL,
    process_start TEXT NOT NULL,
    until INTEGER NOT NULL,
    PRIMARY KEY (job, scope)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE progress (
    job TEXT NOT NULL,
    scope TEXT NOT NULL,
    sink TEXT NOT NULL,
    split TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    token TEXT NOT NULL,
    line INTEGER,
    read INTEGER NOT NULL,
    written INTEGER NOT NULL,
    filtered INTEGER NOT NULL,
    rejected INTEGER NOT NULL,
    folded INTEGER NOT NULL,
    emitted INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    fingerprint TEXT,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (job, scope, sink, split)
  ) STRICT, WITHOUT ROWID;

  -- The highest epoch of progress that was dropped: what is claimed later must still be above it.
  CREATE TABLE forgotten (
    job TEXT NOT NULL,
    scope TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    PRIMARY KEY (job, scope)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE rejects (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    job TEXT NOT NULL,
    run TEXT NOT NULL,
    scope TEXT NOT NULL,
    split TEXT NOT NULL,
    ordinal INTEGER NOT NULL,
    token TEXT NOT NULL,
    line INTEGER,
    stage TEXT NOT NULL,
    sink TEXT NOT NULL,
    output INTEGER NOT NULL,
    code TEXT NOT NULL,
    message TEXT NOT NULL,
    raw TEXT NOT NULL,
    raw_encoding TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    at TEXT NOT NULL,
    UNIQUE (job, scope, split, token, sink, output)
  ) STRICT;
  CREATE INDEX rejects_of_run ON rejects (job, run, id);
`;

const sinkWords = `
  CREATE TABLE words (
    job TEXT NOT NULL,
    scope TEXT NOT NULL,
    sink TEXT NOT NULL,
    name TEXT NOT NULL,
    word TEXT NOT NULL,
    PRIMARY KEY (job, scope, sink, name)
  ) STRICT, WITHOUT ROWID;
`;

const takenRejects = `
  CREATE TABLE taken (
    reject INTEGER PRIMARY KEY REFERENCES rejects (id) ON DELETE CASCADE,
    replay TEXT NOT NULL
  ) STRICT;
  CREATE INDEX taken_by ON taken (replay);
`;

const rejectAges = `
  ALTER TABLE rejects ADD COLUMN bytes INTEGER
    GENERATED ALWAYS AS (octet_length(raw) + octet_length(message)) VIRTUAL;
  CREATE INDEX rejects_by_age ON rejects (job, at, id, bytes);
`;

const replaySteps = `
  -- What a replay has done here: taken by a filter of this sink, or settled.
  CREATE TABLE replays (
    replay TEXT NOT NULL,
    step TEXT NOT NULL,
    sink TEXT NOT NULL,
    PRIMARY KEY (replay, step, sink)
  ) STRICT, WITHOUT ROWID;
`;

const schedules = `
  CREATE TABLE schedules (
    job TEXT PRIMARY KEY,
    fingerprint TEXT,
    cursor TEXT,
    paused TEXT
  ) STRICT, WITHOUT ROWID;

  -- Instants are milliseconds since 1970; ended_at is null as long as something is still to be done about a slot.
  CREATE TABLE slots (
    job TEXT NOT NULL,
    slot TEXT NOT NULL,
    at INTEGER NOT NULL,
    state TEXT NOT NULL,
    trigger TEXT NOT NULL,
    reason TEXT,
    run TEXT,
    attempt INTEGER NOT NULL,
    planned_at INTEGER NOT NULL,
    ended_at INTEGER,
    PRIMARY KEY (job, slot)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX slots_open ON slots (job, at DESC) WHERE ended_at IS NULL;
  CREATE INDEX slots_ended ON slots (job, ended_at) WHERE ended_at IS NOT NULL;
  CREATE INDEX slots_by_time ON slots (at DESC, job, slot);
  CREATE INDEX slots_of_job ON slots (job, at DESC, slot);

  CREATE INDEX runs_by_end ON runs (ended_at);
  CREATE INDEX runs_of_slot ON runs (job, slot, seq);
  CREATE INDEX runs_unfinished ON runs (seq) WHERE state <> 'succeeded';
`;

const spools = `
  CREATE TABLE spools (
    job TEXT PRIMARY KEY,
    last_id INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    entries INTEGER NOT NULL,
    dropped INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  -- Bodies are long, so the rows have a place of their own beside the index.
  CREATE TABLE spool_entries (
    seq INTEGER PRIMARY KEY,
    job TEXT NOT NULL,
    id INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    body BLOB NOT NULL,
    UNIQUE (job, id)
  ) STRICT;

  CREATE TABLE spool_keys (
    job TEXT NOT NULL,
    key TEXT NOT NULL,
    id INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    PRIMARY KEY (job, key)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX spool_keys_by_age ON spool_keys (job, received_at, id);
`;

/** Step i leads from `user_version` i to i + 1. */
export const MIGRATIONS: readonly string[] = [
  runsLeasesProgressRejects,
  sinkWords,
  takenRejects,
  rejectAges,
  replaySteps,
  schedules,
  spools,
];
