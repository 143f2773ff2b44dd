import { randomUUID } from "node:crypto";
import {
  AggregateCache,
  AggregateRepository,
  OptimisticConcurrencyError,
  Snapshot,
  type SnapshotMode,
  StreamErasedError,
} from "eventfold";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { Account, AccountOfSchema2 } from "./account.ts";
import { Facts } from "./facts.ts";
import { forged, tampered } from "./setup.ts";
import { eachStorage, type OpenStorage, type Storage } from "./stores.ts";

/** A build that runs beside others on the same stores. */
interface Build {
  readonly type: typeof Account;
  readonly mode: SnapshotMode;
  readonly threshold: number;
  readonly pageSize: number;
  /** Whether it shares the cache of the others that do. */
  readonly cached: boolean;
}

/** What may lie in the place of a snapshot. Each has a state that no replay gives. */
const rows = [
  "hand-built",
  "unsigned",
  "stale label",
  "ahead",
  "foreign",
  "damaged",
  "earlier",
  "other schema",
  "other build",
] as const;

type Step =
  | { readonly do: "save"; readonly build: number; readonly events: number; readonly reuse: boolean }
  | { readonly do: "snapshot" | "drain" | "load"; readonly build: number }
  | { readonly do: "put"; readonly row: (typeof rows)[number]; readonly version: number }
  | { readonly do: "delete" | "erase" }
  /** The stream goes back to a part of its length, as after a restore, and grows elsewhere; the snapshots stay. */
  | { readonly do: "restore"; readonly part: number; readonly grown: number | "as long as before" };

const builds = fc.array(
  fc.record<Build>({
    type: fc.constantFrom(Account, AccountOfSchema2),
    mode: fc.constantFrom("sync", "background", "atomic"),
    threshold: fc.integer({ min: 1, max: 7 }),
    pageSize: fc.constantFrom(1, 2, 3, 1_000),
    cached: fc.boolean(),
  }),
  { minLength: 1, maxLength: 3 },
);

const build = fc.nat({ max: 2 });
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("save"),
      build,
      events: fc.integer({ min: 1, max: 9 }),
      reuse: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("snapshot", "drain", "load"), build }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("put"), row: fc.constantFrom(...rows), version: fc.nat({ max: 40 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("delete", "erase") }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("restore"),
      part: fc.double({ min: 0, max: 1, noNaN: true }),
      grown: fc.oneof(fc.nat({ max: 9 }), fc.constant("as long as before" as const)),
    }),
  },
);
const steps = fc.array(anyStep, { minLength: 5, maxLength: 25, size: "max" });

eachStorage((open, kind) => {
  const numRuns = { memory: 400, SQLite: 200, PostgreSQL: 100 }[kind];

  it("a load gives what a full replay gives, whatever lies in the snapshot store, and whatever a cache holds", {
    timeout: 120_000,
  }, async () => {
    const facts = new Facts();
    const refusals: OptimisticConcurrencyError[] = [];
    const property = fc.asyncProperty(builds, steps, async (chosen, history) => {
      const world = await World.open(open, kind, chosen, { facts, refusals });
      for (const step of history) {
        await world.carryOut(step);
        await world.check();
      }
      await world.drain();
      await world.check();
    });
    await fc.assert(property, { numRuns });
    // The property would hold for repositories that never use a snapshot.
    expect(facts.of("loaded").some(({ snapshotVersion }) => snapshotVersion !== undefined)).toBe(true);
    const reasons = [
      "missing",
      "schema-mismatch",
      "fingerprint-mismatch",
      "corrupt",
      "unproven",
      "ahead-of-stream",
      "history-mismatch",
    ];
    expect(new Set(facts.missReasons)).toEqual(new Set(reasons));
    expect(facts.of("loaded").some(({ cachedVersion }) => cachedVersion !== undefined)).toBe(true);
    // A restore in memory gives another store, of which a cache knows nothing.
    const rejected = new Set(facts.of("cache-missed").map(({ reason }) => reason));
    expect(rejected).toEqual(new Set(kind === "memory" ? [] : ["ahead-of-stream", "history-mismatch"]));
    // Nor would it hold for instances of before a restore that are saved after it, at a version that happens to fit.
    expect(refusals.length).toBeGreaterThan(0);
    expect(refusals.filter(({ expectedEventId }) => expectedEventId === undefined)).toEqual([]);
  });
});

