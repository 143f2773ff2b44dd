// Plain JavaScript that the oldest runtimes can parse: its one purpose is to be clear where nothing else would be.
const [major, minor] = process.versions.node.split(".").map(Number);

if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `This is Node.js ${process.versions.node}. Eventfold runs on 22.13 and later, and its development scripts, which run ` +
      "TypeScript as it is, on 22.18 and later. On Linux and Windows, npm ci brings a suitable one for npm run and npm test.",
  );
  process.exit(1);
}
