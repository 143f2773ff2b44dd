import { checkName } from "./bounds.ts";

/** Names one stream: the events of one aggregate. Two parts, never joined, so that no character in them can collide. */
export interface StreamId {
  /** 1 to 255 UTF-16 units, well-formed, without U+0000; compared exactly, without folding of case or accents. */
  readonly aggregateType: string;
  /** As `aggregateType`. */
  readonly aggregateId: string;
}

/** @throws {InvalidNameError} when either part is not a name that every store keeps exactly. */
export function checkStreamId(stream: StreamId): void {
  checkName("aggregate type", stream.aggregateType);
  checkName("aggregate id", stream.aggregateId);
}
