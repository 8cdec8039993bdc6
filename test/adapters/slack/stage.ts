import { pino } from "pino";
import { afterEach, expect } from "vitest";
import type {
  BridgeEvent,
  ChannelUpdate,
  Delivery,
  Health,
  Intake,
  MappingId,
  Outcome,
  Person,
  Platform,
  Problem,
} from "../../../bridges/platform.ts";
import { createSlack } from "../../../bridges/slack/adapter.ts";
import {
  type SlackStandIn,
  type SlackStandInOptions,
  startSlackStandIn,
} from "../../../scripts/stand_ins/slack/stand_in.ts";

/*
 * What the tests of the Slack adapter share: the adapter itself, the stand-in at its far end, and a core at its
 * near end that does what the test says.
 */

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** The core's side of the contract: records what it is given, and commits only when the test says so. */
export class Core implements Intake {
  readonly events: BridgeEvent[] = [];
  readonly people: Person[] = [];
  readonly problems: Problem[] = [];
  readonly mapped = new Set<string>();
  commit: (event: BridgeEvent) => Promise<Outcome> = async () => "inserted";

  mappingOf(channelId: string) {
    if (!this.mapped.has(channelId)) return undefined;
    // An id only Convex makes; here any text serves.
    return { mappingId: `m ${channelId}` as MappingId, externalId: channelId, since: "0" };
  }
  push(event: BridgeEvent): Promise<Outcome> {
    this.events.push(event);
    return this.commit(event);
  }
  person(person: Person): void {
    this.people.push(person);
  }
  store: () => Promise<void> = async () => undefined;
  problem(problem: Problem): Promise<void> {
    this.problems.push(problem);
    return this.store();
  }
  readonly healths: Health[] = [];
  health(health: Health): void {
    this.healths.push(health);
  }
  readonly gaps: string[] = [];
  readonly channels: ChannelUpdate[] = [];
  channel(news: ChannelUpdate): Promise<void> {
    this.channels.push(news);
    return this.store();
  }
  gap(why: string, mappingId?: MappingId): void {
    this.gaps.push(mappingId === undefined ? why : `${why}: ${mappingId}`);
  }
  texts(): string[] {
    return this.events.map((event) => (event.type === "message" ? event.content : "deleted"));
  }
}

export interface Setup {
  readonly slack: SlackStandIn;
  readonly core: Core;
  readonly bridge: Platform;
  readonly channel: string;
  readonly ada: string;
  readonly fatal: Error[];
  readonly lines: string[];
}

export function createBridge(
  slack: SlackStandIn,
  lines: string[],
  tokens: Partial<Tokens> = {},
  options: Parameters<typeof createSlack>[2] = {},
) {
  const { SLACK_BOT_TOKEN = "", SLACK_APP_TOKEN = "", SLACK_API_URL = "" } = slack.env;
  const log = pino({ level: "trace" }, { write: (line: string) => lines.push(line) });
  const config = { botToken: SLACK_BOT_TOKEN, appToken: SLACK_APP_TOKEN, apiUrl: SLACK_API_URL };
  const bridge = createSlack({ ...config, ...tokens }, log, options);
  cleanups.push(() => bridge.close());
  return bridge;
}
export interface Tokens {
  botToken: string;
  appToken: string;
}

export async function startStandIn(options?: SlackStandInOptions): Promise<SlackStandIn> {
  const slack = await startSlackStandIn(options);
  cleanups.push(async () => {
    await slack.stop();
    expect(slack.refused).toEqual([]);
  });
  return slack;
}

export async function start(options?: SlackStandInOptions): Promise<Setup> {
  const slack = await startStandIn(options);
  const lines: string[] = [];
  const bridge = createBridge(slack, lines);
  const core = new Core();
  const fatal: Error[] = [];
  const channel = slack.addChannel("general");
  core.mapped.add(channel);
  const ada = slack.addPerson("Ada");
  await bridge.start(core, (error) => fatal.push(error));
  return { slack, core, bridge, channel, ada, fatal, lines };
}

export const delivery = (fields: Partial<Delivery> & Pick<Delivery, "channel">): Delivery => ({
  // Ids only Convex makes; here any text serves.
  deliveryId: "d1" as Delivery["deliveryId"],
  mappingId: "m1" as Delivery["mappingId"],
  conversationId: "c1" as Delivery["conversationId"],
  messageId: "r1" as Delivery["messageId"],
  generation: 1,
  leaseMs: 60_000,
  op: "create",
  content: "",
  posts: [],
  attempts: 1,
  firstClaimedAt: 0,
  ageMs: 0,
  outcomeUnknown: false,
  ...fields,
});

export const soon = () => AbortSignal.timeout(10_000);
