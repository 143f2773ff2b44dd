import Table from "cli-table3";
import { printable, type Terminal } from "./terminal.ts";

export interface TableColumn {
  readonly head: string;
  /** Where rows do not stand below heads, and a head tells nothing by itself. @default the head */
  readonly label?: string;
  /** @default "left" */
  readonly align?: "left" | "right";
  /** Whether it is shortened before the others where the terminal is too narrow. @default false */
  readonly flexible?: boolean;
}

/** A column of numbers. */
export function right(head: string): TableColumn {
  return { head, align: "right" };
}

/** A number is shown as people write it; text may hold anything and is made printable. */
export type TableCell = string | number;

const GAP = "  ";
/** Of a column that had to be shortened: less says nothing any more. */
const COLUMN_WIDTH_MIN = 5;

/**
 * Rows under a head. Where they would be wider than the terminal, the flexible columns are cut with "…". Where that does not do,
 * nothing stands in columns: each row is a few lines of `name: value`. What goes to a file or a pipe is never cut.
 */
export function table(
  columns: readonly TableColumn[],
  rows: readonly (readonly TableCell[])[],
  { columns: available, style }: Pick<Terminal, "columns" | "style">,
): string {
  const texts = rows.map((row) => row.map((cell) => (typeof cell === "number" ? count(cell) : printable(cell))));
  const widths = columns.map(({ head }, index) => widthOf([head, ...texts.map((row) => row[index] ?? "")]));
  const colWidths = fitted(columns, widths, available - GAP.length * (columns.length - 1));
  if (colWidths === undefined)
    return texts.map((row) => stacked(columns, row, { columns: available, style })).join("\n\n");
  const drawn = new Table({
    ...BORDERLESS,
    head: columns.map(({ head }) => head),
    colAligns: columns.map(({ align = "left" }) => align),
    colWidths,
  });
  drawn.push(...texts);
  const [head = "", ...lines] = drawn
    .toString()
    .split("\n")
    .map((line) => line.trimEnd());
  return [style("bold", head), ...lines].join("\n");
}

/** `text` made printable, and cut with "…" where the terminal is narrower. */
export function fittedLine(text: string, { columns }: Pick<Terminal, "columns">): string {
  const line = printable(text);
  if (columns === Number.POSITIVE_INFINITY) return line;
  const drawn = new Table({ ...BORDERLESS, colWidths: [columns] });
  drawn.push([line]);
  return drawn.toString().trimEnd();
}

/** `1234567` as 1,234,567. */
export function count(value: number): string {
  return value.toLocaleString("en", { maximumFractionDigits: 2 });
}

/** `1` `"event"` as 1 event. */
export function plural(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
}

const SIDES = ["top", "bottom", "left", "right", "mid"];
const CORNERS = ["", "-mid", "-left", "-right"];
const BORDERLESS = {
  chars: {
    ...Object.fromEntries(SIDES.flatMap((side) => CORNERS.map((corner) => [side + corner, ""]))),
    middle: GAP,
  },
  style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
};

function widthOf(cells: readonly string[]): number {
  const column = new Table(BORDERLESS);
  column.push(...cells.map((cell) => [cell]));
  return column.width;
}

/**
 * Takes from the widest of the flexible columns, one by one, and nothing of any head. Undefined when they would be too wide
 * nevertheless: half a number is none.
 */
function fitted(columns: readonly TableColumn[], natural: readonly number[], available: number): number[] | undefined {
  const widths = [...natural];
  const least = columns.map(({ head, flexible = false }, index) => {
    return flexible ? Math.min(natural[index] ?? 0, Math.max(widthOf([head]), COLUMN_WIDTH_MIN)) : natural[index];
  });
  const shrinkable = (index: number): number => {
    const width = widths[index] ?? 0;
    return width > (least[index] ?? 0) ? width : 0;
  };
  let excess = widths.reduce((sum, width) => sum + width, 0) - available;
  for (; excess > 0; excess -= 1) {
    const widest = widths.reduce((best, _, index) => (shrinkable(index) > shrinkable(best) ? index : best), 0);
    if (shrinkable(widest) === 0) return undefined;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return widths;
}

/** One row as lines of `name: value`; of a flexible column one line at most. Empty values are left out. */
function stacked(
  columns: readonly TableColumn[],
  row: readonly string[],
  { columns: available, style }: Pick<Terminal, "columns" | "style">,
): string {
  const lines = columns.map(({ head, label = head, flexible = false }, index) => {
    const value = row[index] ?? "";
    if (value === "") return [];
    const drawn = new Table({ ...BORDERLESS, colWidths: [available], wordWrap: !flexible });
    drawn.push([`${label}: ${value}`]);
    const [first = "", ...more] = drawn
      .toString()
      .split("\n")
      .map((line) => line.trimEnd());
    return [first.replace(`${label}:`, style("bold", `${label}:`)), ...more];
  });
  return lines.flat().join("\n");
}
