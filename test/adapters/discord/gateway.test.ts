import { describe, expect, onTestFinished, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { guild, GUILD, message, open, ROOM } from "./gateway_stage.ts";
import type { GatewayScript } from "./scripted_gateway.ts";

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
    onTestFinished(() => clearInterval(timer));
    await pause(4_000);
    expect(gateway.identifies).toBe(1);
    const said = lines.filter(({ msg }) => String(msg).startsWith("Discord allows hardly any"));
    expect(said).toHaveLength(1);
  });
});
