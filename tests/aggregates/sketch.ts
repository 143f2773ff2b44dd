import { AggregateRoot, type DomainEvent } from "eventfold";

export type SketchEvent = DomainEvent<"Drawn", { x: number }>;

export interface SketchState {
  drawnAt: Date[];
}

/** An aggregate whose state JSON cannot hold, and that declares no codec. */
export class Sketch extends AggregateRoot<SketchState, SketchEvent> {
  static readonly aggregateType = "Sketch";

  protected initialState(): SketchState {
    return { drawnAt: [] };
  }

  protected evolve(state: SketchState, event: SketchEvent): SketchState {
    return { drawnAt: [...state.drawnAt, new Date(event.occurredAt)] };
  }

  draw(data: { x: number }): void {
    this.raise("Drawn", data);
  }
}
