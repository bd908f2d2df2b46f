/**
 * Who may ask at all.
 *
 * Without a token the server listens on loopback only, and what is left to fear is a browser on this machine. So without
 * a token only names of this machine are served. With one any name is, because a page of another site does not know it,
 * and proxies and containers pass their own names on. A route that asks for a proof of its own is left alone.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { HttpReply } from "../../core/ports/http-routes.ts";
import type { Caller, Gate } from "../../server/gate.ts";
import { problem } from "../../server/problem.ts";
import { SiteGate } from "../../server/site-gate.ts";

/** The server's own name and secret. */
export interface GuardOptions {
  /** Where it listens, as the options name it. */
  readonly host: string;
  /** null: none is asked for. */
  readonly token: string | null;
}

/** Lets requests in, or says why not. */
export class Guard implements Gate {
  readonly #sites: SiteGate;
  readonly #tokenHash: Buffer | null;

  constructor({ host, token }: GuardOptions) {
    this.#sites = new SiteGate({ host, anyHost: token !== null, hint: "with admin.token set any name is served" });
    this.#tokenHash = token === null ? null : hashOf(token);
  }

  refuse(caller: Caller): HttpReply | null {
    const { access, authorization } = caller;
    if (access === "own") return null;
    return (
      this.#sites.refuseHost(caller) ??
      (access === "open" ? null : this.#refuseToken(authorization)) ??
      this.#sites.refuseOrigin(caller)
    );
  }

  #refuseToken(authorization: string | undefined): HttpReply | null {
    if (this.#tokenHash === null) return null;
    const given = /^Bearer +(?<token>\S+) *$/i.exec(authorization ?? "")?.groups?.["token"];
    // Hashes have one length, and comparing them takes one time, whatever was given.
    if (given !== undefined && timingSafeEqual(hashOf(given), this.#tokenHash)) return null;
    const error = given === undefined ? "" : ', error="invalid_token"';
    const detail =
      given === undefined ? "this address asks for Authorization: Bearer and admin.token" : "that is not admin.token";
    return problem(401, "USAGE", detail, { "www-authenticate": `Bearer realm="millrace"${error}` });
  }
}

function hashOf(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
