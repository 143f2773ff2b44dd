import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { tsconfigPaths: true },
  test: {
    include: ["tests/**/*.test.ts"],
    globalSetup: ["tests/setup/global-setup.ts"],
    reporters: ["default", "./tests/setup/closing-line.ts"],
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
