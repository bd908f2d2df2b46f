/** What goes wrong below HTTP, in people's words: nobody there, a cut, a time that ran out, a certificate. */
import { isMillraceError, MillraceError } from "../../../core/errors.ts";
import { formatDuration } from "../../../core/quantity.ts";
import { messageOf } from "../../../core/thrown.ts";
import type { HttpConnectionOptions } from "../connection-options.ts";
import type { Faults } from "./faults.ts";
import { shownUrl } from "./shown-url.ts";

/** What was asked for when it happened. */
export interface Asked {
  readonly method: string;
  readonly url: URL;
  /** Whether an answer had begun. */
  readonly answered: boolean;
}

interface Kind {
  /** What happened. */
  readonly told: string;
  readonly advice: string;
  /** The option that it is about. */
  readonly key: string;
  /** It does not become better by waiting. */
  readonly lasting?: true;
}

const CUT: Kind = {
  key: "url",
  told: "the connection was cut",
  advice: "it is tried again; if that goes on, look at the server's log and at proxies in between",
};
/** Some servers do not even say so. */
const NO_CERTIFICATE = ". Or does it want a certificate of this client? Then set tls.cert and tls.key";
const AWAY = "check the address, the network, and whether the server runs";
const NO_WAY: Kind = { key: "url", told: "there is no way to that host", advice: AWAY };
const NOT_HTTP: Kind = {
  key: "url",
  told: "what came back is no proper HTTP",
  advice: "check host and port, and look at the server's log",
};
const UNTRUSTED: Kind = {
  key: "tls",
  told: "the server's certificate is not trusted",
  advice: "put the certificate of its authority into tls.ca",
  lasting: true,
};
const UNKNOWN_CLIENT: Kind = {
  ...UNTRUSTED,
  told: "the server wants a certificate of this client, or does not trust the one it got",
  advice: "check tls.cert and tls.key",
};

/** By the codes of the operating system, of OpenSSL and of undici. */
const KINDS: Readonly<Record<string, Kind>> = {
  ECONNREFUSED: { key: "url", told: "nobody listens there", advice: AWAY },
  ENOTFOUND: { key: "url", told: "no host has that name", advice: "check the address and the name server" },
  EAI_AGAIN: { key: "url", told: "the name server does not answer", advice: "check the network and the name server" },
  EHOSTUNREACH: NO_WAY,
  EHOSTDOWN: NO_WAY,
  ENETUNREACH: NO_WAY,
  ENETDOWN: NO_WAY,
  ETIMEDOUT: { key: "url", told: "nobody answers there", advice: AWAY },
  ECONNRESET: CUT,
  ECONNABORTED: CUT,
  EPIPE: CUT,
  UND_ERR_SOCKET: CUT,
  UND_ERR_ABORTED: CUT,
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: {
    ...CUT,
    told: "the body has another length than its Content-Length says",
  },
  UND_ERR_HEADERS_OVERFLOW: {
    key: "url",
    told: "the reply's headers are longer than 16 KiB",
    advice: "have the server send fewer",
    lasting: true,
  },
  EPROTO: {
    key: "url",
    told: "that port does not speak TLS as it should",
    advice: "should it be http instead of https, or another port?",
    lasting: true,
  },
  CERT_HAS_EXPIRED: {
    ...UNTRUSTED,
    told: "the server's certificate has expired",
    advice: "have it renewed, and check this machine's clock",
  },
  CERT_NOT_YET_VALID: {
    ...UNTRUSTED,
    told: "the server's certificate is not valid yet",
    advice: "check this machine's clock",
  },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    ...UNTRUSTED,
    told: "the server's certificate is for another host",
    advice: "use a name in url that the certificate holds",
  },
  UND_ERR_PRX_CONN: { ...CUT, key: "proxy", told: "the proxy cut the connection" },
  UND_ERR_PRX_TLS: {
    ...UNTRUSTED,
    key: "proxy",
    told: "the proxy's certificate is for another host",
    advice: "use a name in proxy that the certificate holds",
  },
};

/** Codes that come in families, the first that fits. */
const FAMILIES: readonly (readonly [RegExp, Kind])[] = [
  [/ALERT_(?:CERTIFICATE|BAD_CERTIFICATE|UNKNOWN_CA|HANDSHAKE)|ALERT_.*CERTIFICATE_REQUIRED/, UNKNOWN_CLIENT],
  [/^ERR_SSL_(?:WRONG_VERSION_NUMBER|PACKET_LENGTH|HTTP_REQUEST|UNKNOWN_PROTOCOL)/, KINDS["EPROTO"] as Kind],
  [/CERT|SELF_SIGNED|UNABLE_TO_(?:VERIFY|GET)/, UNTRUSTED],
  [/^HPE_/, NOT_HTTP],
];

/** Of a client that was disposed of. */
const GONE: ReadonlySet<string> = new Set(["UND_ERR_DESTROYED", "UND_ERR_CLOSED"]);

