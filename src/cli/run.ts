import "./experimental-warnings.ts";

import { adviseCommand } from "./advise.ts";
import { checkCommand } from "./check.ts";
import { type Command, program } from "./command.ts";
import { demoCommand } from "./demo.ts";
import { eraseCommand } from "./erase.ts";
import { failureOf } from "./failure.ts";
import { healthCommand } from "./health.ts";
import { inspectCommand } from "./inspect.ts";
import { migrateCommand } from "./migrate.ts";
import { pruneCommand } from "./prune.ts";
import { masked, withoutPassword } from "./secrets.ts";
import { openSession, type Session } from "./session.ts";
import { tailCommand } from "./tail.ts";
import { verifyCommand } from "./verify.ts";
import { warmCommand } from "./warm.ts";

/** The subcommands of `eventfold`, in the order in which help lists them. */
const commands: readonly ((session: Session) => Command)[] = [
  healthCommand,
  adviseCommand,
  inspectCommand,
  tailCommand,
  verifyCommand,
  warmCommand,
  pruneCommand,
  eraseCommand,
  checkCommand,
  migrateCommand,
  demoCommand,
];

const session = openSession();
for (const argument of process.argv) withoutPassword(argument);
await run(process.argv.slice(2));
// What the user's configuration has opened must not keep the process; what was printed must have left it.
process.stdout.write("", () => process.exit(session.exitCode));

async function run(args: readonly string[]): Promise<void> {
  const { stdout, stderr } = session;
  const eventfold = program(
    commands.map((make) => make(session)),
    {
      out: (text) => stdout.write(text),
      error: (text) => stderr.write(masked(text)),
      columns: Math.min(stdout.columns, 100),
    },
  );
  try {
    await eventfold.run(args);
  } catch (error) {
    const { exitCode, message, usage = false } = failureOf(error);
    session.exitCode = exitCode;
    if (message === undefined) return;
    const hint = usage ? `\n${eventfold.usage(args)}` : "";
    session.note(`${stderr.style("red", "eventfold:")} ${message}${hint}`);
  }
}
