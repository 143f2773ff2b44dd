// The guide from beginning to end: node --import ./tools/node/sources.mjs examples/tutorial/guide.ts [memory|sqlite]
await import("./guide-performance-comparison.ts");
await import("./guide-snapshot-modes.ts");
await import("./guide-schema-versioning.ts");

console.log(`\n${"=".repeat(70)}`);
console.log("Tutorial 14 Complete!");
console.log("=".repeat(70));
console.log("\nKey Takeaways:");
console.log("  1. Snapshots dramatically improve load times for event-heavy aggregates");
console.log("  2. Choose snapshot mode based on your workload (sync/background/manual)");
console.log("  3. Tune the threshold to balance frequency and overhead");
console.log("  4. Use schemaVersion to handle aggregate state evolution");
console.log("  5. Snapshots are optional - events remain the source of truth");
