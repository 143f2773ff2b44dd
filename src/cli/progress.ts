import { Presets, SingleBar } from "cli-progress";
import { duration } from "./measures.ts";
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
  readonly #total: number;
  readonly #startedAt = performance.now();

  constructor({ title, total, unit }: ProgressOptions) {
    this.#total = total;
    if (!showsProgress()) return;
    const format = `${title} {bar} {value}/{total} ${unit}{pace}`;
    const formatValue = (value: number, _options: unknown, type: string): string =>
      type === "value" || type === "total" ? count(value) : String(value);
    this.#bar = new SingleBar(
      { format, formatValue, barsize: 20, hideCursor: true, clearOnComplete: true, linewrap: false },
      Presets.rect,
    );
    this.#bar.start(total, 0, { pace: "" });
  }

  update(done: number): void {
    const seconds = Math.max((performance.now() - this.#startedAt) / 1_000, 0.001);
    const rate = done / seconds;
    const left = duration(((this.#total - done) / rate) * 1_000);
    const pace =
      done === 0 ? "" : `, ${count(rate < 10 ? Math.round(rate * 10) / 10 : Math.round(rate))}/s, ${left} left`;
    this.#bar?.update(done, { pace });
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