/** What happened, to see that everything did that may. */
interface Seen {
  readonly facts: Facts;
  /** Saves of instances whose version fitted. */
  readonly refusals: OptimisticConcurrencyError[];
}

/** One aggregate, the builds that use it, and whatever happens to it. */
class World {
  readonly #open: readonly Build[];
  readonly #seen: Seen;
  readonly #kind: string;
  readonly #id = randomUUID();
  readonly #cache = new AggregateCache({ entriesMax: 2 });
  #storage: Storage;
  #repositories: AggregateRepository<Account>[] = [];
  /** Those of before a restore, whose queues may still hold something. */
  readonly #former: AggregateRepository<Account>[] = [];
  /** Held on to by one of the builds, also across a restore. */
  #live: { build: number; account: Account } | undefined;
  /** A row of before, which a backup of the snapshots may bring back. */
  #earlier: Snapshot | undefined;
  #amount = 0;

  static async open(open: OpenStorage, kind: string, chosen: readonly Build[], seen: Seen): Promise<World> {
    return new World(await open(), kind, chosen, seen);
  }

  private constructor(storage: Storage, kind: string, chosen: readonly Build[], seen: Seen) {
    this.#storage = storage;
    this.#kind = kind;
    this.#open = chosen;
    this.#seen = seen;
    this.#openRepositories();
  }

