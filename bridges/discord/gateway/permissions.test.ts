import { pino } from "pino";
import { beforeEach, describe, expect, test } from "vitest";
import { RecordingCore } from "../../../test/adapters/recording_core.ts";
import { mappingOf } from "../../../test/adapters/discord/stage.ts";
import { ChannelFollower } from "../inbound/channels.ts";
import { Router } from "../inbound/router.ts";
import { Threads } from "../inbound/threads.ts";
import { Directory } from "./directory.ts";
import { Dispatches } from "./dispatches.ts";

/* The bot may lose sight of a mapped channel: Discord then sends nothing from it, and no dispatch says so. */

const BOT = "1000";
const log = pino({ enabled: false });

let core: RecordingCore;
let dispatch: (t: string, d: unknown) => void;

const overwrite = (deny: string) => [{ id: BOT, type: 1, allow: "0", deny }];
const channel = (fields: object = {}) => ({
  id: "80",
  guild_id: "9",
  type: 0,
  name: "general",
  permission_overwrites: overwrite("0"),
  ...fields,
});
const role = (fields: object = {}) => ({ id: "70", name: "bots", permissions: "1024", ...fields });

beforeEach(() => {
  core = new RecordingCore();
  core.add(mappingOf("80"));
  const directory = new Directory();
  const threads = new Threads(async () => undefined);
  const names = { role: () => undefined, channel: () => undefined };
  const router = new Router({ intake: core, threads, names, log });
  const channels = new ChannelFollower(core);
  const options = { directory, threads, channels, router, isSharded: () => false, log };
  const dispatches = new Dispatches(options);
  dispatch = (t, d) => dispatches.handle({ t, d }, 0);
  dispatch("READY", { user: { id: BOT }, guilds: [{ id: "9" }, { id: "10" }] });
  dispatch("GUILD_CREATE", { id: "9", channels: [channel()], roles: [role()] });
  dispatch("GUILD_CREATE", { id: "10", channels: [channel({ id: "81" })], roles: [] });
  core.gaps.length = 0;
});

describe("a mapped channel is caught up, which shows whether it can still be read, when", () => {
  test.each([
    [
      "its permissions change",
      "CHANNEL_UPDATE",
      channel({ permission_overwrites: overwrite("1024") }),
    ],
    [
      "what a role permits changes",
      "GUILD_ROLE_UPDATE",
      { guild_id: "9", role: role({ permissions: "0" }) },
    ],
    [
      "the server changes what a role permits",
      "GUILD_UPDATE",
      { id: "9", roles: [role({ permissions: "0" })] },
    ],
    ["a role is deleted", "GUILD_ROLE_DELETE", { guild_id: "9", role_id: "70" }],
    [
      "the bot's own roles change",
      "GUILD_MEMBER_UPDATE",
      { guild_id: "9", user: { id: BOT }, roles: [] },
    ],
  ])("%s", (_what, t, d) => {
    dispatch(t, d);
    expect(core.gaps).toEqual(["permissions have changed: m"]);
  });
});

describe("nothing is caught up when", () => {
  test.each([
    ["a channel gets another topic", "CHANNEL_UPDATE", channel({ topic: "new" })],
    [
      "a role gets another name",
      "GUILD_ROLE_UPDATE",
      { guild_id: "9", role: role({ name: "apps" }) },
    ],
    ["a role is added", "GUILD_ROLE_CREATE", { guild_id: "9", role: role({ id: "71" }) }],
    ["another member's roles change", "GUILD_MEMBER_UPDATE", { guild_id: "9", user: { id: "2" } }],
    ["it happens in another server", "GUILD_ROLE_DELETE", { guild_id: "10", role_id: "75" }],
  ])("%s", (_what, t, d) => {
    dispatch(t, d);
    expect(core.gaps).toEqual([]);
  });
});
