import pino from "pino";
import { z } from "zod";
import { afterEach, describe, expect, test } from "vitest";
import { Discord } from "../../../bridges/discord/adapter.ts";
import { type GatewayScript, ScriptedGateway } from "../../support/scripted_gateway.ts";
import { eventually } from "../../support/eventually.ts";
import { RecordingCore } from "../recording_core.ts";
import { mappingOf } from "./stage.ts";

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const logLine = z.record(z.string(), z.unknown());
const GUILD = "100000000000000001";
const ROOM = "200000000000000001";
const guild = (id = GUILD, channel = ROOM) => ({
  id,
  channels: [
    { id: channel, type: 0, name: "room" },
    { id: "200000000000000009", type: 0, name: "elsewhere" },
  ],
  roles: [],
  threads: [],
});
let sequence = 0;
const message = (channel = ROOM, guildId = GUILD, fields = {}) => ({
  id: `30000000000000${(++sequence + 1_000).toString()}`,
  channel_id: channel,
  guild_id: guildId,
  type: 0,
  content: "hello",
  timestamp: new Date().toISOString(),
  edited_timestamp: null,
  author: { id: "400", username: "ada", discriminator: "0" },
  attachments: [],
  embeds: [],
  mentions: [],
  mention_roles: [],
  ...fields,
});

