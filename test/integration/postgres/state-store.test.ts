import { systemClock } from "../../../src/core/clock.ts";
import { openPostgresStore } from "../../../src/state/postgres/store.ts";
import { describeScheduleStore } from "../../conformance/schedule-store.conformance.ts";
import { describeStateStore } from "../../conformance/state-store.conformance.ts";
import { usePostgres } from "../../support/postgres.ts";

const database = usePostgres();
let made = 0;

// The suite says what time it is.
const openIn = (schema: string) =>
  openPostgresStore({ url: database.server.url(), schema, clock: systemClock, leaseClock: "caller" });

describeStateStore("postgres store", () => openIn(`state_${++made}`));

describeScheduleStore("postgres store", {
  open: (times) => {
    const schema = `state_${++made}`;
    return Promise.all(Array.from({ length: times }, () => openIn(schema)));
  },
  histories: 20,
  rounds: 200,
});
