/** Who of a group reads what: decided by the member that the group calls its leader. */
import kafkajs from "kafkajs";
import type { TopicPartition } from "../port.ts";
import type { TopicMetadata } from "./metadata.ts";

const { MemberAssignment, MemberMetadata } = kafkajs.AssignerProtocol;
const VERSION = 0;
const NO_USER_DATA = Buffer.alloc(0);

/** The name that Java's clients have for the same. */
export const STRATEGY = "roundrobin";

/** A member of the group, and what it said of itself. */
export interface GroupPeer {
  readonly memberId: string;
  readonly memberMetadata: Buffer;
}

/** What a member says of itself when it joins. */
export function subscriptionOf(topics: readonly string[]): Buffer {
  return MemberMetadata.encode({ version: VERSION, topics: [...topics], userData: NO_USER_DATA });
}

/** The topics that any member wants. */
export function topicsOf(members: readonly GroupPeer[]): string[] {
  return [...new Set(members.flatMap(({ memberMetadata }) => wishesOf(memberMetadata)))].toSorted();
}

/** Deals the partitions out one by one to those who want their topics. */
export function assign(
  members: readonly GroupPeer[],
  topics: readonly TopicMetadata[],
): { memberId: string; memberAssignment: Buffer }[] {
  const peers = members
    .map(({ memberId, memberMetadata }) => ({
      memberId,
      wishes: new Set(wishesOf(memberMetadata)),
      given: new Given(),
    }))
    .toSorted((a, b) => (a.memberId < b.memberId ? -1 : 1));
  let turn = 0;
  for (const { name, partitions } of topics) {
    const takers = peers.filter(({ wishes }) => wishes.has(name));
    for (const { partition } of partitions) takers[turn++ % takers.length]?.given.add(name, partition);
  }
  return peers.map(({ memberId, given }) => ({
    memberId,
    memberAssignment: MemberAssignment.encode({
      version: VERSION,
      assignment: Object.fromEntries(given.topics),
      userData: NO_USER_DATA,
    }),
  }));
}

/** What this member was given. */
export function partitionsIn(assignment: Buffer): TopicPartition[] {
  const decoded = assignment.length === 0 ? null : MemberAssignment.decode(assignment);
  return Object.entries(decoded?.assignment ?? {})
    .flatMap(([topic, partitions]) => partitions.map((partition) => ({ topic, partition })))
    .toSorted((a, b) => (a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1));
}

function wishesOf(metadata: Buffer): readonly string[] {
  return MemberMetadata.decode(metadata)?.topics ?? [];
}

class Given {
  readonly topics = new Map<string, number[]>();

  add(topic: string, partition: number): void {
    const partitions = this.topics.get(topic) ?? [];
    partitions.push(partition);
    this.topics.set(topic, partitions);
  }
}
