import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const source = (path: string): string => fileURLToPath(new URL(`./src/${path}`, import.meta.url));

export default defineConfig({
  resolve: {
    alias: [
      { find: /^eventfold$/, replacement: source("index.ts") },
      { find: /^eventfold\/testing$/, replacement: source("testing/index.ts") },
      { find: /^eventfold\/(sqlite|postgres)$/, replacement: source("stores/$1/index.ts") },
    ],
  },
  test: {
    include: ["tests/**/*.test.ts"],
    globalSetup: ["tests/setup/global-setup.ts"],
    reporters: ["default", "./tests/setup/closing-line.ts"],
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
