import type { Check, Comparison, Result, Run, Target, Verdict } from "../comparison.ts";
import { comparisons } from "../comparisons.ts";
import type { Estimate } from "../statistics.ts";
import { milliseconds, perSecond, times } from "../wording.ts";

/** A table as text, for the terminal and for a page alike. */
export interface TextTable {
  readonly title: string;
  readonly note: string | undefined;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** One for each comparison that was timed, in the order of the list. */
export function comparisonTables({ results }: Run): readonly TextTable[] {
  return comparisons.flatMap((comparison) => {
    const own = results.filter((result) => result.comparison === comparison.id);
    return own.length === 0 ? [] : [tableOf(comparison, own)];
  });
}

/** What was asked for, what came out in each store, and whether that is enough. */
export function targetTable(run: Run): TextTable {
  const verdicts = verdictsOf(run);
  const stores = Object.keys(run.environment).filter((name) => verdicts.some(({ store }) => store === name));
  const lines = Map.groupBy(verdicts, ({ what, target }) => `${what} ${target}`);
  const rows = [...lines.values()].map((own) => [
    own[0]?.what ?? "",
    own[0]?.target ?? "",
    ...stores
      .map((name) => own.find(({ store }) => store === name))
      .map((verdict) => (verdict ? `${verdict.measured} ${verdict.reached ? REACHED : MISSED}` : "")),
  ]);
  const missed = verdicts.filter(({ reached }) => !reached).length;
  const note = `${verdicts.length - missed} of ${verdicts.length} reached.`;
  return { title: "Targets", note, head: ["", "target", ...stores], rows };
}

export function isEveryTargetReached(run: Run): boolean {
  return verdictsOf(run).every(({ reached }) => reached);
}

export function interval({ from, to }: Estimate): string {
  return `${times(from)}–${times(to)}`;
}

/** Time of one operation, or how many there are in a second. */
export function speed(result: Result, runMs: number): string {
  const { counted } = comparisonOf(result);
  const ms = runMs / result.operations;
  return counted === undefined ? milliseconds(ms) : perSecond(1_000 / ms);
}

const REACHED = "✓";
const MISSED = "✗";

export const EXPLANATION = `Medians. Ratio: time of the candidate over that of the baseline within a round, the median over all
rounds, and where that lies with 95 % confidence. Itself: the baseline over a second turn of the
baseline, measured alike: what differs from 1 by less is noise.`;

function tableOf(comparison: Comparison, results: readonly Result[]): TextTable {
  const { title, note, counted, axis = "", baseline = "", candidate = "" } = comparison;
  const rows = results.map((result, index) => {
    const { store, point, measured } = result;
    const { baselineMs, candidateMs, ratio, noise } = measured;
    return [
      store === results[index - 1]?.store ? "" : store,
      point,
      speed(result, baselineMs),
      speed(result, candidateMs),
      times(ratio.median),
      interval(ratio),
      interval(noise),
      markOf(result),
    ];
  });
  const unit = counted === undefined ? "" : `${counted}: `;
  return { title, note, head: ["", axis, `${unit}${baseline}`, candidate, "ratio", "95 %", "itself", "target"], rows };
}

/** Of the ratio; the other demands stand among the targets only. */
function markOf({ target, measured }: Result): string {
  if (target?.ratioMax === undefined) return "";
  return `≤ ${target.ratioMax} ${measured.ratio.median <= target.ratioMax ? REACHED : MISSED}`;
}

interface TargetLine extends Verdict {
  readonly what: string;
  readonly store: string;
}

/** In the order of the comparisons. */
function verdictsOf({ results, checks }: Run): readonly TargetLine[] {
  return comparisons.flatMap(({ id, title }) => [
    ...results
      .filter(({ comparison }) => comparison === id)
      .flatMap((result) =>
        demandsOf(result).map((verdict) => {
          return {
            what: `${shortTitle(title)}: ${result.point}`,
            store: result.store,
            ...verdict,
          };
        }),
      ),
    ...checks
      .filter(({ comparison }) => comparison === id)
      .map((check: Check) => ({ ...check, what: `${title} ${check.title}` })),
  ]);
}

function demandsOf(result: Result): readonly Verdict[] {
  const { target = {}, measured, operations } = result;
  const { ratioMax, msMax, perSecondMin }: Target = target;
  const ms = measured.candidateMs / operations;
  const verdicts: Verdict[] = [];
  if (ratioMax !== undefined) {
    const ratio = measured.ratio.median;
    verdicts.push({ target: `≤ ${ratioMax} ×`, measured: `${times(ratio)} ×`, reached: ratio <= ratioMax });
  }
  if (msMax !== undefined) {
    verdicts.push({ target: `≤ ${msMax} ms`, measured: milliseconds(ms), reached: ms <= msMax });
  }
  if (perSecondMin !== undefined) {
    const rate = 1_000 / ms;
    verdicts.push({ target: `≥ ${perSecond(perSecondMin)}`, measured: perSecond(rate), reached: rate >= perSecondMin });
  }
  return verdicts;
}

function shortTitle(title: string): string {
  return title.split(", by the ")[0] ?? title;
}

function comparisonOf({ comparison }: Result): Comparison {
  const found = comparisons.find(({ id }) => id === comparison);
  if (found === undefined) throw new Error(`There is no comparison "${comparison}" (any more).`);
  return found;
}
