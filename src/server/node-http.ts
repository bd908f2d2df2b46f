/**
 * Node's HTTP server. An `import` of `node:http` asks for all that it exports, also for `WebSocket`, which is taken from a
 * whole HTTP client of its own only when asked for: a tenth of what it takes to start, and some megabytes.
 */
export const { createServer, STATUS_CODES } = process.getBuiltinModule("node:http");
