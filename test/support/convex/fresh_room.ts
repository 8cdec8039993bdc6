import { beforeEach } from "vitest";
import { api } from "../../../convex/_generated/api.js";
import type { Id } from "../../../convex/_generated/dataModel.js";
import { backend, useFreshBackend } from "./fresh.ts";
import { mapChannel } from "./backend.ts";
import { Worker } from "./worker.ts";

export let room: Id<"mappings">;
export let channelId: Id<"channels">;
export let worker: Worker;

/** Like `useFreshBackend`, with a mapped Discord channel and a bridge that posts, as `room` and `worker`. */
export function useFreshRoom(): void {
  useFreshBackend();
  beforeEach(async () => {
    ({ mappingId: room, channelId } = await mapChannel(backend));
    worker = new Worker(backend);
  });
}

/** The channel's messages as an app shows them, oldest first. */
export async function spoken(): Promise<string[]> {
  const listed = await backend.admin.query(api.index.listLatestMessages, { channelId });
  return listed.map(({ content }) => content);
}
