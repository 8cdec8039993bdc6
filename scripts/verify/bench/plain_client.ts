import { ConvexClient } from "convex/browser";
import { makeFunctionReference } from "convex/server";
import { Client, Events, GatewayIntentBits } from "discord.js";

/*
 * The clients that the bridge is compared with, in a process of their own: discord.js alone with an empty handler, and
 * the simplest way of mirroring, one awaited mutation per event.
 */

// eslint-disable-next-line no-restricted-properties -- A program of its own, configured by its parent.
const { DISCORD_API_URL = "", CONVEX_URL = "", MODE = "empty" } = process.env;

const client = new Client({
  intents: [
    GatewayIntentBits.Guilds,
    GatewayIntentBits.GuildMessages,
    GatewayIntentBits.MessageContent,
  ],
  rest: { api: DISCORD_API_URL },
});

let handled = 0;
if (MODE === "empty") {
  client.on(Events.MessageCreate, () => {
    handled += 1;
    if (handled % 100 === 0) process.send?.(handled);
  });
} else {
  const convex = new ConvexClient(CONVEX_URL, {
    skipConvexDeploymentUrlCheck: true,
    logger: false,
  });
  const ingest = makeFunctionReference<"mutation">("bridge:ingest");
  // In order: each event waits until the previous one is stored.
  let last = Promise.resolve();
  client.on(Events.MessageCreate, (message) => {
    const { id, channelId, guildId, content, createdTimestamp, author } = message;
    const event = {
      type: "message",
      mappingId: `mapping-${channelId}`,
      externalId: id,
      position: id.padStart(20, "0"),
      author: { externalId: author.id, workspaceId: guildId ?? "", name: author.displayName },
      content,
      sentAt: createdTimestamp,
    };
    last = last.then(async () => {
      await convex.mutation(ingest, { events: [event], advance: [] });
    });
  });
}

client.once(Events.ClientReady, () => console.log("ready"));
process.on("SIGTERM", () => process.exit(0));
process.on("disconnect", () => process.exit(0));
await client.login("bench.bot.token");
