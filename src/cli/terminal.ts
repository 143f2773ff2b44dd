import { styleText } from "node:util";

/** Where text goes: a terminal, which has a width and perhaps colors, or a file or pipe, which has neither. */
export interface Terminal {
  readonly isTerminal: boolean;
  /** Width in characters; `Infinity` for what is no terminal. */
  readonly columns: number;
  readonly write: (text: string) => void;
  /** `text` in a style where there are colors; as it is elsewhere. */
  readonly style: (format: Style, text: string) => string;
}

type Style = "bold" | "dim" | "red" | "green" | "yellow";

type Stream = Pick<NodeJS.WriteStream, "isTTY" | "columns" | "hasColors" | "write">;

const COLUMNS_DEFAULT = 80;

export function terminal(stream: Stream): Terminal {
  const isTerminal = stream.isTTY;
  // https://no-color.org: present and not empty. Node.js would let FORCE_COLOR win.
  const colors = isTerminal && (process.env["NO_COLOR"] ?? "") === "" && stream.hasColors();
  return {
    isTerminal,
    get columns() {
      return isTerminal ? stream.columns || COLUMNS_DEFAULT : Number.POSITIVE_INFINITY;
    },
    write: (text) => void stream.write(text),
    style: (format, text) => (colors ? styleText(format, text, { validateStream: false }) : text),
  };
}

/**
 * What came from a database, made fit for one line of a terminal: characters that would move its cursor, change its colors or
 * turn the direction of writing appear as escapes.
 */
export function printable(text: string): string {
  return text.replaceAll(UNPRINTABLE, (character) => {
    const codePoint = character.codePointAt(0) ?? 0;
    return codePoint <= 0xff ? `\\x${codePoint.toString(16).padStart(2, "0")}` : `\\u{${codePoint.toString(16)}}`;
  });
}

/** Whether `text` holds what {@link printable} would show as an escape. */
export function unprintable(text: string): boolean {
  return text.search(UNPRINTABLE) !== -1;
}

// Controls (ESC among them), separators of lines, lone surrogates, and the marks of direction; joiners belong to emoji and scripts.
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
