/** A local service: answers `/rate?id=7` after a few milliseconds, as one in the same building would. Prints its port. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const DELAY_MS = 5;

const server = createServer((request, response) => {
  const id = Number(new URL(request.url ?? "/", "http://local").searchParams.get("id"));
  setTimeout(() => response.end(`{"rate":${id % 7}}`), DELAY_MS);
});
server.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port));
