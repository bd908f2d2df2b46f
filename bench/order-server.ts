/**
 * A local service that takes orders and gives them. Prints its port.
 *
 * `POST /orders` answers after a few milliseconds, as one in the same building would; `GET /taken` says what it has taken;
 * `GET /file` is the file of its first argument.
 */
import { createReadStream } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const DELAY_MS = 5;
const PIECE_BYTES = 256 * 1024;

const file = process.argv[2] ?? "";
const taken = { orders: 0, ids: 0 };

const server = createServer((request, response) => {
  if (request.url === "/taken") return response.end(JSON.stringify(taken));
  if (request.url === "/file") return createReadStream(file, { highWaterMark: PIECE_BYTES }).pipe(response);
  let body = "";
  request.setEncoding("utf8");
  request.on("data", (text: string) => (body += text));
  request.on("end", () => {
    taken.orders++;
    taken.ids += Number((JSON.parse(body) as { id: number | string }).id);
    setTimeout(() => response.end("{}"), DELAY_MS);
  });
  return undefined;
});
server.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port));
