// What Node.js, Bun, Deno and browsers all have. The core may use these globals and no others.

declare var console: {
  debug(...data: unknown[]): void;
  info(...data: unknown[]): void;
  warn(...data: unknown[]): void;
  error(...data: unknown[]): void;
};

declare var performance: { now(): number };

declare var crypto: { randomUUID(): string; getRandomValues<T extends Uint8Array>(array: T): T };

interface TimeoutHandle {
  /** Only where the runtime would stay alive for a timer; in a browser the handle is a number. */
  unref?(): void;
}

declare function setTimeout(callback: () => void, delayMs?: number): TimeoutHandle;
declare function clearTimeout(handle: TimeoutHandle | undefined): void;
declare function queueMicrotask(callback: () => void): void;
declare function structuredClone<T>(value: T): T;

interface AbortSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  throwIfAborted(): void;
  addEventListener(type: "abort", listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

declare var AbortController: { new (): { readonly signal: AbortSignal; abort(reason?: unknown): void } };
declare var TextEncoder: { new (): { encode(text: string): Uint8Array } };
