import { setImmediate } from "node:timers/promises";
import { Presets, SingleBar } from "cli-progress";

export interface ProgressOptions {
  readonly title: string;
  readonly total: number;
  /** What is counted, such as "events". */
  readonly unit: string;
  readonly interrupted: AbortSignal;
}

/** Shows how far a piece of work is: a bar where there is a terminal, nothing where there is none. */
export class Progress {
  readonly #bar: SingleBar | undefined;
  readonly #interrupted: AbortSignal;
  #shownAt = performance.now();

  constructor({ title, total, unit, interrupted }: ProgressOptions) {
    this.#interrupted = interrupted;
    if (!process.stderr.isTTY) return;
    // Few steps are no ground for a forecast.
    const forecast = total < 100 ? "" : ", {eta_formatted} to go";
    const format = `${title} {bar} {percentage}%  {value} of {total} ${unit}${forecast}`;
    const formatValue = (value: number, _options: unknown, type: string): string =>
      type === "value" || type === "total" ? value.toLocaleString("en") : String(value);
    this.#bar = new SingleBar({ format, formatValue, hideCursor: true, clearOnComplete: true }, Presets.rect);
    this.#bar.start(total, 0);
  }

  /** To be awaited often. Drivers that block leave no turn for the terminal and for Ctrl-C; this does. */
  async update(done: number): Promise<void> {
    if (performance.now() - this.#shownAt < 50) return;
    this.#bar?.update(done);
    await breathe(this.#interrupted);
    this.#shownAt = performance.now();
  }

  stop(): void {
    this.#bar?.stop();
  }
}

/** Gives everything else a turn. Throws when the demo was interrupted. */
export async function breathe(interrupted: AbortSignal): Promise<void> {
  await setImmediate();
  interrupted.throwIfAborted();
}
