/** A local service that keeps nothing of what it is sent and answers 202. Prints its port. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const ACCEPTED = 202;

const server = createServer((request, response) => {
  request.resume();
  request.on("end", () => response.writeHead(ACCEPTED, { "content-type": "application/json" }).end('{"accepted":1}\n'));
});
server.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port));
