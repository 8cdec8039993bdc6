import { beforeEach } from "vitest";
import { api } from "../../../convex/_generated/api.js";
import { AiStream } from "./ai_stream.ts";
import { IDS, pass, rows, settleDown } from "./backend.ts";
import { said } from "./events.ts";
import { ai, backend, ingest } from "./fresh.ts";
import { room, useFreshRoom } from "./fresh_room.ts";

/** The channel in which people watch answers being written. */
export const TARGET = { platform: "discord", externalId: IDS.discord } as const;

/** Like `useFreshRoom`, with streaming on. */
export function useFreshStream(): void {
  useFreshRoom();
  beforeEach(async () => {
    await backend.admin.mutation(api.admin.change, { ...TARGET, stream: true });
  });
}

/** Asks, and has the AI answer with a stream. */
export async function asked(content = "why?"): Promise<AiStream> {
  const stream = new AiStream();
  ai.answers(stream.answer);
  await ingest(said(room, { content }));
  await settleDown(backend);
  return stream;
}

/** An answer of which people have seen the beginning. */
export async function beginning(text = "It is"): Promise<AiStream> {
  const stream = await asked();
  stream.say(text);
  await pass(backend, 1_500);
  return stream;
}

export async function drafts() {
  return (await rows(backend, "drafts")).map(({ text, revision }) => ({ text, revision }));
}

export async function deliveries() {
  return (await rows(backend, "deliveries")).map(({ op, state }) => `${op} ${state}`);
}

export async function replies() {
  return (await rows(backend, "replies")).map(({ state, reason }) => `${state} ${reason ?? ""}`);
}
