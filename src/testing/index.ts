/** The public test kit: doubles for what jobs and connectors reach from outside. */
export { FakeClock } from "./fake-clock.ts";
