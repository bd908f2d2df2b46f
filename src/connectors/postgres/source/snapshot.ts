/** The moment that all splits of a run are read as of: exported by one session and taken by the others. */
import type { Connection } from "../../../postgres/connection.ts";
import type { Server } from "./server.ts";

/** Holds a moment while it lasts; a session that is lost takes it along, and the next reader gets a new one. */
export class Snapshot implements AsyncDisposable {
  readonly #server: Server;
  #held: Promise<{ readonly connection: Connection; readonly id: string }> | undefined;

  constructor(server: Server) {
    this.#server = server;
  }

  /** Its name for `SET TRANSACTION SNAPSHOT`. Throws what the driver throws. */
  async id(): Promise<string> {
    const held = this.#held;
    if (held !== undefined) {
      const known = await held.catch(() => undefined);
      if (known !== undefined && known.connection.lost === undefined) return known.id;
      await known?.connection[Symbol.asyncDispose]();
      // somebody else may have found out before
      if (this.#held === held) this.#held = undefined;
    }
    this.#held ??= this.#export();
    return (await this.#held).id;
  }

  async #export(): Promise<{ readonly connection: Connection; readonly id: string }> {
    // not the signal of a split: the others outlive it
    const connection = await this.#server.beginApart();
    try {
      const { rows } = await connection.query("SELECT pg_export_snapshot() AS id");
      return { connection, id: String(rows[0]?.["id"]) };
    } catch (thrown) {
      await connection[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const held = await this.#held?.catch(() => undefined);
    this.#held = undefined;
    await held?.connection[Symbol.asyncDispose]();
  }
}
