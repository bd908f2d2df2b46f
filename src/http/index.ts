/** `millrace/http`: the HTTP client of the connectors for one's own code, such as transforms in mode async. */
export { type HttpQuery, path } from "./address.ts";
export { statusOf } from "./faults.ts";
export { createHttp, type Http, type HttpStats } from "./http.ts";
export type { HttpOptions, Time } from "./options.ts";
export type { HttpCallOptions, HttpRequest } from "./request.ts";
export type { HttpResponse } from "./response.ts";
export { isMillraceError, MillraceError } from "../core/errors.ts";
