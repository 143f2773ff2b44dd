import { Presets, SingleBar } from "cli-progress";
import { count } from "./table.ts";

export interface ProgressOptions {
  readonly title: string;
  readonly total: number;
  /** What is counted, such as "aggregates". */
  readonly unit: string;
}

/** A bar on standard error with rate and time left where there is a terminal; nothing elsewhere. */
export class Progress {
  readonly #bar: SingleBar | undefined;
  readonly #startedAt = performance.now();

  constructor({ title, total, unit }: ProgressOptions) {
    if (!showsProgress()) return;
    const format = `${title} {bar} {value}/{total} ${unit}, {rate}/s, {eta_formatted} left`;
    const formatValue = (value: number, _options: unknown, type: string): string =>
      type === "value" || type === "total" ? count(value) : String(value);
    this.#bar = new SingleBar(
      { format, formatValue, barsize: 20, hideCursor: true, clearOnComplete: true, linewrap: false, etaBuffer: 100 },
      Presets.rect,
    );
    this.#bar.start(total, 0, { rate: "…" });
  }

  update(done: number): void {
    const seconds = (performance.now() - this.#startedAt) / 1_000;
    const rate = done / Math.max(seconds, 0.001);
    this.#bar?.update(done, { rate: count(rate < 10 ? Math.round(rate * 10) / 10 : Math.round(rate)) });
  }

  /** Takes the bar away, so that what follows stands on a line of its own. */
  stop(): void {
    this.#bar?.stop();
  }
}

/** Whether anybody would see a bar: then it is worth counting what there is to do. */
export function showsProgress(): boolean {
  return process.stderr.isTTY;
}
