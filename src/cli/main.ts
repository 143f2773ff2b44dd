#!/usr/bin/env node
// Imports nothing else at first: what is meant for newer versions of Node.js may not even load in older ones.
const OLDEST = { major: 22, minor: 13 };

const { node } = process.versions;
const [major = 0, minor = 0] = node.split(".").map(Number);
if (major > OLDEST.major || (major === OLDEST.major && minor >= OLDEST.minor)) await import("./run.ts");
else {
  process.stderr.write(
    `eventfold: This is Node.js ${node}. Eventfold needs ${OLDEST.major}.${OLDEST.minor} or later.\n`,
  );
  // As for any other wrong use; EXIT is among what is not loaded.
  process.exitCode = 2;
}
