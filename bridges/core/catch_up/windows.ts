const DAY_MS = 24 * 60 * 60_000;

/** How far before the cursor a catch-up looks for edits and deletes, in ms. */
export const LOOK_BACK_MS = DAY_MS;

/** Threads that were active within this many ms are read, even if the channel's recent history does not show them. */
export const THREAD_WINDOW_MS = 7 * DAY_MS;
