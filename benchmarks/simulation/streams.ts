import type { Random } from "./random.ts";

/** What happens to one aggregate, in order: it is loaded, or so many events are saved. */
export type Step = "load" | number;

export interface StreamKind {
  readonly name: string;
  /** What happens, in a few words. */
  readonly about: string;
  /** The histories of its aggregates. @param size 1 for the whole simulation, less for a short one */
  readonly histories: (random: Random, size: number) => readonly (readonly Step[])[];
}

export const STREAM_KINDS: readonly StreamKind[] = [
  {
    name: "command-heavy",
    about: "each command loads, and saves 1 or 2 events; a read after one in five",
    histories: (random, size) => [
      repeat(3_000 * size, () => [
        "load",
        random.chance(0.2) ? 2 : 1,
        ...(random.chance(0.2) ? (["load"] as const) : []),
      ]),
    ],
  },
  {
    name: "read-heavy",
    about: "a command, then 20 reads on average",
    histories: (random, size) => [repeat(400 * size, () => ["load", 1, ...loads(random.times(20))])],
  },
  {
    name: "ingest-heavy, loading",
    about: "each batch loads, and saves 50 events; a read after one in twenty",
    histories: (random, size) => [repeat(1_000 * size, () => ["load", 50, ...loads(random.chance(0.05) ? 1 : 0)])],
  },
  {
    name: "bursty",
    about: "by turns: some 40 commands, some 40 reads, or 10 batches of 20 events on one instance",
    histories: (random, size) => [repeat(90 * size, () => burst(random))],
  },
  {
    name: "short",
    about: "400 aggregates of 2 to 25 commands, with up to 3 reads",
    histories: (random, size) =>
      Array.from({ length: Math.ceil(400 * size) }, () => [
        1,
        ...repeat(random.between(1, 24), () => ["load", 1]),
        ...loads(random.between(0, 3)),
      ]),
  },
  {
    name: "ingest-heavy, seldom loaded",
    about: "batches of 10 events on an instance in memory; a load every 500 events on average",
    histories: (random, size) => [["load", ...repeat(4_000 * size, () => [10, ...loads(random.chance(0.02) ? 1 : 0)])]],
  },
  {
    name: "ingest-heavy, hardly ever loaded",
    about: "the same; a load every 5,000 events on average",
    histories: (random, size) => [
      ["load", ...repeat(6_000 * size, () => [10, ...loads(random.chance(0.002) ? 1 : 0)])],
    ],
  },
];

function burst(random: Random): readonly Step[] {
  const length = 1 + random.times(40);
  switch (random.between(1, 3)) {
    case 1:
      return repeat(length, () => ["load", 1]);
    case 2:
      return loads(length);
    default:
      return ["load", ...repeat(length / 4, () => [20])];
  }
}

function repeat(count: number, steps: () => readonly Step[]): readonly Step[] {
  return Array.from({ length: Math.ceil(count) }, steps).flat();
}

function loads(count: number): readonly Step[] {
  return repeat(count, () => ["load"]);
}
