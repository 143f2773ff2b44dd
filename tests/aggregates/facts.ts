import type { RepositoryFact, RepositoryObserver } from "eventfold";

/** Remembers what a repository reports. */
export class Facts {
  readonly all: RepositoryFact[] = [];
  readonly observer: RepositoryObserver = (fact) => void this.all.push(fact);

  of<Kind extends RepositoryFact["kind"]>(kind: Kind): (RepositoryFact & { kind: Kind })[] {
    return this.all.filter((fact): fact is RepositoryFact & { kind: Kind } => fact.kind === kind);
  }

  /** Versions of the snapshots that were stored, in order. */
  get snapshotVersions(): number[] {
    return this.of("snapshot-stored").map(({ version }) => version);
  }

  /** Why snapshots were not used, in order. */
  get missReasons(): string[] {
    return this.of("missed").map(({ reason }) => reason);
  }
}
