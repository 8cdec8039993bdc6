import { beforeEach } from "vitest";
import { api } from "../../../convex/_generated/api.js";
import type { Id } from "../../../convex/_generated/dataModel.js";
import { backend } from "./fresh.ts";
import { mapChannel } from "./backend.ts";
import { Worker } from "./worker.ts";

/* As fresh.ts, with a Discord channel mapped and a bridge that posts. */

export let room: Id<"mappings">;
export let channelId: Id<"channels">;
export let worker: Worker;

beforeEach(async () => {
  ({ mappingId: room, channelId } = await mapChannel(backend));
  worker = new Worker(backend);
});

/** What an app shows of the channel, oldest first. */
export async function spoken(): Promise<string[]> {
  const listed = await backend.admin.query(api.index.listLatestMessages, { channelId });
  return listed.map(({ content }) => content);
}
