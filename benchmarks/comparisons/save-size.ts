import type { Comparing } from "../comparison.ts";
import { move, withoutSnapshots } from "../histories.ts";

const EVENTS = 100;
const RATIO_MIN = 15;

/** What events cost when they are saved together, and when each is saved by itself. */
export const compareSaveSize: Comparing = async (storage, _lengths, compare) => {
  // Nothing is sent or written there, and it would fill up.
  if (storage.name === "memory") return;
  const accounts = withoutSnapshots(storage);
  await compare({
    title: `Saving ${EVENTS} events: ${EVENTS} saves of one against one save of ${EVENTS}`,
    baseline: {
      name: `1 save of ${EVENTS}`,
      run: async () => {
        const account = accounts.createNew();
        move(account, EVENTS);
        await accounts.save(account);
      },
    },
    candidate: {
      name: `${EVENTS} saves of 1`,
      run: async () => {
        const account = accounts.createNew();
        for (let saved = 0; saved < EVENTS; saved += 1) {
          move(account, 1);
          await accounts.save(account);
        }
      },
    },
    target: storage.name === "PostgreSQL" ? { ratioMin: RATIO_MIN } : undefined,
  });
};
