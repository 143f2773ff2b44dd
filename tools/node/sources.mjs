// Lets examples and benchmarks import "eventfold", as users do, and get the sources without a build:
// node --import ./tools/node/sources.mjs examples/….ts
import "./check-version.mjs";
import { readFileSync } from "node:fs";
import module from "node:module";

const root = new URL("../../", import.meta.url);
const { paths } = JSON.parse(readFileSync(new URL("tsconfig.json", root), "utf8")).compilerOptions;

module.registerHooks({
  resolve(specifier, context, next) {
    const source = paths[specifier]?.[0];
    return next(source === undefined ? specifier : new URL(source, root).href, context);
  },
});
