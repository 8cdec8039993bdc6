import { api } from "../../../convex/_generated/api.js";
import type { Id } from "../../../convex/_generated/dataModel.js";
import { AiService, completion } from "./ai.ts";
import { type Backend, mapChannel, pass, rows } from "./backend.ts";
import { said, saidOnSlack } from "./events.ts";

/** A deployment with a public channel, and on each platform a mapped channel with a reply in the outbox. */
export async function prepare(backend: Backend) {
  const ai = new AiService();
  const { nobody, discord, slack, member } = backend;
  const publicChannel = await nobody.mutation(api.index.createChannel, { name: "lobby" });
  const user = await nobody.mutation(api.index.createUser, { name: "Ann" });
  const memberUser = await member.mutation(api.apps.ensureUser, {});
  const onDiscord = await mapChannel(backend, "discord", { to: "d" });
  const onSlack = await mapChannel(backend, "slack", { to: "s" });
  await discord.mutation(api.bridge.ingest, { events: [said(onDiscord.mappingId)], advance: [] });
  await slack.mutation(api.bridge.ingest, {
    events: [saidOnSlack(onSlack.mappingId)],
    advance: [],
  });
  await pass(backend, 2_000);
  ai.always(() => completion(null));
  const deliveries = await rows(backend, "deliveries");
  const answer = deliveries[0]?.messageId;
  if (!answer) throw new Error("nothing was answered");
  const deliveryOf = (platform: "discord" | "slack") => {
    const found = deliveries.find((delivery) => delivery.platform === platform);
    if (!found) throw new Error(`no reply waits for ${platform}`);
    return found._id;
  };
  const people = await rows(backend, "users");
  const mirrored = people.find((person) => person.mirrored);
  if (!mirrored) throw new Error("nobody was mirrored");
  const storageId = await backend.t.run((ctx) => ctx.storage.store(new Blob(["a file"])));
  const draftId = await draftIn(backend, onDiscord.mappingId, answer);
  return {
    ...{ publicChannel, user, memberUser, mirrored: mirrored._id },
    ...{ onDiscord, onSlack, deliveryOf, answer, storageId, draftId },
  };
}

/** A draft as that of an answer which is being written. */
async function draftIn(
  { t }: Backend,
  mappingId: Id<"mappings">,
  messageId: Id<"messages">,
): Promise<Id<"drafts">> {
  return await t.run(async (ctx) => {
    const conversationId = (await ctx.db.get("messages", messageId))?.conversationId;
    if (!conversationId) throw new Error("the answer is in no conversation");
    const draft = { messageId, conversationId, mappingId, text: "so far", revision: 1 };
    return await ctx.db.insert("drafts", draft);
  });
}

export type World = Awaited<ReturnType<typeof prepare>>;
