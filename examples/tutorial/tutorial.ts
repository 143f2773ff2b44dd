// The tutorial from beginning to end: node --import ./tools/node/sources.mjs examples/tutorial/tutorial.ts [memory|sqlite]
await import("./tutorial-performance-comparison.ts");
await import("./tutorial-automatic-snapshots.ts");
await import("./tutorial-snapshot-modes.ts");
await import("./tutorial-schema-versioning.ts");

console.log("\n=== All Examples Complete ===");
