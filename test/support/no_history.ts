import type { History } from "../../bridges/platform.ts";

/** The history of a platform without messages. */
export const NO_HISTORY: History = {
  eventDelayMs: 60_000,
  activity: () => Promise.resolve({ channel: "quiet", threads: [] }),
  read: async function* () {},
  newest: () => Promise.resolve({ events: [], ids: [], upTo: "0" }),
  exists: () => Promise.resolve(true),
};
