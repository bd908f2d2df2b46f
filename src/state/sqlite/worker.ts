/** The entry file of the thread that owns the database. */
import { parentPort, workerData } from "node:worker_threads";
import { type ServeOptions, serve } from "./serve.ts";

if (parentPort !== null) serve(parentPort, workerData as ServeOptions);
