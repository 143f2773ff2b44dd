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
      .map((verdict) => (verdict ? `${verdict.measured} ${markOf(verdict)}` : "")),
  ]);
  const missed = verdicts.filter(({ reached }) => !reached).length;
  const note = `${verdicts.length - missed} of ${verdicts.length} reached.`;
  return { title: "Targets", note, head: ["", "target", ...stores], rows };
}

/** Beyond the doubt that the noise of the measurement leaves. */
export function isAnyTargetMissed(run: Run): boolean {
  return verdictsOf(run).some(({ reached, unsure = false }) => !reached && !unsure);
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

export const EXPLANATION = `Medians. Ratio: time of the candidate over that of the baseline within a round, the median over all
rounds, and where that lies with 95 % confidence. Itself: the baseline over a second turn of the
baseline, measured alike: what differs from 1 by less is noise. ✓ reached, ✗ missed; with a question
mark where the target lies within the 95 %.`;

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
      ratioTarget(result),
    ];
  });
  const unit = counted === undefined ? "" : `${counted}: `;
  return { title, note, head: ["", axis, `${unit}${baseline}`, candidate, "ratio", "95 %", "itself", "target"], rows };
}

/** The other demands stand among the targets only. */
function ratioTarget(result: Result): string {
  const verdict = ratioVerdict(result);
  return verdict === undefined ? "" : `${verdict.target} ${markOf(verdict)}`;
}

function ratioVerdict({ target, measured: { ratio } }: Result): Verdict | undefined {
  const ratioMax = target?.ratioMax;
  if (ratioMax === undefined) return undefined;
  const unsure = ratio.from <= ratioMax && ratioMax < ratio.to;
  return { target: `≤ ${ratioMax}`, measured: times(ratio.median), reached: ratio.median <= ratioMax, unsure };
}

function markOf({ reached, unsure = false }: Verdict): string {
  return `${reached ? "✓" : "✗"}${unsure ? "?" : ""}`;
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
  const { msMax, perSecondMin }: Target = target;
  const ms = measured.candidateMs / operations;
  const ofRatio = ratioVerdict(result);
  const verdicts = ofRatio === undefined ? [] : [ofRatio];
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

export function comparisonOf({ comparison }: Result): Comparison {
  const found = comparisons.find(({ id }) => id === comparison);
  if (found === undefined) throw new Error(`There is no comparison "${comparison}" (any more).`);
  return found;
}
