import { expect } from "vitest";
import { api } from "../../../convex/_generated/api.js";
import type { Id } from "../../../convex/_generated/dataModel.js";
import { backend } from "./fresh.ts";

/* Calls to the public chat API, in a channel that is not mapped. */

export async function openChannel() {
  const { nobody } = backend;
  const channelId = await nobody.mutation(api.index.createChannel, { name: "general" });
  const authorId = await nobody.mutation(api.index.createUser, { name: "Ann" });
  return { channelId, authorId };
}

/** The id of a row that has been deleted. */
export async function gone<Table extends "channels" | "users">(table: Table): Promise<Id<Table>> {
  const { channelId, authorId } = await openChannel();
  const id = (table === "channels" ? channelId : authorId) as Id<Table>;
  await backend.t.run(async (ctx) => ctx.db.delete(id));
  return id;
}

export async function say(channelId: Id<"channels">, authorId: Id<"users">, ...contents: string[]) {
  for (const content of contents) {
    const result = await backend.nobody.mutation(api.index.sendMessage, {
      channelId,
      authorId,
      content,
    });
    expect(result).toBeNull();
  }
}
