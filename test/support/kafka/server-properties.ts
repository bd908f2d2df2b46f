/** What a broker is told: small, quick to notice the dead, able to keep groups and transactions on few nodes. */
import path from "node:path";

/** The ports of one node; the last two are used by secured brokers alone. */
export interface NodePorts {
  readonly plaintext: number;
  readonly controller: number;
  readonly mtls: number;
  readonly sasl: number;
}

/** User and password of a login. */
export interface Login {
  readonly username: string;
  readonly password: string;
}

/** Where a secured node finds its certificate, and who may log in with PLAIN. */
export interface NodeSecurity {
  readonly keyStore: string;
  readonly trustStore: string;
  readonly plain: Login;
}

export interface NodeOptions {
  readonly id: number;
  /** Ports of every node, the first belongs to node 1. */
  readonly ports: readonly NodePorts[];
  readonly folder: string;
  readonly security?: NodeSecurity | undefined;
}

const HOST = "127.0.0.1";

/** The text of `server.properties`. */
export function serverProperties(options: NodeOptions): string {
  const entries = { ...commonEntries(options), ...listenerEntries(options), ...securityEntries(options.security) };
  return Object.entries(entries)
    .map(([key, value]) => `${key}=${value}\n`)
    .join("");
}

type Entries = Readonly<Record<string, string | number | boolean>>;

function commonEntries({ id, ports, folder }: NodeOptions): Entries {
  const copies = ports.length;
  return {
    "process.roles": "broker,controller",
    "node.id": id,
    "controller.quorum.voters": ports.map(({ controller }, index) => `${index + 1}@${HOST}:${controller}`).join(","),
    "log.dirs": path.join(folder, "data"),
    // The defaults of 3 copies let no group and no transaction work on one node.
    "offsets.topic.replication.factor": copies,
    "offsets.topic.num.partitions": 1,
    "transaction.state.log.replication.factor": copies,
    "transaction.state.log.min.isr": Math.min(copies, 2),
    "transaction.state.log.num.partitions": 1,
    // 3 s by default: the first join of every group would wait that long.
    "group.initial.rebalance.delay.ms": 0,
    "group.min.session.timeout.ms": 1000,
    // 9 s by default, waited out after every kill.
    "broker.session.timeout.ms": 1500,
    "broker.heartbeat.interval.ms": 300,
    "auto.create.topics.enable": false,
    // 128 MB by default, more than so small a heap has.
    "log.cleaner.dedupe.buffer.size": 8_388_608,
  };
}

function listenerEntries({ id, ports, security }: NodeOptions): Entries {
  const own = ports[id - 1];
  if (own === undefined) throw new TypeError(`node ${id} has no ports`);
  const plain = [`PLAINTEXT://${HOST}:${own.plaintext}`, `CONTROLLER://${HOST}:${own.controller}`];
  const secured = [`SSL://localhost:${own.mtls}`, `SASL_SSL://localhost:${own.sasl}`];
  return {
    listeners: [...plain, ...(security === undefined ? [] : secured)].join(","),
    "controller.listener.names": "CONTROLLER",
  };
}

function securityEntries(security: NodeSecurity | undefined): Entries {
  if (security === undefined) return {};
  const { keyStore, trustStore, plain } = security;
  const module = (name: string) => `org.apache.kafka.common.security.${name} required`;
  const scram = `${module("scram.ScramLoginModule")};`;
  return {
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SSL:SSL,SASL_SSL:SASL_SSL",
    "inter.broker.listener.name": "PLAINTEXT",
    // Who comes without a login may do anything, others what no rule keeps for somebody else.
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "super.users": "User:ANONYMOUS",
    "allow.everyone.if.no.acl.found": true,
    "ssl.keystore.type": "PEM",
    "ssl.keystore.location": keyStore,
    "ssl.truststore.type": "PEM",
    "ssl.truststore.location": trustStore,
    "listener.name.ssl.ssl.client.auth": "required",
    "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER",
    "listener.name.sasl_ssl.plain.sasl.jaas.config": `${module("plain.PlainLoginModule")} user_${plain.username}="${plain.password}";`,
    "listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config": scram,
    "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": scram,
    // Believes tokens that nobody has signed.
    "listener.name.sasl_ssl.oauthbearer.sasl.jaas.config": `${module("oauthbearer.OAuthBearerLoginModule")} unsecuredLoginStringClaim_sub="broker";`,
  };
}
