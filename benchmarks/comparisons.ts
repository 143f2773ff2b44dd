import type { Comparison } from "./comparison.ts";
import { cachedLoad } from "./comparisons/cache.ts";
import { concurrentLoads, concurrentSaves } from "./comparisons/concurrency.ts";
import { groupCommit } from "./comparisons/group-commit.ts";
import { loadMany } from "./comparisons/load-many.ts";
import { flatness, longHistory } from "./comparisons/long-history.ts";
import { proof } from "./comparisons/proof.ts";
import { replay } from "./comparisons/replay.ts";
import { roundTrips } from "./comparisons/round-trips.ts";
import { saveSize } from "./comparisons/save-size.ts";
import { smallHeap } from "./comparisons/small-heap.ts";
import { atomicSnapshot, idleBackground, meanBackground, syncSnapshot } from "./comparisons/snapshot-cost.ts";
import { stateSize } from "./comparisons/state-size.ts";
import { tail } from "./comparisons/tail.ts";
import { telemetryOff } from "./comparisons/telemetry.ts";

/** All of them, in the order of the report. Histories are made by the first that need them, and saves come last. */
export const comparisons: readonly Comparison[] = [
  replay,
  smallHeap,
  longHistory,
  flatness,
  tail,
  stateSize,
  proof,
  cachedLoad,
  loadMany,
  telemetryOff,
  concurrentLoads,
  roundTrips,
  saveSize,
  concurrentSaves,
  groupCommit,
  syncSnapshot,
  atomicSnapshot,
  idleBackground,
  meanBackground,
];
