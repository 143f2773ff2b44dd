// What Node.js, Bun, Deno and browsers all have. The core may use these globals and no others.

declare var console: { warn(...data: unknown[]): void };

declare var performance: { now(): number };

interface TimeoutHandle {
  /** Only where the runtime would stay alive for a timer; in a browser the handle is a number. */
  unref?(): void;
}

declare function setTimeout(callback: () => void, delayMs?: number): TimeoutHandle;
declare function clearTimeout(handle: TimeoutHandle | undefined): void;
declare function queueMicrotask(callback: () => void): void;

interface AbortSignal {
  readonly aborted: boolean;
}
