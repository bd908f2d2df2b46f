/** Ends with 0 where the daemon in this container is live; the image has no curl. MILLRACE_HEALTH_URL names another port. */
import { get } from "node:http";

const url = process.env["MILLRACE_HEALTH_URL"] ?? "http://127.0.0.1:9464/healthz";
const end = (healthy) => process.exit(healthy ? 0 : 1);

get(url, { timeout: 3_000 }, ({ statusCode }) => end(statusCode === 200))
  .on("timeout", () => end(false))
  .on("error", () => end(false));
