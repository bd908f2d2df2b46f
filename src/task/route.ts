/** The user's `route`: which sinks each output goes to. */
import { nearestName } from "../core/nearest.ts";
import { messageOf } from "../core/thrown.ts";
import { isPromise, type Outcome, rejected } from "./outcome.ts";
import { positionInModule } from "./stack-position.ts";

/** An output's way: the name of a sink, several names, or null for none. */
export type Route = (output: unknown) => unknown;

/** Sends an outcome's outputs on their ways; a route that makes no sense rejects the record. Never throws. */
export type Router = (outcome: Outcome) => Outcome;

/** Ways to each of the sinks, made once. */
type Ways = ReadonlyMap<string, readonly string[]>;

const NOWHERE: readonly string[] = [];
const ASKED = "return a sink's name, an array of names, or null for none";

/** @param module the real path of the file the route came from, for telling the user's own line */
export function router(route: Route, module: string, sinks: readonly string[]): Router {
  const ways: Ways = new Map(sinks.map((sink) => [sink, [sink]]));
  return (outcome) => {
    if (outcome.kind !== "outputs") return outcome;
    const routes: (readonly string[])[] = [];
    for (const output of outcome.outputs) {
      try {
        const way = wayOf(route(output), ways);
        if ("kind" in way) return way;
        routes.push(way);
      } catch (thrown) {
        const position = positionInModule(thrown, module);
        const where = position === undefined ? "" : `${position}: `;
        return rejected("transform", "TRANSFORM_FAILED", `${where}route: ${messageOf(thrown)}`);
      }
    }
    return { kind: "outputs", outputs: outcome.outputs, routes };
  };
}

function wayOf(returned: unknown, ways: Ways): readonly string[] | Outcome {
  if (typeof returned === "string") return ways.get(returned) ?? unknownSink(returned, ways);
  if (returned === null) return NOWHERE;
  if (returned === undefined) return rejected("transform", "TRANSFORM_NO_RESULT", `route returned nothing; ${ASKED}`);
  if (isPromise(returned)) returned.then(undefined, () => {});
  if (!Array.isArray(returned))
    return rejected("transform", "TRANSFORM_FAILED", `route returned ${nameOf(returned)}; ${ASKED}`);
  for (const name of returned as readonly unknown[]) {
    if (typeof name !== "string") {
      return rejected("transform", "TRANSFORM_FAILED", `route returned an array with ${nameOf(name)} in it; ${ASKED}`);
    }
    if (!ways.has(name)) return unknownSink(name, ways);
  }
  // A copy: the user's array may change before the last output is written.
  return [...(returned as readonly string[])];
}

function unknownSink(name: string, ways: Ways): Outcome {
  const nearest = nearestName(name, [...ways.keys()]);
  return rejected(
    "transform",
    "ROUTE_UNKNOWN",
    `route: there is no sink ${JSON.stringify(name)}; the job's sinks are ${[...ways.keys()].join(", ")}` +
      (nearest === undefined ? "" : ` (nearest: ${nearest})`),
  );
}

function nameOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (isPromise(value)) return "a promise, but it must be synchronous";
  return `a value of type ${typeof value}`;
}
