/**
 * Keeps pages of other sites out, which a browser on this machine would carry in: one that posts to us (its `Origin` is
 * another one), or one whose name was made to point here (DNS rebinding: its `Host` is another one).
 */
import type { HttpReply } from "../core/ports/http-routes.ts";
import type { Caller, Gate } from "./gate.ts";
import { problem } from "./problem.ts";

/** The names by which this machine calls itself. */
const OWN_NAMES = ["localhost", "127.0.0.1", "[::1]"];

/** What a {@link SiteGate} knows. */
export interface SiteGateOptions {
  /** Where the server listens, as the options name it. */
  readonly host: string;
  /** Whether it may be asked for under any name. */
  readonly anyHost: boolean;
  /** What to do about a name that is not served. */
  readonly hint: string;
}

/** The gate of a server that asks for nothing itself. */
export class SiteGate implements Gate {
  readonly #options: SiteGateOptions;
  readonly #hosts: ReadonlySet<string>;

  constructor(options: SiteGateOptions) {
    const { host } = options;
    this.#options = options;
    this.#hosts = new Set([...OWN_NAMES, host.includes(":") ? `[${host}]` : host]);
  }

  refuse(caller: Caller): HttpReply | null {
    return caller.access === "own" ? null : (this.refuseHost(caller) ?? this.refuseOrigin(caller));
  }

  /** @returns null: it may go on */
  refuseHost({ host }: Pick<Caller, "host">): HttpReply | null {
    const { anyHost, hint } = this.#options;
    if (anyHost || this.#hosts.has(hostnameOf(host))) return null;
    return problem(403, "USAGE", `the Host header names none of ${[...this.#hosts].join(", ")}; ${hint}`);
  }

  /** Pages of other sites change nothing. @returns null: it may go on */
  refuseOrigin({ method, origin, host }: Pick<Caller, "method" | "origin" | "host">): HttpReply | null {
    if (method !== "POST" || origin === undefined || isSameHost(origin, host)) return null;
    return problem(
      403,
      "USAGE",
      "the Origin header names another site than the Host header; only pages from here may post",
    );
  }
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
