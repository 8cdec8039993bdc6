import pino from "pino";
import { Discord } from "../../../bridges/discord/adapter.ts";
import type {
  BridgeEvent,
  ChannelUpdate,
  Delivery,
  Health,
  Intake,
  Mapping,
  MappingId,
  Outcome,
  Platform,
} from "../../../bridges/platform.ts";
import {
  type DiscordOptions,
  type DiscordStandIn,
  startDiscordStandIn,
} from "../../../scripts/stand_ins/discord/stand_in.ts";

/** What the adapter handed to the core. */
interface Recorded {
  readonly events: BridgeEvent[];
  readonly fatal: Error[];
  readonly updates: ChannelUpdate[];
  readonly healths: Health[];
  readonly gaps: string[];
}

/** The Discord adapter alone, between a stand-in for Discord and an intake that records. */
export class Stage {
  readonly general: string;
  readonly ada: string;
  /** The only mapped channel, `general`. */
  readonly mapping: Mapping;
  readonly #platforms: Platform[] = [];

  private constructor(readonly discord: DiscordStandIn) {
    this.general = discord.addChannel("general");
    this.ada = discord.addPerson("Ada Lovelace", "Ada");
    this.mapping = { ...mappingOf(this.general), externalName: "general" };
  }

  static async open(options?: DiscordOptions): Promise<Stage> {
    return new Stage(await startDiscordStandIn(options));
  }

  async close(): Promise<void> {
    await Promise.all(this.#platforms.map((platform) => platform.close()));
    await this.discord.stop();
  }

  bridge(botToken = this.discord.env.DISCORD_BOT_TOKEN ?? ""): Platform {
    const apiUrl = this.discord.env.DISCORD_API_URL ?? "";
    const platform = new Discord({ botToken, apiUrl }, pino({ enabled: false }));
    this.#platforms.push(platform);
    return platform;
  }

  /** Starts the adapter. `outcome`: what the core answers to every event. */
  async listen(platform: Platform, outcome: Outcome = "inserted"): Promise<Recorded> {
    const recorded: Recorded = { events: [], fatal: [], updates: [], healths: [], gaps: [] };
    const intake: Intake = {
      mappingOf: (id) => (id === this.general ? this.mapping : undefined),
      push: (event) => {
        recorded.events.push(event);
        return Promise.resolve(outcome);
      },
      person: () => undefined,
      problem: () => Promise.resolve(),
      health: (health) => recorded.healths.push(health),
      gap: (why, mappingId) => recorded.gaps.push([why, mappingId].filter(Boolean).join(": ")),
      channel: (update) => {
        recorded.updates.push(update);
        return Promise.resolve();
      },
    };
    await platform.start(intake, (error) => recorded.fatal.push(error));
    return recorded;
  }

  /** A delivery as `claim` returns it. */
  delivery(fields: Partial<Delivery> = {}): Delivery {
    const ids = {
      deliveryId: "delivery1",
      mappingId: "m",
      conversationId: "c",
      messageId: "message1",
    } as Pick<Delivery, "deliveryId" | "mappingId" | "conversationId" | "messageId">;
    return {
      ...ids,
      generation: 1,
      leaseMs: 60_000,
      op: "create",
      channel: this.general,
      content: "Hello @everyone",
      posts: [],
      attempts: 1,
      firstClaimedAt: Date.now(),
      ageMs: 0,
      outcomeUnknown: false,
      ...fields,
    };
  }

  /** How many requests with this name arrived. */
  requests(name: string): number {
    return this.discord.wire.filter((entry) => entry.direction === "in" && entry.name === name)
      .length;
  }
}

/** A mapping of the channel. */
export function mappingOf(externalId: string): Mapping {
  // Outside Convex an id is a plain string.
  return { mappingId: "m" as MappingId, externalId, since: "" };
}

/** The error that `work` fails with. Throws any other error, or one of another class. */
export async function rejection<T extends Error>(
  work: Promise<unknown>,
  kind: abstract new (...args: never[]) => T,
): Promise<T> {
  const error = await work.then(
    () => new Error("it did not fail"),
    (reason: unknown) => reason,
  );
  if (error instanceof kind) return error;
  throw error;
}
