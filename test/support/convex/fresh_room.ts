import { beforeEach } from "vitest";
import { api } from "../../../convex/_generated/api.js";
import type { Id } from "../../../convex/_generated/dataModel.js";
import { backend } from "./fresh.ts";
import { mapChannel } from "./backend.ts";
import { Worker } from "./worker.ts";

/* Like fresh.ts, with a mapped Discord channel and a bridge that posts. */

export let room: Id<"mappings">;
export let channelId: Id<"channels">;
export let worker: Worker;

beforeEach(async () => {
  ({ mappingId: room, channelId } = await mapChannel(backend));
  worker = new Worker(backend);
});

/** The channel's messages as an app shows them, oldest first. */
export async function spoken(): Promise<string[]> {
  const listed = await backend.admin.query(api.index.listLatestMessages, { channelId });
  return listed.map(({ content }) => content);
}
