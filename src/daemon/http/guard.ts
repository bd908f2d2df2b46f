/**
 * Who may ask at all.
 *
 * Without a token the server listens on loopback only, and what is left to fear is a browser on this machine: a page of
 * some site that posts to us (its `Origin` is another one), or one whose name was made to point here (DNS rebinding: its
 * `Host` is another one). So without a token only names of this machine are served. With one any name is, because such a
 * page does not know it, and proxies and containers pass their own names on.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { HttpReply } from "../../core/ports/http-routes.ts";
import { problem } from "./problem.ts";

/** The server's own name and secret. */
export interface GuardOptions {
  /** Where it listens, as the options name it. */
  readonly host: string;
  /** null: none is asked for. */
  readonly token: string | null;
}

/** Lets requests in, or says why not. */
export class Guard {
  readonly #hosts: ReadonlySet<string>;
  readonly #tokenHash: Buffer | null;

  constructor({ host, token }: GuardOptions) {
    this.#hosts = new Set(["localhost", "127.0.0.1", "[::1]", host.includes(":") ? `[${host}]` : host]);
    this.#tokenHash = token === null ? null : hashOf(token);
  }

  /** @param host the `Host` header; @returns null: it may go on */
  refuseHost(host: string): HttpReply | null {
    if (this.#tokenHash !== null || this.#hosts.has(hostnameOf(host))) return null;
    const hosts = [...this.#hosts].join(", ");
    return problem(403, "USAGE", `the Host header names none of ${hosts}; with admin.token set any name is served`);
  }

  /** @param authorization that header; @returns null: it may go on */
  refuseToken(authorization: string | undefined): HttpReply | null {
    if (this.#tokenHash === null) return null;
    const given = /^Bearer +(?<token>\S+) *$/i.exec(authorization ?? "")?.groups?.["token"];
    // Hashes have one length, and comparing them takes one time, whatever was given.
    if (given !== undefined && timingSafeEqual(hashOf(given), this.#tokenHash)) return null;
    const error = given === undefined ? "" : ', error="invalid_token"';
    const detail =
      given === undefined ? "this address asks for Authorization: Bearer and admin.token" : "that is not admin.token";
    return problem(401, "USAGE", detail, { "www-authenticate": `Bearer realm="millrace"${error}` });
  }

  /** Pages of other sites change nothing. @param origin that header, which browsers send; @returns null: it may go on */
  refuseOrigin(origin: string | undefined, host: string): HttpReply | null {
    if (origin === undefined || isSameHost(origin, host)) return null;
    return problem(
      403,
      "USAGE",
      "the Origin header names another site than the Host header; only pages from here may post",
    );
  }
}

function hashOf(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}

function hostnameOf(host: string): string {
  return host.toLowerCase().replace(/:\d*$/, "");
}

/** A proxy in front may speak TLS and we not, so the scheme says nothing; it only tells which port goes without saying. */
function isSameHost(origin: string, host: string): boolean {
  if (!URL.canParse(origin)) return false;
  const { protocol, host: originHost } = new URL(origin);
  const own = `${protocol}//${host}`;
  return originHost !== "" && URL.canParse(own) && new URL(own).host === originHost;
}
