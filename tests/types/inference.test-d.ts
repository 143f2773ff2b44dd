import { type as arktype } from "arktype";
import {
  type AggregateRepository,
  AggregateRoot,
  type AggregateType,
  type DomainEvent,
  defineAggregate,
  defineEvents,
  type EventData,
  type EventOf,
  type Logger,
  type RepositoryOptions,
  upgraded,
} from "eventfold";
import type { Logger as PinoLogger } from "pino";
import superjson from "superjson";
import * as v from "valibot";
import { describe, expectTypeOf, it } from "vitest";
import type { Logger as WinstonLogger } from "winston";
import { z } from "zod";
import type { Account, AccountEvent, AccountState } from "../aggregates/account.ts";
import { Wallet, type WalletCommand } from "../aggregates/wallet.ts";

// The compiler alone runs these, by `npm run typecheck`: a @ts-expect-error fails when the line after it compiles.

type Added = DomainEvent<"Added", { by: number }>;
type Named = DomainEvent<"Named", { name: string }>;

describe("a class", () => {
  class Counter extends AggregateRoot<{ value: number }, Added | Named> {
    static readonly aggregateType = "Counter";

    protected initialState(): { value: number } {
      return { value: 0 };
    }

    protected evolve(state: { value: number }, event: Added | Named): { value: number } {
      return event.type === "Added" ? { value: state.value + event.data.by } : state;
    }

    raiseAll(): void {
      this.raise("Added", { by: 1 });
      this.raise("Named", { name: "x" });
      // @ts-expect-error: data of another type
      this.raise("Added", { name: "x" });
      // @ts-expect-error: a field too many
      this.raise("Added", { by: 1, name: "x" });
      // @ts-expect-error: a field missing
      this.raise("Added", {});
      // @ts-expect-error: a type that is not among the events
      this.raise("Removed", { by: 1 });
    }
  }

  it("shows id, version, state and what its author wrote, and nothing else", () => {
    expectTypeOf<keyof Counter>().toEqualTypeOf<"id" | "version" | "state" | "raiseAll">();
    expectTypeOf<keyof Account>().toEqualTypeOf<
      "id" | "version" | "state" | "open" | "deposit" | "withdraw" | "grow"
    >();
  });

  it("keeps raise, evolve and initialState to itself", () => {
    const reach = (counter: Counter): void => {
      // @ts-expect-error: protected
      counter.raise("Added", { by: 1 });
      // @ts-expect-error: protected
      counter.evolve({ value: 0 }, {} as Added);
      // @ts-expect-error: protected
      counter.initialState("a");
      // @ts-expect-error: read only
      counter.version = 1;
      // @ts-expect-error: read only
      counter.id = "b";
      // @ts-expect-error: read only
      counter.state = { value: 1 };
    };
    expectTypeOf(reach).toBeFunction();
  });

  it("must declare an aggregate type, and may declare codecs and definitions that fit", () => {
    expectTypeOf(Counter).toExtend<AggregateType<Counter>>();
    class Bare extends AggregateRoot<object, Added> {
      protected initialState = () => ({});
      protected evolve = (state: object) => state;
    }
    // @ts-expect-error: static aggregateType is missing
    const type: AggregateType<Bare> = Bare;
    void type;
    expectTypeOf(superjson).toExtend<NonNullable<AggregateType<Counter>["stateCodec"]>>();
    expectTypeOf(
      z.codec(z.string(), z.date(), { decode: (s) => new Date(s), encode: (d) => d.toISOString() }),
    ).toExtend<NonNullable<AggregateType<Counter>["dataCodec"]>>();
  });
});

