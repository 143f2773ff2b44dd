/** What a store keeps its rows in, as telemetry names it. */
export type StoreSystem = "postgresql" | "sqlite" | "memory";

/** Beside the stores, so that whoever asks loads none of them, nor a hover shows it. */
const systems = new WeakMap<object, StoreSystem>();

/** Tells {@link systemOf}. Called by the constructor of a store. */
export function declareSystem(store: object, system: StoreSystem): void {
  systems.set(store, system);
}

/** Undefined for stores that are not of this package. A decorator is of the system of what it decorates. */
export function systemOf(store: object): StoreSystem | undefined {
  const { wrapped } = store as { readonly wrapped?: unknown };
  return systems.get(store) ?? (typeof wrapped === "object" && wrapped !== null ? systemOf(wrapped) : undefined);
}