async function open(script: GatewayScript, channels = [ROOM], shards?: [number, number, number]) {
  const gateway = await ScriptedGateway.start(script);
  closing.push(() => gateway.stop());
  const lines: Record<string, unknown>[] = [];
  const log = pino(
    {},
    { write: (line: string) => void lines.push(logLine.parse(JSON.parse(line))) },
  );
  const range = shards && { first: shards[0], last: shards[1], count: shards[2] };
  const platform = new Discord(
    { botToken: "token", apiUrl: gateway.apiUrl, ...(range && { shards: range }) },
    log,
  );
  closing.push(() => platform.close());
  const core = new RecordingCore();
  for (const channel of channels) core.add(mappingOf(channel));
  const fatal: Error[] = [];
  const started = platform.start(core, (error) => fatal.push(error));
  started.catch(() => undefined);
  return { gateway, platform, core, lines, fatal, started };
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe("frames that can't be read", () => {
  const ODD: unknown[] = [
    "null",
    "",
    "{",
    "[]",
    "7",
    '"text"',
    { op: null },
    { op: "0" },
    { op: 99, d: {} },
    { op: 0 },
    { op: 0, t: null, s: 5, d: {} },
    { op: 0, t: "MESSAGE_CREATE", s: null, d: {} },
    { op: 0, t: "READY", s: 7, d: null },
    { op: 0, t: "READY", s: 7, d: { session_id: null } },
    { op: 0, t: "NEW_THING", s: 7, d: null },
    { op: 10, d: null },
    { op: 10, d: { heartbeat_interval: null } },
    { op: 10, d: { heartbeat_interval: -1 } },
    { op: 11, d: [] },
    `{"op":0,"t":"PRESENCE_UPDATE","s":8,"d":{"x":"${"y".repeat(1_000_000)}"}}`,
  ];

  test("end nothing, and messages go on", async () => {
    const { gateway, core, fatal, started } = await open({ guilds: () => [GUILD] });
    await started;
    const link = gateway.links.get(0);
    link?.dispatch("GUILD_CREATE", guild());
    for (const frame of ODD) link?.send(frame);
    link?.socket.send(Buffer.from([0x78, 0x9c, 0, 0, 0xff, 0xff]));
    link?.dispatch("MESSAGE_CREATE", message());
    await eventually(() => expect(core.events).toHaveLength(1));
    expect(fatal).toEqual([]);
    expect(gateway.identifies).toBe(1);
  });

  test("leave a gap: it may have been a message", async () => {
    const { gateway, core, started } = await open({ guilds: () => [GUILD] });
    await started;
    const before = core.gaps.length;
    gateway.links.get(0)?.send({ op: 0, t: "MESSAGE_CREATE", s: null, d: message() });
    await eventually(() => expect(core.gaps).toHaveLength(before + 1));
    expect(core.problems).toMatchObject([{ kind: "message_unreadable", externalId: "frame" }]);
  });

  const EVENTS = [
    "GUILD_CREATE",
    "GUILD_UPDATE",
    "GUILD_DELETE",
    "GUILD_ROLE_CREATE",
    "GUILD_ROLE_UPDATE",
    "GUILD_ROLE_DELETE",
    "CHANNEL_CREATE",
    "CHANNEL_UPDATE",
    "CHANNEL_DELETE",
    "THREAD_CREATE",
    "THREAD_UPDATE",
    "THREAD_DELETE",
    "THREAD_LIST_SYNC",
    "MESSAGE_CREATE",
    "MESSAGE_UPDATE",
    "MESSAGE_DELETE",
    "MESSAGE_DELETE_BULK",
    "INTERACTION_CREATE",
    "PRESENCE_UPDATE",
  ];
  const WHOLE: Record<string, unknown> = {
    ...message("200000000000000009"),
    ...guild("100000000000000009", "200000000000000008"),
    parent_id: ROOM,
    name: "thread",
    role: { id: "1", name: "r", tags: {} },
    role_id: "1",
    ids: ["1"],
    channel_ids: [],
    unavailable: false,
    components: [],
    poll: {},
    member: {},
    message_reference: {},
  };
  const VALUES: unknown[] = [null, undefined, 0, "x", [], [null], {}, true];

  test("among each dispatch with each field odd in turn, nothing is lost and nothing ends", async () => {
    const { gateway, core, fatal, started } = await open({ guilds: () => [GUILD] });
    await started;
    const link = gateway.links.get(0);
    link?.dispatch("GUILD_CREATE", guild());
    for (const event of EVENTS) {
      link?.dispatch(event, null);
      for (const key of Object.keys(WHOLE))
        for (const value of VALUES) link?.dispatch(event, { ...WHOLE, [key]: value });
    }
    link?.dispatch("MESSAGE_CREATE", message());
    await eventually(() =>
      expect(core.events.filter((event) => event.externalId.startsWith("3"))).not.toEqual([]),
    );
    expect(fatal).toEqual([]);
    expect(gateway.identifies).toBe(1);
  });

  test("in a mapped channel are set aside; elsewhere they are ignored", async () => {
    const { gateway, core, started } = await open({ guilds: () => [GUILD] });
    await started;
    const link = gateway.links.get(0);
    link?.dispatch("GUILD_CREATE", guild());
    link?.dispatch("MESSAGE_CREATE", { ...message(), id: null });
    link?.dispatch("MESSAGE_CREATE", { ...message("200000000000000009"), id: null });
    link?.dispatch("MESSAGE_CREATE", message());
    await eventually(() => expect(core.events).toHaveLength(1));
    expect(core.problems).toMatchObject([{ kind: "message_unreadable", mappingId: "m" }]);
  });
});

describe("a gateway that ends every session", () => {
  const ENDINGS: [string, GatewayScript][] = [
    ["before HELLO", { opened: (socket) => socket.close(1000) }],
    ["after IDENTIFY", { identified: ({ socket }) => socket.close(4000) }],
    ["by op 9", { identified: ({ send }) => send({ op: 9, d: false }) }],
    ["by op 9 without data", { identified: ({ send }) => send({ op: 9, d: null }) }],
  ];

  test.for(ENDINGS)("%s is asked ever more slowly", async ([, script]) => {
    const { gateway, fatal, lines } = await open(script);
    await pause(5_000);
    expect(gateway.identifies).toBeLessThanOrEqual(3);
    expect(gateway.opens).toBeLessThanOrEqual(7);
    expect(fatal).toEqual([]);
    expect(lines.map(({ msg }) => msg)).toContain("connections to Discord do not last, waiting");
  });

  test("by op 7 costs no session start", async () => {
    const { gateway, lines } = await open({
      resumed: (link) => {
        link.dispatch("RESUMED", {});
        link.send({ op: 7, d: null });
      },
    });
    await eventually(() => expect(gateway.links.get(0)).toBeDefined());
    await pause(300);
    gateway.links.get(0)?.send({ op: 7, d: null });
    await pause(6_000);
    expect(gateway.identifies).toBe(1);
    expect(gateway.resumes).toBeLessThanOrEqual(6);
    expect(lines.map(({ msg }) => msg)).toContain("Discord asks to reconnect");
  });

  test("spends no start that Discord does not allow, and says so once", async () => {
    const start = 3;
    const { gateway, lines } = await open({
      remaining: () => start - gatewayIdentifies(),
      identified: ({ socket }) => socket.close(4000),
    });
    const gatewayIdentifies = () => count;
    let count = 0;
    const timer = setInterval(() => (count = gateway.identifies), 10);
    closing.push(async () => clearInterval(timer));
    await pause(4_000);
    expect(gateway.identifies).toBe(1);
    const said = lines.filter(({ msg }) => String(msg).startsWith("Discord allows hardly any"));
    expect(said).toHaveLength(1);
  });
});

describe("16 shards", () => {
  const COUNT = 16;
  /** Server n is on shard n. */
  const guildOf = (shard: number) => (BigInt(shard + COUNT) << 22n).toString().padStart(17, "0");
  const roomOf = (shard: number) => `2000000000000001${shard.toString().padStart(2, "0")}`;
  const shardIds = Array.from({ length: COUNT }, (_, shard) => shard);
  const script: GatewayScript = {
    shards: COUNT,
    guilds: (shard) => [guildOf(shard)],
    rest: (path) => {
      const shard = shardIds.find((id) => path === `channels/${roomOf(id)}`);
      return shard === undefined
        ? []
        : { id: roomOf(shard), type: 0, guild_id: guildOf(shard), name: "room" };
    },
  };
  const tell = (gateway: ScriptedGateway, shard: number) =>
    gateway.links.get(shard)?.dispatch("MESSAGE_CREATE", message(roomOf(shard), guildOf(shard)));

  test("mirror the servers of each once, and a lost shard holds up only its own", async () => {
    const { gateway, core, started, lines } = await open(script, shardIds.map(roomOf));
    await started;
    expect(gateway.identifies).toBe(COUNT);
    for (const shard of shardIds)
      gateway.links.get(shard)?.dispatch("GUILD_CREATE", guild(guildOf(shard), roomOf(shard)));
    for (const shard of shardIds) tell(gateway, shard);
    await eventually(() => expect(core.events).toHaveLength(COUNT));
    expect(new Set(core.events.map(({ externalId }) => externalId)).size).toBe(COUNT);
    gateway.links.get(3)?.socket.close(4000);
    for (const shard of shardIds) if (shard !== 3) tell(gateway, shard);
    await eventually(() => expect(core.events).toHaveLength(2 * COUNT - 1));
    await eventually(() => expect(gateway.resumes).toBe(1));
    tell(gateway, 3);
    await eventually(() => expect(core.events).toHaveLength(2 * COUNT));
    expect(lines.find(({ msg }) => msg === "connection lost, reconnecting")).toMatchObject({
      shard: 3,
    });
  }, 30_000);

  test("a new session of one leaves a gap only in its servers", async () => {
    const { gateway, core, started } = await open(script, shardIds.map(roomOf));
    await started;
    for (const shard of shardIds)
      gateway.links.get(shard)?.dispatch("GUILD_CREATE", guild(guildOf(shard), roomOf(shard)));
    for (const shard of shardIds) tell(gateway, shard);
    await eventually(() => expect(core.events).toHaveLength(COUNT));
    const before = core.gaps.length;
    gateway.links.get(5)?.send({ op: 9, d: false });
    await eventually(() => expect(core.gaps.length).toBeGreaterThan(before));
    expect(core.gaps.slice(before)).toHaveLength(1);
  }, 30_000);

  test("a new session before a server was sent leaves a gap in it too", async () => {
    const { gateway, core, started } = await open(script, shardIds.map(roomOf));
    await started;
    gateway.links.get(5)?.send({ op: 9, d: false });
    await eventually(() => expect(gateway.identifies).toBe(COUNT + 1));
    gateway.links.get(5)?.dispatch("GUILD_CREATE", guild(guildOf(5), roomOf(5)));
    tell(gateway, 5);
    await eventually(() => expect(core.events).toHaveLength(1));
    expect(core.gaps).toEqual(["a channel is available again: m"]);
  }, 30_000);

  test("can be shared by processes, which follow their own servers", async () => {
    const { gateway, platform, started } = await open(script, shardIds.map(roomOf), [4, 7, COUNT]);
    await started;
    expect([...gateway.links.keys()].sort()).toEqual([4, 5, 6, 7]);
    const followed: number[] = [];
    for (const shard of shardIds)
      if (await platform.follows?.(mappingOf(roomOf(shard)))) followed.push(shard);
    expect(followed).toEqual([4, 5, 6, 7]);
  }, 30_000);
});
