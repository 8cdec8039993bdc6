import { describe, expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { guild, message, open } from "./gateway_stage.ts";
import type { GatewayScript, ScriptedGateway } from "./scripted_gateway.ts";
import { mappingOf } from "./stage.ts";

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
