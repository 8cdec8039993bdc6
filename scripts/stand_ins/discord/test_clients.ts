import { DefaultRestOptions } from "@discordjs/rest";
import { Client, Events, GatewayIntentBits, Partials, type Message } from "discord.js";
import { expect } from "vitest";
import { startDiscordStandIn, type DiscordOptions, type DiscordStandIn } from "./stand_in.ts";

/** The intents that the bridge requests. */
export const ALL = [
  GatewayIntentBits.Guilds,
  GatewayIntentBits.GuildMessages,
  GatewayIntentBits.MessageContent,
];
/** Forms as bytes: the library's own dispatcher may have been replaced by another version of undici, which refuses its forms. */
const send: typeof DefaultRestOptions.makeRequest = async (url, init) => {
  if (!(init.body instanceof FormData)) return DefaultRestOptions.makeRequest(url, init);
  const form = new Response(init.body);
  const headers = new Headers(init.headers);
  headers.set("content-type", form.headers.get("content-type") ?? "");
  const body = Buffer.from(await form.arrayBuffer());
  const given = { ...init, headers: Object.fromEntries(headers), body };
  return DefaultRestOptions.makeRequest(url, given);
};

const clients: Client[] = [];
const standIns: DiscordStandIn[] = [];

export async function start(options?: DiscordOptions): Promise<DiscordStandIn> {
  const standIn = await startDiscordStandIn(options);
  standIns.push(standIn);
  return standIn;
}

export function client(standIn: DiscordStandIn, intents = ALL): Client {
  const made = new Client({
    intents,
    partials: [Partials.Message, Partials.Channel],
    rest: { api: standIn.env.DISCORD_API_URL ?? "", makeRequest: send },
  });
  made.on(Events.Error, () => undefined);
  clients.push(made);
  return made;
}

export async function login(standIn: DiscordStandIn, intents = ALL): Promise<Client> {
  const made = client(standIn, intents);
  const ready = new Promise((resolve) => made.once(Events.ClientReady, resolve));
  await made.login(standIn.env.DISCORD_BOT_TOKEN ?? "");
  await ready;
  return made;
}

export function listenTo(made: Client): Message[] {
  const received: Message[] = [];
  made.on(Events.MessageCreate, (message) => received.push(message));
  return received;
}

export async function textChannel(made: Client, id: string) {
  const channel = await made.channels.fetch(id);
  if (!channel?.isTextBased() || !channel.isSendable()) throw new Error("not a text channel");
  return channel;
}

/** Stops what a test started, and fails if a client requested something the stand-in doesn't implement. */
export async function stopAll(): Promise<void> {
  await Promise.all(clients.splice(0).map((made) => made.destroy()));
  for (const standIn of standIns.splice(0)) {
    expect(standIn.refused).toEqual([]);
    await standIn.stop();
  }
}
