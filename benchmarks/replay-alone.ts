// node benchmarks/replay-alone.ts <file or URL> <account id>: replays all events of one account, and prints what that took.
import { connectPostgres } from "eventfold/postgres";
import { openSqlite } from "eventfold/sqlite";
import { withoutSnapshots } from "./histories.ts";

const [location = "", accountId = ""] = process.argv.slice(2);
const storage = location.startsWith("postgres") ? await connectPostgres(location) : openSqlite(location);
const startedAt = performance.now();
const { version } = await withoutSnapshots(storage).load(accountId);
console.log(JSON.stringify({ version, ms: performance.now() - startedAt }));
await storage.close();
