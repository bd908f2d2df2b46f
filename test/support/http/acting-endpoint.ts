/** A receiver of records that acts once for every Idempotency-Key, refuses what is bad, and remembers all of it. */
import { type Endpoint, jsonReply, type Reply, type Request } from "./reply.ts";

/** How the bodies of an endpoint are made up, and how it answers. */
export interface ActingOptions {
  /** Several records a request; absent: the body is one. */
  readonly batch?: "json" | "jsonl";
  /** Whether a batch with bad records is refused whole, or taken but for these, with an answer a record. */
  readonly answers?: "whole" | "each";
  /** Records of these ids are bad. */
  readonly refuses?: (id: number) => boolean;
}

/** What the endpoint did under one key. */
export interface Act {
  readonly key: string;
  readonly body: string;
  /** Ids of the records that took effect. */
  readonly ids: readonly number[];
  /** How often it was asked for. */
  came: number;
  readonly reply: Reply;
}

interface SentRecord {
  readonly id: number;
}

/** One endpoint. */
export class ActingEndpoint implements Endpoint {
  /** By key, in the order in which it acted. */
  readonly acts = new Map<string, Act>();
  /** Bodies that came under a key with another body: a key has to stand for one request. */
  readonly conflicts: { readonly key: string; readonly bodies: readonly [string, string] }[] = [];
  /** Ids that it refused, each time that it did. */
  readonly refusals: number[] = [];
  readonly #options: ActingOptions;
  /** What came first under each key, also where it was refused. */
  readonly #bodies = new Map<string, string>();

  constructor(options: ActingOptions = {}) {
    this.#options = options;
  }

  /** Ids that took effect, in that order; one that stands here twice took effect twice. */
  get ids(): readonly number[] {
    return [...this.acts.values()].flatMap(({ ids }) => ids);
  }

  /** How often it was asked for something that it had done already. */
  get repetitions(): number {
    return [...this.acts.values()].reduce((sum, { came }) => sum + came - 1, 0);
  }

  answer({ headers, body, number }: Request): Reply {
    const key = headers["idempotency-key"] ?? `without-key-${number}`;
    const before = this.#bodies.get(key) ?? body;
    if (before !== body) this.conflicts.push({ key, bodies: [before, body] });
    this.#bodies.set(key, before);
    const done = this.acts.get(key);
    if (done === undefined) return this.#act(key, body);
    done.came++;
    return done.reply;
  }

  #act(key: string, body: string): Reply {
    const { refuses = () => false, answers = "whole" } = this.#options;
    const ids = this.#idsOf(body);
    const bad = ids.filter(refuses);
    this.refusals.push(...bad);
    if (bad.length > 0 && answers === "whole") return refusal(bad);
    const good = ids.filter((id) => !refuses(id));
    const reply = answers === "each" ? answersTo(ids, refuses) : jsonReply('{"ok":true}');
    this.acts.set(key, { key, body, ids: good, came: 1, reply });
    return reply;
  }

  #idsOf(body: string): readonly number[] {
    const { batch } = this.#options;
    if (batch === undefined) return [(JSON.parse(body) as SentRecord).id];
    const records =
      batch === "json"
        ? (JSON.parse(body) as SentRecord[])
        : body.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as SentRecord]));
    return records.map(({ id }) => id);
  }
}

function refusal(bad: readonly number[]): Reply {
  return jsonReply(JSON.stringify({ error: "bad id", ids: bad.slice(0, 5) }), 422);
}

function answersTo(ids: readonly number[], refuses: (id: number) => boolean): Reply {
  const results = ids.map((id) => (refuses(id) ? { status: 422, error: `bad id ${id}` } : { status: 201 }));
  return jsonReply(JSON.stringify({ results }), 207);
}
