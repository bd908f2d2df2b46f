/** The table of leases. */
import type { DatabaseSync } from "node:sqlite";
import { type Lease, decideLease } from "../lease.ts";
import type { Arguments, Outcome } from "../operations.ts";
import { type Row, int, text } from "./row.ts";

/** Who holds which (job, scope). */
export class LeaseTable {
  readonly #find;
  readonly #put;
  readonly #delete;

  constructor(database: DatabaseSync) {
    this.#find = database.prepare("SELECT * FROM leases WHERE job = ? AND scope = ?");
    this.#put = database.prepare(
      `INSERT OR REPLACE INTO leases (job, scope, owner, host, pid, machine, process_start, until)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#delete = database.prepare("DELETE FROM leases WHERE job = ? AND scope = ? AND owner = ?");
  }

  acquire(...[{ job, scope }, owner, time, steal = false]: Arguments<"acquireLease">): Outcome<"acquireLease"> {
    const row = this.#find.get(job, scope);
    return decideLease(row === undefined ? undefined : toLease(row), { owner, time, steal }, ({ until }) => {
      const { id, host, pid, machine, processStart } = owner;
      this.#put.run(job, scope, id, host, pid, machine, processStart, until);
    });
  }

  find({ job, scope }: Arguments<"findLease">[0]): Outcome<"findLease"> {
    const row = this.#find.get(job, scope);
    return row === undefined ? undefined : toLease(row);
  }

  release(...[{ job, scope }, ownerId]: Arguments<"releaseLease">): void {
    this.#delete.run(job, scope, ownerId);
  }
}

function toLease(row: Row): Lease {
  return {
    owner: {
      id: text(row["owner"]),
      host: text(row["host"]),
      pid: int(row["pid"]),
      machine: text(row["machine"]),
      processStart: text(row["process_start"]),
    },
    until: int(row["until"]),
  };
}
