import { afterEach, beforeEach } from "vitest";
import { api } from "../../../convex/_generated/api.js";
import type { BridgeEvent, Outcome } from "../../../convex/model/ingest/event_validators.ts";
import { AiService } from "./ai.ts";
import { type Backend, startBackend, stopBackend } from "./backend.ts";

export let backend: Backend;
export let ai: AiService;

/** Gives each test of the file a deployment and an AI of its own, as `backend` and `ai`. */
export function useFreshBackend(): void {
  beforeEach(async () => {
    backend = await startBackend();
    ai = new AiService();
  });
  afterEach(stopBackend);
}

/** Calls by the Discord bridge. */
export async function ingest(...events: BridgeEvent[]): Promise<Outcome[]> {
  return await backend.discord.mutation(api.bridge.ingest, { events, advance: [] });
}
