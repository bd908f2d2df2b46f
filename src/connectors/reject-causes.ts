/** Rejects by their causes, for places without a query language of their own. */
import { isMeant, type RejectCause, type RejectFilter, type StoredReject } from "../core/ports/reject-shelf.ts";

/** By split, stage, code and sink, in the order of the first of each. */
export async function groupByCause(
  rejects: AsyncIterable<StoredReject>,
  filter: RejectFilter,
): Promise<readonly RejectCause[]> {
  const groups = new Map<string, RejectCause>();
  for await (const reject of rejects) {
    if (!isMeant(reject, filter)) continue;
    const { split, stage, code, sink, id, message } = reject;
    const key = JSON.stringify([split, stage, code, sink ?? ""]);
    const known = groups.get(key);
    const made = { split, stage, code, ...(sink === undefined ? {} : { sink }), count: 1, first: id, message };
    groups.set(key, known === undefined ? made : { ...known, count: known.count + 1 });
  }
  return [...groups.values()];
}
