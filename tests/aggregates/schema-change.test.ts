import { AggregateRepository, AggregateRoot, type DomainEvent } from "eventfold";
import { expect, it } from "vitest";
import { Facts } from "./facts.ts";
import { setUp } from "./setup.ts";

type Earned = DomainEvent<"Earned", { points: number }>;

interface PointsState {
  points: number;
  /** Added later. */
  best?: number;
}

class Points extends AggregateRoot<PointsState, Earned> {
  static readonly aggregateType = "Points";
  static readonly schemaVersion: number = 1;

  protected initialState(): PointsState {
    return { points: 0 };
  }

  protected evolve(state: PointsState, event: Earned): PointsState {
    return { points: state.points + event.data.points };
  }

  earn(points: number): void {
    this.raise("Earned", { points });
  }
}

/** A field that the old state lacks. */
class PointsWithBest extends Points {
  static override readonly schemaVersion = 2;

  protected override evolve(state: PointsState, event: Earned): PointsState {
    const best = Math.max(state.best ?? 0, event.data.points);
    return { ...super.evolve(state, event), best };
  }
}

/** The same shape, with another meaning. */
class PointsDoubled extends Points {
  static override readonly schemaVersion = 2;

  protected override evolve(state: PointsState, event: Earned): PointsState {
    return { points: state.points + 2 * event.data.points };
  }
}

/** Points 5, 1, 2 with a snapshot of the first build. */
async function earned() {
  const { eventStore, snapshotStore } = setUp();
  const facts = new Facts();
  const repositoryOf = (type: typeof Points) =>
    new AggregateRepository(type, {
      eventStore,
      snapshots: { store: snapshotStore, threshold: 3 },
      observer: facts.observer,
      logger: false,
    });
  const points = repositoryOf(Points).createNew("a");
  for (const amount of [5, 1, 2]) points.earn(amount);
  await repositoryOf(Points).save(points);
  expect(facts.snapshotVersions).toEqual([3]);
  return { facts, repositoryOf, snapshotStore };
}

it("trap: an added field is computed by replay under a new schema version, not missing from an old snapshot", async () => {
  const { repositoryOf } = await earned();
  expect((await repositoryOf(PointsWithBest).load("a")).state).toEqual({ points: 8, best: 5 });
});

it("trap: changed logic is replayed under a new schema version, not built upon an old state", async () => {
  const { repositoryOf } = await earned();
  expect((await repositoryOf(PointsDoubled).load("a")).state).toEqual({ points: 16 });
});

it("the new build writes a row of its own, and the old build still finds its own", async () => {
  const { repositoryOf, facts, snapshotStore } = await earned();
  await repositoryOf(PointsWithBest).update("a", (points) => points.earn(3));
  expect(await snapshotStore.getSnapshot("a", "Points", { schemaVersion: 2 })).toMatchObject({
    version: 4,
    state: { points: 11, best: 5 },
  });
  expect((await repositoryOf(Points).load("a")).state).toEqual({ points: 11 });
  expect(facts.of("loaded").at(-1)).toMatchObject({ snapshotVersion: 3, eventsReplayed: 1 });
});

it("cleaning up below the new schema version deletes the old rows, and the old build replays", async () => {
  const { repositoryOf, facts, snapshotStore } = await earned();
  await repositoryOf(PointsWithBest).update("a", (points) => points.earn(3));
  expect(await snapshotStore.deleteSnapshotsByType("Points", { schemaVersionBelow: 2 })).toBe(1);
  expect((await repositoryOf(Points).load("a")).state).toEqual({ points: 11 });
  expect(facts.missReasons.at(-1)).toBe("schema-mismatch");
});