/** What a proxy says to CONNECT when it does not let the request through. */
const PROXY_REFUSAL = /^Proxy response \((?<status>\d+)\)|Proxy Authentication Required/;

/** Makes errors of what undici throws. */
export class NetworkFaults {
  readonly #faults: Faults;
  readonly #timeout: HttpConnectionOptions["timeout"];

  constructor(faults: Faults, timeout: HttpConnectionOptions["timeout"]) {
    this.#faults = faults;
    this.#timeout = timeout;
  }

  /** One that is ours already comes back as it is. */
  of(thrown: unknown, asked: Asked): MillraceError {
    if (isMillraceError(thrown)) return thrown;
    const code = codeOf(thrown);
    return this.#late(code, thrown, asked) ?? this.#proxy(thrown, asked) ?? this.#known(code, thrown, asked);
  }

  /** Of one of our own limits. */
  total(asked: Pick<Asked, "method" | "url">, limitMs: number): MillraceError {
    const message = `${named(asked)} was not through within ${formatDuration(limitMs)}; raise it if the server may take so long`;
    return this.#faults.passing("timeout.total", message);
  }

  #late(code: string, cause: unknown, asked: Asked): MillraceError | undefined {
    const { connect, headers, idle } = this.#timeout;
    const late = (phase: string, told: string, limitMs: number): MillraceError => {
      const message = `${named(asked)}: ${told} within ${formatDuration(limitMs)}; raise it if the server may take so long`;
      return this.#faults.passing(`timeout.${phase}`, message, { cause });
    };
    if (code === "UND_ERR_CONNECT_TIMEOUT") return late("connect", "no connection", connect);
    if (code === "UND_ERR_HEADERS_TIMEOUT") return late("headers", "no answer", headers);
    if (code === "UND_ERR_BODY_TIMEOUT") return late("idle", "nothing more of the body", idle);
    return undefined;
  }

  #proxy(thrown: unknown, asked: Asked): MillraceError | undefined {
    const refusal = PROXY_REFUSAL.exec(messageOf(thrown));
    if (refusal === null) return undefined;
    const status = Number(refusal.groups?.["status"] ?? 407);
    const message = `${named(asked)}: the proxy answered ${status}`;
    if (status >= 500) return this.#faults.passing("proxy", `${message}; it does not reach the server`);
    const advice = status === 407 ? "check user and password in proxy" : "check what it lets through";
    return this.#faults.lasting("proxy", `${message}; ${advice}`);
  }

  #known(code: string, thrown: unknown, asked: Asked): MillraceError {
    if (code === "UND_ERR_INVALID_ARG") return this.#unsendable(thrown, asked);
    if (GONE.has(code)) return new MillraceError("CLOSED", `${named(asked)}: the HTTP client is closed`);
    const kind = kindOf(code, thrown);
    const told = kind?.told ?? messageOf(thrown);
    const within = asked.answered && kind === CUT ? " within the reply" : "";
    const doubt = kind === CUT && !asked.answered && asked.url.protocol === "https:" ? NO_CERTIFICATE : "";
    const message = `${named(asked)}: ${told}${within}${code === "" ? "" : ` (${code})`}; ${kind?.advice ?? AWAY}${doubt}`;
    const cause = withoutData(thrown);
    if (kind?.lasting === true) return this.#faults.lasting(kind.key, message, { cause });
    return this.#faults.passing(kind?.key ?? "url", message, { cause });
  }

  /** What a record made of method, url or headers cannot be sent; of the config itself all of that was checked before. */
  #unsendable(thrown: unknown, asked: Asked): MillraceError {
    const message = `${named(asked)} cannot be sent: ${messageOf(thrown)}; a header may not hold control characters`;
    if (this.#faults.side === "source") return this.#faults.lasting("headers", message);
    return this.#faults.lasting("headers", message, { fault: "record" });
  }
}

function kindOf(code: string, thrown: unknown): Kind | undefined {
  // Where writing meets the server's alert, only the message says so.
  if (code === "EPROTO" && /\balert\b/i.test(messageOf(thrown))) return UNKNOWN_CLIENT;
  return KINDS[code] ?? FAMILIES.find(([pattern]) => pattern.test(code))?.[1];
}

function named({ method, url }: Pick<Asked, "method" | "url">): string {
  return `${method} ${shownUrl(url)}`;
}

/** A parser's error has a code of its own only sometimes. */
function codeOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return "";
  const code: unknown = "code" in thrown ? thrown.code : undefined;
  if (typeof code === "string") return code;
  return thrown.name === "HTTPParserError" ? "HPE_INVALID" : "";
}

/** A parser's error carries what it could not read, which may be anything. */
function withoutData(thrown: unknown): unknown {
  if (thrown instanceof Error && "data" in thrown) thrown.data = undefined;
  return thrown;
}