describe("a decider", () => {
  it("infers state, command and events without annotations on decide", () => {
    expectTypeOf(Wallet).toExtend<AggregateType<InstanceType<typeof Wallet>>>();
    expectTypeOf<InstanceType<typeof Wallet>["state"]>().toEqualTypeOf<{ coins: number }>();
    expectTypeOf<InstanceType<typeof Wallet>["execute"]>().toEqualTypeOf<(command: WalletCommand) => void>();
    expectTypeOf<keyof InstanceType<typeof Wallet>>().toEqualTypeOf<"id" | "version" | "state" | "execute">();
  });

  const initialState = () => ({ value: 0 });
  const evolve = (state: { value: number }, _event: Added | Named) => state;

  it("refuses a decision whose data or type is not among the events", () => {
    defineAggregate({
      type: "Counter",
      initialState,
      // @ts-expect-error: data of another type
      decide: (_state, by: number) => [{ type: "Added", data: { name: by } }],
      evolve,
    });
    defineAggregate({
      type: "Counter",
      initialState,
      // @ts-expect-error: a type that is not among the events
      decide: (_state, by: number) => [{ type: "Removed", data: { by } }],
      evolve,
    });
    defineAggregate({
      type: "Counter",
      initialState,
      // @ts-expect-error: no array
      decide: (_state, by: number) => ({ type: "Added", data: { by } }),
      evolve,
    });
  });

  it("refuses data of another event than the one that is decided", () => {
    defineAggregate({
      type: "Counter",
      initialState,
      // @ts-expect-error: the data of Named
      decide: (_state, name: string) => [{ type: "Added", data: { name } }],
      evolve: (state, event: Added | Named) => (event.type === "Added" ? { value: event.data.by } : state),
    });
  });

  it("refuses an evolve that misses a case", () => {
    defineAggregate({
      type: "Counter",
      initialState,
      decide: (_state, by: number) => [{ type: "Added", data: { by } }],
      // @ts-expect-error: nothing is returned for Named
      evolve: (state, event: Added | Named) => {
        if (event.type === "Added") return { value: state.value + event.data.by };
      },
    });
  });

  it("refuses an evolve that gives another state", () => {
    defineAggregate({
      type: "Counter",
      initialState,
      decide: (_state, by: number) => [{ type: "Added", data: { by } }],
      // @ts-expect-error: a string is no number
      evolve: (_state, event: Added) => ({ value: String(event.data.by) }),
    });
  });

  it("knows the state in decide, and the event by its type in evolve", () => {
    defineAggregate({
      type: "Counter",
      initialState,
      decide: (state, by: number) => {
        expectTypeOf(state).toEqualTypeOf<{ value: number }>();
        return by > state.value ? [{ type: "Added", data: { by } }] : [{ type: "Named", data: { name: "small" } }];
      },
      evolve: (state, event: Added | Named) => {
        if (event.type === "Named") expectTypeOf(event.data).toEqualTypeOf<{ name: string }>();
        return state;
      },
    });
  });
});

describe("events", () => {
  it("take their types from schemas of each library, as the schemas put data out", () => {
    const events = defineEvents({
      Opened: z.object({ owner: z.string(), since: z.string().default("today") }),
      Moved: v.object({ amount: v.number() }),
      Closed: arktype({ reason: "string" }),
      Renamed: upgraded(z.object({ name: z.string() }), (old: { title: string }) => ({ name: old.title })),
    });
    type Event = EventOf<typeof events>;
    expectTypeOf<Event["type"]>().toEqualTypeOf<"Opened" | "Moved" | "Closed" | "Renamed">();
    expectTypeOf<EventData<Event>["Opened"]>().toEqualTypeOf<{ owner: string; since: string }>();
    expectTypeOf<EventData<Event>["Moved"]>().toEqualTypeOf<{ amount: number }>();
    expectTypeOf<EventData<Event>["Closed"]>().toEqualTypeOf<{ reason: string }>();
    expectTypeOf<EventData<Event>["Renamed"]>().toEqualTypeOf<{ name: string }>();
  });

  it("refuse what is no schema", () => {
    // @ts-expect-error: a function is no schema
    const attempt = () => defineEvents({ Opened: () => true });
    expectTypeOf(attempt).toBeFunction();
  });
});

describe("a repository", () => {
  it("knows its aggregates, their state and their events", () => {
    type Accounts = AggregateRepository<Account>;
    expectTypeOf<Awaited<ReturnType<Accounts["load"]>>>().toEqualTypeOf<Account>();
    expectTypeOf<Awaited<ReturnType<Accounts["find"]>>>().toEqualTypeOf<Account | undefined>();
    expectTypeOf<Parameters<Accounts["save"]>>().toEqualTypeOf<[aggregate: Account]>();
    expectTypeOf<Account["state"]>().toEqualTypeOf<AccountState>();
    expectTypeOf<EventData<AccountEvent>["MoneyDeposited"]>().toEqualTypeOf<{ amount: number }>();
  });

  it("types the state that a policy sees", () => {
    type Policy = NonNullable<NonNullable<RepositoryOptions<Account>["snapshots"]>["policy"]>;
    expectTypeOf<Parameters<Policy>[0]["state"]>().toEqualTypeOf<AccountState>();
  });

  it("refuses an aggregate of another class, and an option that does not exist", () => {
    const attempt = (accounts: AggregateRepository<Account>, wallet: InstanceType<typeof Wallet>): void => {
      // @ts-expect-error: a wallet is no account
      void accounts.save(wallet);
      // @ts-expect-error: not a mode
      const options: Partial<RepositoryOptions<Account>> = { snapshots: { store: {} as never, mode: "async" } };
      void options;
    };
    expectTypeOf(attempt).toBeFunction();
  });

  it("takes pino, winston and console as its logger", () => {
    expectTypeOf<PinoLogger>().toExtend<Logger>();
    expectTypeOf<WinstonLogger>().toExtend<Logger>();
    expectTypeOf<Console>().toExtend<Logger>();
  });
});
