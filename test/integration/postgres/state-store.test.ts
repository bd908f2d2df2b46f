import { systemClock } from "../../../src/core/clock.ts";
import { openPostgresStore } from "../../../src/state/postgres/store.ts";
import { describeStateStore } from "../../conformance/state-store.conformance.ts";
import { usePostgres } from "../../support/postgres.ts";

const database = usePostgres();
let made = 0;

describeStateStore("postgres store", () =>
  openPostgresStore({
    url: database.server.url(),
    schema: `state_${++made}`,
    clock: systemClock,
    // The suite says what time it is.
    leaseClock: "caller",
  }),
);