  async carryOut(step: Step): Promise<void> {
    switch (step.do) {
      case "save":
        return this.#save(step.build % this.#repositories.length, step.events, step.reuse);
      case "snapshot": {
        const repository = this.#repositoryOf(step.build);
        const account = await repository.find(this.#id);
        return account && (await unlessErased(repository.createSnapshot(account)));
      }
      case "drain":
        return this.drain();
      case "load":
        return void (await this.#repositoryOf(step.build).find(this.#id));
      case "put":
        return this.#put(step.row, step.version);
      case "delete":
        return void (await this.#storage.snapshotStore.deleteSnapshot(this.#id, "Account"));
      case "erase":
        return void (await this.#repositories[0]!.erase(this.#id));
      case "restore":
        return this.#restore(step.part, step.grown);
    }
  }

  /** Every build loads what a full replay of the events gives. */
  async check(): Promise<void> {
    const replayed = await new AggregateRepository(Account, { eventStore: this.#storage.eventStore }).find(this.#id);
    for (const repository of this.#repositories) {
      const loaded = await repository.find(this.#id);
      expect([loaded?.version, loaded?.state]).toEqual([replayed?.version, replayed?.state]);
      const many = await repository.loadMany([randomUUID(), this.#id]);
      expect([...many.keys()]).toEqual(replayed === undefined ? [] : [this.#id]);
      const among = many.get(this.#id);
      expect([among?.version, among?.state]).toEqual([replayed?.version, replayed?.state]);
    }
  }

  async drain(): Promise<void> {
    for (const repository of [...this.#former, ...this.#repositories]) await repository.awaitPendingSnapshots();
  }

  async #save(index: number, events: number, reuse: boolean): Promise<void> {
    const repository = this.#repositoryOf(index);
    const live = reuse && this.#live?.build === index ? this.#live.account : undefined;
    const fitting = live?.version === (await repository.versionOf(this.#id)) ? live : undefined;
    const account =
      fitting === undefined
        ? await this.#grow(repository, events)
        : await this.#raiseAndSave(repository, fitting, events).catch(async (error: unknown) => {
            if (!(error instanceof OptimisticConcurrencyError)) throw error;
            this.#seen.refusals.push(error);
            return this.#grow(repository, events);
          });
    this.#live = { build: index, account };
  }

  async #grow(repository: AggregateRepository<Account>, events: number): Promise<Account> {
    return this.#raiseAndSave(repository, await repository.loadOrCreate(this.#id), events);
  }

  async #raiseAndSave(repository: AggregateRepository<Account>, account: Account, events: number): Promise<Account> {
    if (account.version === 0) account.open();
    // Never the same amount twice, so that a lost history differs from the one that grew in its place.
    for (let event = 0; event < events; event += 1) account.deposit((this.#amount += 1));
    await repository.save(account);
    return account;
  }

  async #put(row: (typeof rows)[number], version: number): Promise<void> {
    const { snapshotStore } = this.#storage;
    const wrong = { ownerName: "nobody", balance: -1, transactionCount: -1 };
    const written = await snapshotStore.getSnapshot(this.#id, "Account");
    const byHand = new Snapshot({
      aggregateType: "Account",
      aggregateId: this.#id,
      version: version + 1,
      state: wrong,
    });
    const stateText = byHand.stateText;
    const changed = {
      "hand-built": () => byHand,
      "stale label": () => written && tampered(written, { version: written.version + 1, stateText }),
      ahead: () => forged(byHand, { version: 1_000 + version, lastEventId: written?.lastEventId ?? "lost" }),
      foreign: () => forged(byHand, { lastEventId: randomUUID() }),
      damaged: () => written && tampered(written, { stateText: written.stateText.replace(/:(\d)/, ":1$1") }),
      unsigned: () => written && tampered(written, { stateText, checksum: undefined }),
      earlier: () => this.#earlier,
      "other schema": () => forged(byHand, { schemaVersion: 3 + (version % 2), lastEventId: written?.lastEventId }),
      "other build": () => forged(byHand, { fingerprint: "other", lastEventId: written?.lastEventId }),
    }[row]();
    if (changed === undefined) return;
    if (row === "earlier") await snapshotStore.deleteSnapshot(this.#id, "Account");
    this.#earlier = written;
    await unlessErased(snapshotStore.saveSnapshot(changed));
  }

  async #restore(part: number, growth: number | "as long as before"): Promise<void> {
    const stream = { aggregateType: "Account", aggregateId: this.#id };
    const head = await this.#storage.eventStore.versionOf(stream);
    const kept = Math.floor(head * part);
    // One event more opens the account again, where none was kept.
    const grown = growth === "as long as before" ? head - Math.max(kept, 1) : growth;
    this.#storage = await this.#storage.restore(stream, kept);
    this.#former.push(...this.#repositories);
    const elsewhere = new AggregateRepository(Account, { eventStore: this.#storage.eventStore });
    if (grown > 0) await this.#grow(elsewhere, grown);
    this.#openRepositories();
  }

  #repositoryOf(index: number): AggregateRepository<Account> {
    return this.#repositories[index % this.#repositories.length]!;
  }

  #openRepositories(): void {
    const { eventStore, snapshotStore: store } = this.#storage;
    this.#repositories = this.#open.map(
      ({ type, pageSize, mode, threshold, cached }) =>
        new AggregateRepository(type, {
          eventStore,
          pageSize,
          ...(cached && { cache: this.#cache }),
          // Stores in memory share no database.
          snapshots: { store, threshold, mode: this.#kind === "memory" && mode === "atomic" ? "sync" : mode },
          observer: this.#seen.facts.observer,
          logger: false,
        }),
    );
  }
}

/** Snapshots of what was erased are refused, until the stream grows past it. */
async function unlessErased(writing: Promise<unknown>): Promise<void> {
  await writing.catch((error: unknown) => expect(error).toBeInstanceOf(StreamErasedError));
}
