/** Where undici sends requests: straight to their host, or by a proxy. */
import { X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import { Agent, Client, type Dispatcher, EnvHttpProxyAgent, Pool, ProxyAgent } from "undici";
import { isLoopback } from "../../../core/loopback.ts";
import { messageOf } from "../../../core/thrown.ts";
import { readCertificates } from "../../certificates.ts";
import type { HttpConnectionOptions } from "../connection-options.ts";
import type { Faults } from "./faults.ts";

/** What connections are made with. */
export interface DispatcherSettings {
  readonly connection: HttpConnectionOptions;
  readonly faults: Faults;
  /** Folder that paths of certificates start from. */
  readonly baseDir: string;
  /** Most connections per host. */
  readonly connections: number;
  /** The environment, for its proxies. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

interface Certificates {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** The dispatchers of one client, and how many connections they have open. */
export class Dispatchers implements AsyncDisposable {
  readonly #direct: Agent;
  readonly #proxied: Dispatcher | undefined;
  /** Whether the proxy is the environment's, which never means hosts of this machine. */
  readonly #byEnvironment: boolean;
  #connections = 0;

  /** @throws MillraceError CONFIG_UNREADABLE for a certificate, CONFIG_INVALID for one that is none or a proxy's address */
  static async create(settings: DispatcherSettings): Promise<Dispatchers> {
    const { connection, faults, baseDir } = settings;
    const tls = await readCertificates(connection.tls ?? {}, baseDir, `${faults.name}.tls`);
    const certificates: Certificates = typeof tls === "object" ? tls : {};
    try {
      createSecureContext(certificates);
      if (certificates.ca !== undefined) parseAuthority(certificates.ca);
    } catch (thrown) {
      throw faults.unusable(
        "tls",
        `${messageOf(thrown)}; expected certificates and a key as PEM, and a key that fits cert`,
      );
    }
    return new Dispatchers(settings, certificates);
  }

  private constructor({ connection, faults, connections, env }: DispatcherSettings, tls: Certificates) {
    const { timeout, proxy } = connection;
    const connect = { ...tls, timeout: timeout.connect };
    const common = { connections, pipelining: 1, allowH2: false };
    const factory = (origin: string | URL, given: object): Dispatcher => this.#counted(origin, { ...common, ...given });
    const options = { ...common, connect, factory };
    this.#direct = new Agent(options);
    this.#byEnvironment = proxy === undefined;
    const byProxy = {
      ...options,
      connectTimeout: timeout.connect,
      requestTls: connect,
      // The own certificate is for the server alone.
      proxyTls: { ...(tls.ca === undefined ? {} : { ca: tls.ca }), timeout: timeout.connect },
      // Who asks a proxy for a tunnel.
      clientFactory: (origin: URL, given: object) => factory(origin, { ...given, headersTimeout: timeout.headers }),
    };
    this.#proxied = proxyOf(proxy, { env, faults, options: byProxy });
  }

  /** Sockets that are open. */
  get connections(): number {
    return this.#connections;
  }

  /** Who sends a request to an address. */
  for(url: URL): Dispatcher {
    if (this.#proxied === undefined) return this.#direct;
    return this.#byEnvironment && isLoopback(url.hostname.replace(/^\[|\]$/g, "")) ? this.#direct : this.#proxied;
  }

  /** Cuts what is under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#direct.destroy(), this.#proxied?.destroy()]);
  }

  #counted(origin: string | URL, options: Pool.Options): Dispatcher {
    const dispatcher = options.connections === 1 ? new Client(origin, options) : new Pool(origin, options);
    return dispatcher.on("connect", () => this.#connections++).on("disconnect", () => this.#connections--);
  }
}

/** A context takes an authority's certificate whatever it is, and then trusts nobody. */
function parseAuthority(pem: string): X509Certificate {
  return new X509Certificate(pem);
}

interface ProxySettings extends Pick<DispatcherSettings, "env" | "faults"> {
  readonly options: Omit<ProxyAgent.Options, "uri">;
}

/** Undefined where there is none. The message does not show its address: that may hold a password. */
function proxyOf(
  proxy: HttpConnectionOptions["proxy"],
  { env, faults, options }: ProxySettings,
): Dispatcher | undefined {
  if (proxy === false) return undefined;
  try {
    if (proxy !== undefined) return new ProxyAgent({ ...options, uri: proxy });
    const httpProxy = env["http_proxy"] ?? env["HTTP_PROXY"] ?? "";
    const httpsProxy = env["https_proxy"] ?? env["HTTPS_PROXY"] ?? "";
    if (httpProxy === "" && httpsProxy === "") return undefined;
    const noProxy = env["no_proxy"] ?? env["NO_PROXY"] ?? "";
    return new EnvHttpProxyAgent({ ...options, httpProxy, httpsProxy, noProxy });
  } catch {
    const advice = "write http://host:port, with user:password@ before the host where it asks for them";
    const where = proxy === undefined ? "HTTP_PROXY or HTTPS_PROXY of the environment" : "what stands there";
    throw faults.unusable("proxy", `${where} is no address of a proxy; ${advice}`);
  }
}
