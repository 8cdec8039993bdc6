import { pino } from "pino";
import { afterEach, expect } from "vitest";
import type {
  BridgeEvent,
  ChannelUpdate,
  Delivery,
  Health,
  Intake,
  Mapping,
  MappingId,
  Outcome,
  Person,
  Platform,
  Problem,
} from "../../../bridges/platform.ts";
import { Slack, type SlackOptions } from "../../../bridges/slack/adapter.ts";
import {
  type SlackStandIn,
  type SlackStandInOptions,
  startSlackStandIn,
} from "../../../scripts/stand_ins/slack/stand_in.ts";

/* The stage of the Slack adapter's tests: the adapter between the stand-in for Slack and a fake core. */

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A core that records every call. A test decides when and how it commits (`commit`) and stores (`store`). */
export class Core implements Intake {
  readonly events: BridgeEvent[] = [];
  readonly people: Person[] = [];
  readonly problems: Problem[] = [];
  readonly healths: Health[] = [];
  readonly gaps: string[] = [];
  readonly channels: ChannelUpdate[] = [];
  readonly #mappings = new Map<string, Mapping>();
  commit: (event: BridgeEvent) => Promise<Outcome> = async () => "inserted";

  store: () => Promise<void> = async () => undefined;

  map(channelId: string): Mapping {
    // Only Convex makes such ids; any string works here.
    const mappingId = `m ${channelId}` as MappingId;
    const mapping = { mappingId, externalId: channelId, since: "0" };
    this.#mappings.set(channelId, mapping);
    return mapping;
  }
  mappingOf(channelId: string): Mapping | undefined {
    return this.#mappings.get(channelId);
  }
  push(event: BridgeEvent): Promise<Outcome> {
    this.events.push(event);
    return this.commit(event);
  }
  person(person: Person): void {
    this.people.push(person);
  }
  problem(problem: Problem): Promise<void> {
    this.problems.push(problem);
    return this.store();
  }
  health(health: Health): void {
    this.healths.push(health);
  }
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
  readonly mapping: Mapping;
  readonly ada: string;
  /** Posts a message in the mapped channel as Ada. Returns the message's id. */
  readonly say: (text: string, thread?: string) => string;
  readonly fatal: Error[];
  readonly lines: string[];
}

/** The adapter, not started; its log lines go to `lines`. */
export function createBridge(
  slack: SlackStandIn,
  lines: string[],
  tokens: Partial<Tokens> = {},
  options?: SlackOptions,
) {
  const { SLACK_BOT_TOKEN = "", SLACK_APP_TOKEN = "", SLACK_API_URL = "" } = slack.env;
  const log = pino({ level: "trace" }, { write: (line: string) => lines.push(line) });
  const config = { botToken: SLACK_BOT_TOKEN, appToken: SLACK_APP_TOKEN, apiUrl: SLACK_API_URL };
  const bridge = new Slack({ ...config, ...tokens }, log, options);
  cleanups.push(() => bridge.close());
  return bridge;
}
export interface Tokens {
  botToken: string;
  appToken: string;
}

/** A stand-in for Slack; at the end of the test it must have refused nothing. */
export async function startStandIn(options?: SlackStandInOptions): Promise<SlackStandIn> {
  const slack = await startSlackStandIn(options);
  cleanups.push(async () => {
    await slack.stop();
    expect(slack.refused).toEqual([]);
  });
  return slack;
}

/** A connected adapter with one mapped channel and one person. */
export async function start(
  options?: SlackStandInOptions,
  bridgeOptions?: SlackOptions,
): Promise<Setup> {
  const slack = await startStandIn(options);
  const lines: string[] = [];
  const bridge = createBridge(slack, lines, {}, bridgeOptions);
  const core = new Core();
  const fatal: Error[] = [];
  const channel = slack.addChannel("general");
  const mapping = core.map(channel);
  const ada = slack.addPerson("Ada");
  const say = (text: string, thread?: string) =>
    slack.say({ channel, person: ada, text, ...(thread !== undefined && { thread }) });
  await bridge.start(core, (error) => fatal.push(error));
  return { slack, core, bridge, channel, mapping, ada, say, fatal, lines };
}

export function deferred<T>() {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((done) => (resolve = done));
  return { promise, resolve };
}

/** A claimed delivery to a channel. */
export const delivery = (fields: Partial<Delivery> & Pick<Delivery, "channel">): Delivery => ({
  // Only Convex makes such ids; any string works here.
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

/** A deadline that no test reaches. */
export const soon = () => AbortSignal.timeout(10_000);
