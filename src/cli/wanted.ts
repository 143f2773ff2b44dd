import { type AggregateType, wantedSnapshot } from "../aggregates/aggregate-definition.ts";
import type { AnyAggregate } from "../aggregates/aggregate-root.ts";
import type { WantedOfType } from "../snapshots/snapshot-store.ts";
import type { Repositories } from "./load-config.ts";

/** What the loads of the user's classes ask for. */
export function wantedBy(repositories: Repositories): readonly WantedOfType[] {
  return [...repositories.values()].map((repository) =>
    wantedSnapshot(repository.createNew("any").constructor as AggregateType<AnyAggregate>),
  );
}
