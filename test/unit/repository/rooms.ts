/** The table of DESIGN.md: which room may import which. Every room may import core and itself. */
import type { Arrow } from "./import-graph.ts";
import { roomOf } from "./import-graph.ts";

const parts = [
  "aggregate",
  "compression",
  "connectors",
  "formats",
  "postgres",
  "scheduling",
  "server",
  "state",
] as const;
const upToActors = ["runtime", "observability", "task", "actors", "config", ...parts] as const;
const doors = ["pipeline", "runtime", "formats", "compression", "aggregate", "connectors"] as const;
const upToDaemon = [...upToActors, "pipeline", "batch", "streams", "http", "spi", "testing", "daemon"] as const;

/**
 * What each room may import beside core; an entry with a slash allows a part of a room, `room#specs` its option specs
 * (files `options.ts` and `catalog.ts`) alone.
 */
export const mayImport: Readonly<Record<string, readonly string[]>> = {
  core: [],
  runtime: [],
  compression: ["runtime"],
  aggregate: ["runtime"],
  postgres: ["runtime"],
  observability: ["runtime"],
  formats: ["runtime"],
  state: ["runtime", "postgres"],
  scheduling: ["runtime", "postgres"],
  server: [],
  connectors: ["runtime", "postgres", "server"],
  task: ["runtime/threads", "formats", "compression", "aggregate"],
  actors: ["runtime", "aggregate"],
  config: [
    "aggregate#specs",
    "formats#specs",
    "connectors#specs",
    "compression#specs",
    "state#specs",
    "scheduling#specs",
  ],
  pipeline: upToActors,
  batch: doors,
  streams: [...doors, "postgres"],
  testing: [...doors, "config", "observability", "state", "task"],
  http: ["runtime", "connectors"],
  spi: [...doors, "state", "streams"],
  daemon: ["runtime", "pipeline", "config", "scheduling", "state", "server", "observability"],
  bench: ["runtime", "formats", "connectors", "config", "postgres", "observability", "pipeline"],
  index: upToDaemon,
  cli: [...upToDaemon, "bench", "index"],
};

const specFile = /(?:^|\/)(?:options|catalog)\.ts$/;

/** Whether an arrow goes the way the table allows. */
export function allowed({ from, to }: Pick<Arrow, "from" | "to">): boolean {
  const [fromRoom, toRoom] = [roomOf(from), roomOf(to)];
  if (isOptionsOfConnector(from)) return toRoom === "core";
  if (fromRoom === toRoom || (toRoom === "core" && fromRoom in mayImport)) return true;
  return (mayImport[fromRoom] ?? []).some((target) => covers(target, to));
}

/** The specs of connectors are read at every start, so they stay free of everything but zod and the shared words. */
export function isOptionsOfConnector(file: string): boolean {
  return /^connectors\/.+\/options\.ts$/.test(file);
}

function covers(target: string, file: string): boolean {
  const [place = "", specsOnly] = target.split("#");
  const inPlace = file === `${place}.ts` || file.startsWith(`${place}/`);
  return inPlace && (specsOnly === undefined || specFile.test(file));
}
