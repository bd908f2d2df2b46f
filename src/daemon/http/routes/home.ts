/** `/`: a page that lists the addresses there are. */
import type { HttpReply, HttpRoute } from "../../../core/ports/http-routes.ts";

/** The page over these routes. */
export function homeRoute(routes: readonly HttpRoute[]): HttpRoute {
  const reply = pageOf(routes);
  return { method: "GET", path: "/", access: "token", handle: () => reply };
}

function pageOf(routes: readonly HttpRoute[]): HttpReply {
  const rows = routes.map(({ method, path }) => `<li><code>${method} ${linked(method, path)}</code></li>`);
  const body = [
    "<!doctype html>",
    '<html lang="en">',
    '<head><meta charset="utf-8"><title>millrace</title></head>',
    `<body><h1>millrace</h1><ul>${rows.join("\n")}</ul></body>`,
    "</html>",
    "",
  ].join("\n");
  return { status: 200, headers: { "content-type": "text/html; charset=utf-8" }, body };
}

/** Paths are our own words, so nothing in them needs escaping. */
function linked(method: string, path: string): string {
  return method === "GET" && !path.includes(":") ? `<a href="${path}">${path}</a>` : path;
}
