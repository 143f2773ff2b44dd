import { ConfigurationError } from "../errors.ts";
import { checkStreamId, type StreamId } from "../events/stream-id.ts";
import { type AggregateType, definitionOf } from "./aggregate-definition.ts";
import { type AggregateHistory, metadataContext, type RaiseContext } from "./aggregate-history.ts";
import { AggregateRoot, type AnyAggregate, historyOf } from "./aggregate-root.ts";
import { checkRaise, type RaiseOptions } from "./call-options.ts";

/** @throws {ConfigurationError} unless `type` is a class of aggregates. */
export function refuseOtherClasses(type: AggregateType<AnyAggregate>): void {
  if ((type as { readonly prototype?: unknown } | undefined)?.prototype instanceof AggregateRoot) return;
  const problem = "does not extend AggregateRoot. Pass such a class, or what defineAggregate() returns.";
  throw new ConfigurationError({ option: "type", problem });
}

/** Each id once. @throws {ConfigurationError} for what holds no ids, such as a string, which is iterable by its characters. */
export function distinctIds(ids: Iterable<string>): Set<string> {
  if (typeof ids === "object" && ids !== null && Symbol.iterator in ids) return new Set(ids);
  const found = typeof ids === "string" ? `the string ${JSON.stringify(ids)}` : "no collection";
  throw new ConfigurationError({ option: "ids", problem: `is ${found}. Pass an array or a set of ids.` });
}

/** Makes the instances of one class, and knows its own from others. */
export class AggregateInstances<A extends AnyAggregate> {
  readonly #type: AggregateType<A>;
  readonly #aggregateType: string;
  readonly #context: Omit<RaiseContext, "metadata" | "metadataText">;

  constructor(type: AggregateType<A>, context: Omit<RaiseContext, "metadata" | "metadataText">) {
    const { clock, newId, freeze, checkPurity } = context;
    this.#type = type;
    this.#aggregateType = definitionOf(type).aggregateType;
    this.#context = { clock, newId, freeze, checkPurity };
  }

  /** An instance without events. @throws {ConfigurationError} for an option that is unknown; what `maker` throws. */
  create(id: string, options: RaiseOptions): A {
    checkRaise(options);
    return this.maker(id, options)();
  }

  /** What makes an instance without events. @throws {SerializationError} for metadata that JSON would not bring back. */
  maker(id: string, { metadata }: RaiseOptions = {}): () => A {
    const context = { ...this.#context, ...metadataContext(metadata) };
    return () => {
      const aggregate = new this.#type(id);
      if (aggregate.version > 0 || aggregate.id !== id) {
        const problem =
          "raises events or takes another id. A constructor is called at each load: use a method to open it.";
        throw new ConfigurationError({ option: `constructor of ${this.#type.name}`, problem });
      }
      historyOf(aggregate).useContext(context);
      return aggregate;
    };
  }

  /** @throws {ConfigurationError} for an instance of another class or type. */
  historyOf(aggregate: A): AggregateHistory {
    if (!(aggregate instanceof this.#type)) {
      const isPromise = (aggregate as unknown) instanceof Promise;
      const problem = isPromise
        ? "is a promise. Await load() first."
        : `is no instance of ${this.#type.name}. A repository serves one class.`;
      throw new ConfigurationError({ option: "aggregate", problem });
    }
    const history = historyOf(aggregate);
    const { aggregateType } = history.stream;
    if (aggregateType !== this.#aggregateType) {
      const problem = `is of type ${aggregateType}; this repository serves ${this.#aggregateType}.`;
      throw new ConfigurationError({ option: "aggregate", problem });
    }
    return history;
  }

  /** @throws {InvalidNameError} */
  streamOf(aggregateId: string): StreamId {
    const stream = { aggregateType: this.#aggregateType, aggregateId };
    checkStreamId(stream);
    return stream;
  }
}
