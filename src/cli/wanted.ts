import { definitionOfRepository } from "../aggregates/aggregate-repository.ts";
import type { WantedOfType } from "../snapshots/snapshot-store.ts";
import type { Repositories } from "./load-config.ts";

/** What the loads of the user's classes ask for. */
export function wantedBy(repositories: Repositories): readonly WantedOfType[] {
  return [...repositories.values()].map((repository) => definitionOfRepository(repository).wanted);
}
