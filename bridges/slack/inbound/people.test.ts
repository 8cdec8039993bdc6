import { pino } from "pino";
import { describe, expect, it } from "vitest";
import type { MappingId, MessageEvent, Person } from "../../platform.ts";
import { platformError } from "../sdk_errors.ts";
import { People } from "./people.ts";
import type { Profile } from "./profile.ts";
import { eventually } from "../../../test/support/eventually.ts";

const said = (author: string, mentioned: string[] = []): MessageEvent => ({
  type: "message",
  mappingId: "m1" as MappingId, // Only Convex makes such ids; any string works here.
  externalId: "1.000001",
  position: "1.000001",
  author: { externalId: author, workspaceId: "T1" },
  fromApp: false,
  mentionsBot: false,
  content: "",
  mentions: mentioned.map((id) => ({ kind: "user", id })),
  attachments: [],
  sentAt: 1,
});

function setUp(lookUp: (userId: string) => Promise<Profile | undefined>) {
  const lookUps: string[] = [];
  const learned: Person[] = [];
  let now = 0;
  const people = new People({
    lookUp: (userId) => {
      lookUps.push(userId);
      return lookUp(userId);
    },
    learned: (person) => learned.push(person),
    log: pino({ level: "silent" }),
    now: () => now,
  });
  return { people, lookUps, learned, later: (ms: number) => (now += ms) };
}

const profile = async (userId: string): Promise<Profile> => ({ name: `name of ${userId}` });

describe("names of people", () => {
  it("are looked up in the background, once each, and cached", async () => {
    const { people, lookUps, learned } = setUp(profile);
    expect(people.name(said("U1", ["U2"])).author).toEqual({ externalId: "U1", workspaceId: "T1" });
    people.name(said("U1"));
    await eventually(() => expect(learned).toHaveLength(2));
    expect(lookUps).toEqual(["U1", "U2"]);
    expect(learned[0]).toEqual({ workspaceId: "T1", externalId: "U1", name: "name of U1" });
    expect(people.name(said("U1", ["U2"]))).toMatchObject({
      author: { externalId: "U1", name: "name of U1" },
      mentions: [{ kind: "user", id: "U2", name: "name of U2" }],
    });
    expect(lookUps).toHaveLength(2);
  });

  it("are looked up again after some hours, and used meanwhile", async () => {
    const { people, lookUps, learned, later } = setUp(profile);
    people.name(said("U1"));
    await eventually(() => expect(learned).toHaveLength(1));
    later(7 * 60 * 60_000);
    expect(people.name(said("U1")).author.name).toBe("name of U1");
    expect(lookUps).toEqual(["U1", "U1"]);
  });

  it("are looked up after the wait that Slack asks for, without skipping anybody", async () => {
    let first = true;
    const { people, lookUps, learned } = setUp(async (userId) => {
      if (!first) return await profile(userId);
      first = false;
      throw platformError("ratelimited", { retryAfterMs: 20 });
    });
    people.name(said("U1"));
    people.name(said("U2"));
    await eventually(() => expect(learned).toHaveLength(2));
    expect(lookUps).toEqual(["U1", "U1", "U2"]);
  });

  it("are not looked up again at once after a failed look-up", async () => {
    const { people, lookUps, later } = setUp(() => Promise.reject(new Error("no")));
    people.name(said("U1"));
    await eventually(() => expect(lookUps).toHaveLength(1));
    await new Promise(setImmediate);
    people.name(said("U1"));
    expect(lookUps).toHaveLength(1);
    later(11 * 60_000);
    people.name(said("U1"));
    expect(lookUps).toHaveLength(2);
  });

  it("of integrations are not looked up", () => {
    const { people, lookUps } = setUp(profile);
    people.name(said("B1"));
    people.name(said("unknown"));
    expect(lookUps).toEqual([]);
  });

  it("are cached, and queued for look-up, for a bounded number of people", async () => {
    const { people, lookUps, learned } = setUp(profile);
    for (let n = 0; n < 1_200; n += 1) people.name(said(`U${n}`));
    await eventually(() => expect(learned).toHaveLength(1_000));
    for (let n = 2_000; n < 7_000; n += 1) {
      people.name(said(`U${n}`));
      if (n % 500 === 499) await eventually(() => expect(learned).toHaveLength(n - 999));
    }
    expect(people.name(said("U0")).author.name).toBeUndefined();
    expect(people.name(said("U6999")).author.name).toBe("name of U6999");
    expect(lookUps).toContain("U0");
  });

  it("are looked up for the first twenty of a message's mentions", async () => {
    const { people, lookUps } = setUp(profile);
    const mentions = Array.from({ length: 1_000 }, (_, n) => ({
      kind: "user" as const,
      id: `U${n + 10}`,
    }));
    people.name({ ...said("U1"), mentions });
    await eventually(() => expect(lookUps).toHaveLength(21));
    await new Promise(setImmediate);
    expect(lookUps).toHaveLength(21);
  });
});
