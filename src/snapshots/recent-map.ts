/**
 * Remembers at least the `entriesMin` entries used last, and at most twice as many. Kept as two generations: where the younger
 * one is full, the older one is forgotten, which costs nothing for each use.
 */
export class RecentMap<Value> {
  readonly #entriesMin: number;
  #younger = new Map<string, Value>();
  #older = new Map<string, Value>();

  constructor(entriesMin: number) {
    this.#entriesMin = entriesMin;
  }

  get size(): number {
    return this.#younger.size + this.#older.size;
  }

  get(key: string): Value | undefined {
    const young = this.#younger.get(key);
    if (young !== undefined) return young;
    const old = this.#older.get(key);
    if (old !== undefined) {
      this.#older.delete(key);
      this.set(key, old);
    }
    return old;
  }

  set(key: string, value: Value): void {
    if (this.#younger.size >= this.#entriesMin && !this.#younger.has(key)) {
      this.#older = this.#younger;
      this.#younger = new Map();
    }
    this.#younger.set(key, value);
  }

  delete(key: string): void {
    this.#younger.delete(key);
    this.#older.delete(key);
  }
}
