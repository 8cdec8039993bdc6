import { afterEach, beforeEach, expect, it } from "vitest";
import { image } from "../../../../test/support/files/material.ts";
import { listenTo, login, start, stopAll, textChannel } from "../test_clients.ts";
import type { DiscordStandIn } from "../stand_in.ts";
import { eventually } from "../../../../test/support/eventually.ts";

let discord: DiscordStandIn;
let general: string;
let ada: string;

beforeEach(async () => {
  discord = await start();
  general = discord.addChannel("general");
  ada = discord.addPerson("Ada Lovelace", "Ada");
});

afterEach(stopAll);

const CAT = image("a cat.png");
const bytesAt = async (url: string) => new Uint8Array(await (await fetch(url)).arrayBuffer());

it("serves a person's file until its address expires, at a fresh one when the message is fetched, and not when it is deleted", async () => {
  const bridge = await login(discord);
  const received = listenTo(bridge);
  const id = discord.say({ channel: general, person: ada, text: "", files: [CAT] });
  await eventually(() => expect(received).toHaveLength(1));
  const shown = received[0]?.attachments.first();
  expect(shown).toMatchObject({ name: "a cat.png", contentType: "image/png", size: 64 });
  const url = shown?.url ?? "";
  expect(await bytesAt(url)).toEqual(CAT.bytes);
  expect((await fetch(url.replace(/hm=./, "hm=x"))).status).toBe(404);
  discord.guild.expireFiles();
  const expired = await fetch(url);
  expect(expired.status).toBe(404);
  expect(await expired.text()).toBe("This content is no longer available.");
  const channel = await textChannel(bridge, general);
  const again = await channel.messages.fetch({ message: id, force: true });
  const fresh = again.attachments.first()?.url ?? "";
  expect(await bytesAt(fresh)).toEqual(CAT.bytes);
  discord.remove({ channel: general, id });
  expect((await fetch(fresh)).status).toBe(404);
});

it("takes a bot's files with a message, keeps them through an edit that does not list them, and drops those that one leaves out", async () => {
  const bridge = await login(discord);
  const channel = await textChannel(bridge, general);
  const files = [CAT, image("b.png")].map(({ name, bytes }) => ({
    name,
    attachment: Buffer.from(bytes),
  }));
  const sent = await channel.send({ content: "look", files });
  const names = () =>
    (discord.transcript(general)[0]?.files ?? []).map(({ name, type }) => [name, type]);
  const both = [
    ["a cat.png", "image/png"],
    ["b.png", "image/png"],
  ];
  expect(names()).toEqual(both);
  await sent.edit({ content: "look here" });
  expect(names()).toHaveLength(2);
  const [, second] = sent.attachments.values();
  await sent.edit({ content: "", attachments: second ? [second] : [] });
  expect(names()).toEqual([["b.png", "image/png"]]);
});

it("refuses files that are too large or too many, and those of a bot that may attach none", async () => {
  const bridge = await login(discord);
  const channel = await textChannel(bridge, general);
  const limit = 10 * 1024 * 1024;
  const large = { name: "large.bin", attachment: Buffer.alloc(limit + 1) };
  await expect(channel.send({ files: [large] })).rejects.toMatchObject({
    status: 413,
    code: 40005,
  });
  const small = { name: "a.txt", attachment: Buffer.from("a") };
  await expect(channel.send({ files: Array(11).fill(small) })).rejects.toMatchObject({
    code: 50035,
  });
  discord.deny(general, { files: true });
  await expect(channel.send({ files: [small] })).rejects.toMatchObject({ code: 50013 });
  expect(discord.transcript(general)).toEqual([]);
});
