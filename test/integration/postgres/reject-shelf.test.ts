import { connect } from "../../../src/postgres/connect.ts";
import { insertRejects } from "../../../src/postgres/rejects.ts";
import { describeRejectShelf } from "../../conformance/reject-shelf.conformance.ts";
import { openWriter, resolveSink, usePostgres } from "../../support/postgres.ts";

const postgres = usePostgres();

describeRejectShelf("tables beside the data", async () => {
  const url = postgres.server.url();
  await postgres.server.query("CREATE TABLE IF NOT EXISTS shelved (id int)");
  await using _writer = await openWriter({ url, table: "shelved" });
  const { rejects: shelf } = await resolveSink({ url, table: "shelved" });
  if (shelf === undefined) throw new TypeError("a sink that keeps positions keeps rejects");
  return {
    shelf,
    add: async (rejects) => {
      await using connection = await connect({ url, applicationName: "test" });
      await insertRejects(connection, "millrace", rejects);
    },
  };
});
