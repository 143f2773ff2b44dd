// node --import …: leaves what the process has used in the file that USED_FILE names.
import { writeFileSync } from "node:fs";
import { usedSoFar } from "./used.ts";

const file = process.env["USED_FILE"];
if (file !== undefined) process.on("exit", () => writeFileSync(file, JSON.stringify(usedSoFar())));
