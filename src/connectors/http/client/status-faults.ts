/** What a status other than success means: RFC 9110, 15. */
import { STATUS_CODES } from "node:http";
import { MillraceError } from "../../../core/errors.ts";
import type { Faults } from "./faults.ts";
import type { HttpAnswer } from "./port.ts";
import { retryAfterMs } from "./retry-after.ts";
import type { Secrets } from "./secrets.ts";
import { shownUrl } from "./shown-url.ts";
import { textOfBody } from "./text-of-body.ts";

/** Client errors that mean "later"; 425 and 429 are of RFC 8470 and RFC 6585. */
const LATER: ReadonlySet<number> = new Set([408, 425, 429]);

/** Client errors that no other record would fare better with. */
const OF_ALL: ReadonlySet<number> = new Set([401, 407]);

/** Whether the same request may succeed after a while. */
export function mayPass(status: number): boolean {
  return status >= 500 || LATER.has(status);
}

/** What a fault is told of. */
export interface Refused {
  readonly answer: HttpAnswer;
  readonly method: string;
  readonly body: Uint8Array;
  /** The credentials did not go along, because a redirect led to another host. */
  readonly abroad: boolean;
}

/** Makes the errors of one client. */
export class StatusFaults {
  readonly #faults: Faults;
  readonly #secrets: Secrets;

  constructor(faults: Faults, secrets: Secrets) {
    this.#faults = faults;
    this.#secrets = secrets;
  }

  /** @param now wall-clock time, milliseconds since 1970 */
  of(refused: Refused, now: number): MillraceError {
    const { answer } = refused;
    const { status } = answer;
    const key = keyOf(status);
    const message = `${this.#told(refused)}; ${this.#advice(refused)}`;
    const waitMs = retryAfterMs((name) => answer.header(name), now);
    if (mayPass(status)) {
      const details = { status, ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }) };
      return this.#faults.passing(key, message, { details });
    }
    const details = { status };
    if (this.#faults.side === "source" || OF_ALL.has(status) || status < 400)
      return this.#faults.lasting(key, message, { details });
    return new MillraceError("ROW_REFUSED", `${this.#faults.name}.${key}: ${message}`, { details });
  }

  #told({ answer, method, body }: Refused): string {
    const text = STATUS_CODES[answer.status];
    const said = textOfBody(this.#secrets.hide(new TextDecoder().decode(body)));
    const told = `${method} ${shownUrl(answer.url)} answered ${answer.status}${text === undefined ? "" : ` ${text}`}`;
    return said === "" ? told : `${told}: ${said}`;
  }

  #advice({ answer, abroad }: Refused): string {
    const { status } = answer;
    if (abroad && (status === 401 || status === 403))
      return "a redirect led there, and credentials do not go to another host: set url to that address";
    const advice = ADVICE[status];
    if (advice !== undefined) return advice;
    if (status >= 500) return "the server has trouble, so it is tried again";
    if (status >= 400) return "check what is sent: address, headers and body";
    return "no such answer is expected of this address";
  }
}

function keyOf(status: number): string {
  if (status === 401 || status === 403) return "auth";
  return status === 407 ? "proxy" : "url";
}

const ADVICE: Readonly<Record<number, string>> = {
  401: "check auth: who is this, and is the password, key or token still good?",
  403: "check auth: who this is may not do that",
  404: "check the address",
  405: "check method",
  407: "check user and password in proxy",
  410: "check the address",
  413: "the server takes no body of that size; batch.bytes and batch.records make batches smaller",
  429: "it is tried again; a rateLimit keeps below what the server allows",
};
