import { REST } from "@discordjs/rest";
import type { APIMessage, APIWebhook } from "discord-api-types/v10";
import { afterEach, beforeEach } from "vitest";
import type { DiscordStandIn } from "../stand_in.ts";
import { start, stopAll } from "../test_clients.ts";

/* The stage of the tests of webhooks: a channel, a person, and the library's REST client with the bot's token. */

export let discord: DiscordStandIn;
export let general: string;
export let ada: string;
export let rest: REST;

export function useWebhooks(): void {
  beforeEach(async () => {
    discord = await start();
    general = discord.addChannel("general");
    ada = discord.addPerson("Ada");
    rest = restOf(discord);
  });
  afterEach(stopAll);
}

export function restOf(standIn: DiscordStandIn): REST {
  const made = new REST({ api: standIn.env.DISCORD_API_URL ?? "", retries: 0 });
  return made.setToken(standIn.env.DISCORD_BOT_TOKEN ?? "");
}

export const list = async (channel = general) =>
  (await rest.get(`/channels/${channel}/webhooks`)) as APIWebhook[];
export const create = async (name = "Bridge", channel = general) =>
  (await rest.post(`/channels/${channel}/webhooks`, { body: { name } })) as APIWebhook;
export const pathOf = ({ id, token = "" }: APIWebhook) => `/webhooks/${id}/${token}` as const;

export async function execute(
  webhook: APIWebhook,
  body: object,
  query: Record<string, string> = {},
) {
  const options = { body, query: new URLSearchParams({ wait: "true", ...query }), auth: false };
  return (await rest.post(pathOf(webhook), options)) as APIMessage;
}
