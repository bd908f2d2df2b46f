/** The thread's side of the store: owns the database and answers until it is told to close. */
import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import { openDatabase } from "./database.ts";
import { toStateError } from "./errors.ts";
import { GroupCommit } from "./group-commit.ts";
import { type FromThread, type StateRequest, type ToThread, packError } from "./messages.ts";

/** What the thread is started with. */
export interface ServeOptions {
  readonly file: string;
  /** The store, for people. */
  readonly label: string;
}

/** Opens the database, says so (or why not), and serves the port. */
export function serve(port: MessagePort, { file, label }: ServeOptions): void {
  const send = (message: FromThread): void => port.postMessage(message);
  const opened = open(file, label);
  if ("error" in opened) {
    send({ kind: "failed", error: opened.error });
    port.close();
    return;
  }
  const { database, group } = opened;
  port.on("message", (first: ToThread) => {
    const { requests, close } = gather(port, first);
    if (requests.length > 0) {
      const replies = group.run(requests);
      send({ kind: "replies", replies, transactions: group.transactions });
    }
    if (!close) return;
    database.close();
    send({ kind: "closed" });
    port.close();
  });
  send({ kind: "opened" });
}

function open(file: string, label: string) {
  try {
    const database = openDatabase(file, label);
    return { database, group: new GroupCommit(database, label) };
  } catch (thrown) {
    return { error: packError(toStateError(thrown, label)) };
  }
}

/** Everything that waits in the port by now; what comes after a close is left alone. */
function gather(port: MessagePort, first: ToThread): { requests: readonly StateRequest[]; close: boolean } {
  const requests: StateRequest[] = [];
  for (let next: ToThread | undefined = first; next !== undefined; next = take(port)) {
    if (next.kind === "close") return { requests, close: true };
    requests.push(next.request);
  }
  return { requests, close: false };
}

function take(port: MessagePort): ToThread | undefined {
  return receiveMessageOnPort(port)?.message;
}
