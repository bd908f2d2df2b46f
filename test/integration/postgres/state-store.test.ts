import { systemClock } from "../../../src/core/clock.ts";
import type { StateStore } from "../../../src/core/ports/state-store.ts";
import { openPostgresStore } from "../../../src/state/postgres/store.ts";
import { describeScheduleStore } from "../../conformance/schedule-store.conformance.ts";
import { describeSpoolStore } from "../../conformance/spool-store.conformance.ts";
import { describeStateStore } from "../../conformance/state-store.conformance.ts";
import { usePostgres } from "../../support/postgres.ts";

const database = usePostgres();
let made = 0;

// The suite says what time it is.
const openIn = (schema: string) =>
  openPostgresStore({ url: database.server.url(), schema, clock: systemClock, leaseClock: "caller" });

describeStateStore("postgres store", () => openIn(`state_${++made}`));

const openSeveral = (times: number): Promise<readonly StateStore[]> => {
  const schema = `state_${++made}`;
  return Promise.all(Array.from({ length: times }, () => openIn(schema)));
};

describeScheduleStore("postgres store", { open: openSeveral, histories: 20, rounds: 200 });
describeSpoolStore("postgres store", { open: openSeveral, rounds: 100 });
