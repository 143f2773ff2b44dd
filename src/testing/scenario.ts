import assert from "node:assert/strict";
import type { AggregateType } from "../aggregates/aggregate-definition.ts";
import { type AnyAggregate, historyOf } from "../aggregates/aggregate-root.ts";
import { type OptionNames, refuseUnknown } from "../events/bounds.ts";

/** An event as a test names it: what it says, without id, version and time. */
export interface ScenarioEvent {
  readonly type: string;
  readonly data: unknown;
}

/** What happened before, what is done, and what comes of it. */
export interface Scenario<A extends AnyAggregate> {
  /** Events that the aggregate has already. @default none */
  readonly given?: readonly ScenarioEvent[];
  /** The command, synchronous. @default none: to look at the state that `given` makes */
  readonly when?: (aggregate: A) => unknown;
  /** Exactly the events that the command raises, in order. @default not looked at */
  readonly raises?: readonly ScenarioEvent[];
  /** The state afterwards. @default not looked at */
  readonly state?: A["state"];
  /** That the command throws an error of this class, or one whose message holds this text; then it must have raised nothing. */
  readonly throws?: string | (abstract new (...parts: never[]) => Error);
  /** @default "scenario" */
  readonly id?: string;
}

const NAMES: OptionNames<Scenario<AnyAggregate>> = {
  given: true,
  when: true,
  raises: true,
  state: true,
  throws: true,
  id: true,
};

/**
 * Plays a scenario on a fresh aggregate, without any store.
 *
 * ```ts
 * scenario(Account, {
 *   given: [{ type: "AccountOpened", data: { ownerName: "Ada", initialBalance: 100 } }],
 *   when: (account) => account.deposit(5),
 *   raises: [{ type: "MoneyDeposited", data: { amount: 5 } }],
 * });
 * ```
 *
 * @throws {AssertionError} of `node:assert` when something else comes of it; what `when` throws passes unless it is expected.
 * @throws {ConfigurationError} for a name that is unknown: what is mistyped would not be looked at.
 */
export function scenario<A extends AnyAggregate>(type: AggregateType<A>, play: Scenario<A>): void {
  refuseUnknown("", play, NAMES);
  const { given = [], when, raises, throws, id = "scenario" } = play;
  const aggregate = new type(id);
  const history = historyOf(aggregate);
  history.raise(given);
  history.uncommitted.length = 0;
  if (throws === undefined) act(aggregate, when);
  else assertThrows(() => act(aggregate, when), throws);
  const raised = history.uncommitted.map(({ event }) => ({ type: event.type, data: event.data }));
  if (throws !== undefined) assert.deepEqual(raised, [], "A command that throws raises nothing");
  if (raises !== undefined)
    assert.deepEqual(
      raised,
      raises.map(({ type: name, data }) => ({ type: name, data })),
    );
  if (Object.hasOwn(play, "state")) assert.deepEqual(aggregate.state, play.state);
}

function act<A extends AnyAggregate>(aggregate: A, when: Scenario<A>["when"]): void {
  const result = when?.(aggregate);
  assert.ok(!(result instanceof Promise), "The command is asynchronous; a scenario plays synchronous ones");
}

function assertThrows(work: () => void, expected: NonNullable<Scenario<AnyAggregate>["throws"]>): void {
  assert.throws(work, (error: unknown) => {
    if (typeof expected !== "string")
      assert.ok(error instanceof expected, `Expected ${expected.name}, but got ${String(error)}`);
    else assert.ok(String(error).includes(expected), `Expected an error with "${expected}", but got ${String(error)}`);
    return true;
  });
}
