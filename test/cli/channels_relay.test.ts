import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type DiscordStandIn,
  startDiscordStandIn,
} from "../../scripts/stand_ins/discord/stand_in.ts";
import { type SlackStandIn, startSlackStandIn } from "../../scripts/stand_ins/slack/stand_in.ts";
import { ChannelsScript } from "../support/channels_script.ts";

const script = new ChannelsScript().use();
const PLAINLY = "posted by the bot, with the author's name in bold in front";

let discord: DiscordStandIn;
let slack: SlackStandIn;

beforeAll(async () => {
  [discord, slack] = await Promise.all([startDiscordStandIn(), startSlackStandIn()]);
});

afterAll(() => Promise.all([discord.stop(), slack.stop()]));

const channels = (...args: string[]) =>
  script.run(args, { ...script.settings, ...discord.env, ...slack.env });

describe("a relay", () => {
  test("is switched on when mapping, and list and status say what each channel hears", async () => {
    const [one, two] = [discord.addChannel("bridge"), slack.addChannel("general")];
    const mapped = await channels("map", "discord", one, "--to", "team", "--relay", "--relay-apps");
    expect(mapped).toMatchObject({ code: 0, stderr: "" });
    expect(mapped.stdout).toBe(
      `Mapped discord ${one} (#bridge) to the new private channel "team". It receives what is said in the other channels mapped there. The bot can read and post there.\n`,
    );
    expect(await script.mappingOf(one)).toMatchObject({
      relaySince: expect.any(Number) as number,
      relayApps: true,
    });
    const alone = (await channels("list")).stdout;
    expect(alone).toMatch(/\n {4}hears: no other channel yet; apps too$/m);

    await channels("map", "slack", two, "--to", "team");
    await channels("map", "slack", slack.addChannel("else"), "--to", "elsewhere", "--relay");
    expect((await channels("list")).stdout).toMatch(
      new RegExp(
        `^discord +${one} .*\\n {4}hears: slack #general; apps too\\nslack +${two} .*$`,
        "m",
      ),
    );
    const status = (await channels("status")).stdout;
    expect(status).toMatch(/^discord .*\n {2}hears: slack #general; apps too\nslack /m);
    expect(status.match(/hears:/g)).toHaveLength(2);
  });

  test("is switched on and off for a mapped channel", async () => {
    const id = discord.addChannel("switched");
    await channels("map", "discord", id, "--to", "switching");
    expect(await script.mappingOf(id)).not.toHaveProperty("relaySince");
    const on = await channels("set", "discord", id, "--relay", "on", "--relay-apps", "on");
    expect(on.stdout).toContain("; relay is on, for apps too.");
    expect(await script.mappingOf(id)).toMatchObject({
      relaySince: expect.any(Number) as number,
      relayApps: true,
    });
    const off = await channels("set", "discord", id, "--relay", "off");
    expect(off.stdout).toContain("; would relay apps, but relay is off.");
    const { stdout } = await channels("set", "discord", id, "--relay-apps", "off");
    expect(stdout).not.toContain("relay");
    expect(await script.mappingOf(id)).not.toHaveProperty("relaySince");
  });

  test("is no matter of showing answers while they are written, which has a switch of its own", async () => {
    const id = discord.addChannel("shown");
    await channels("map", "discord", id, "--to", "shown", "--stream");
    expect(await script.mappingOf(id)).toMatchObject({ stream: true });
    expect((await channels("list")).stdout).toContain("shows answers being written");
    const off = await channels("set", "discord", id, "--stream", "off");
    expect(off.stdout).not.toContain("shows answers");
    expect(await script.mappingOf(id)).not.toHaveProperty("stream");
    const on = await channels("set", "discord", id, "--stream", "on");
    expect(on.stdout).toContain("; shows answers being written.");
  });

  test("into Discord without Manage Webhooks works, and the result says how", async () => {
    const [denied, plain] = [discord.addChannel("denied"), discord.addChannel("plain")];
    discord.deny(denied, { webhooks: true });
    discord.deny(plain, { webhooks: true });
    const { code, stdout } = await channels("map", "discord", denied, "--to", "a", "--relay");
    expect(code).toBe(0);
    expect(stdout).toContain(
      `the bot lacks Manage Webhooks, so messages relayed there are ${PLAINLY}. In Discord:`,
    );
    expect(stdout).toContain("> allow Manage Webhooks\n");
    const without = await channels("map", "discord", plain, "--to", "a");
    expect(without.stdout).not.toContain("Webhooks");
  });

  test("into Slack without the scope works, and the result says how", async () => {
    slack.setScope("chat:write.customize", false);
    const [relaying, plain] = [slack.addChannel("relaying"), slack.addChannel("plain")];
    const { code, stdout } = await channels("map", "slack", relaying, "--to", "b", "--relay");
    const without = await channels("map", "slack", plain, "--to", "b");
    slack.setScope("chat:write.customize", true);
    expect(code).toBe(0);
    expect(stdout).toContain(
      `lacks the scope chat:write.customize, so messages relayed there are ${PLAINLY}. api.slack.com/apps`,
    );
    expect(stdout).toContain("add chat:write.customize");
    expect(without.stdout).not.toContain("customize");
  });

  test("without what files need works too, and the result says what becomes of them", async () => {
    slack.setScope("files:write", false);
    const onSlack = slack.addChannel("no files");
    const named = await channels("map", "slack", onSlack, "--to", "c", "--relay");
    slack.setScope("files:write", true);
    expect(named.stdout).toContain(
      "lacks the scope files:write, so the images of messages relayed there are only named.",
    );
    const onDiscord = discord.addChannel("no files");
    discord.deny(onDiscord, { webhooks: true, files: true });
    const { stdout } = await channels("map", "discord", onDiscord, "--to", "c", "--relay");
    expect(stdout).toContain("the bot lacks Manage Webhooks and Attach Files, so messages");
    expect(stdout).toContain(`${PLAINLY}, and without files. In Discord:`);
  });
});
