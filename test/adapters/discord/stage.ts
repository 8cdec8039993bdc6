import pino from "pino";
import { createDiscord } from "../../../bridges/discord/adapter.ts";
import type {
  BridgeEvent,
  Delivery,
  Intake,
  MappingId,
  Platform,
} from "../../../bridges/platform.ts";
import {
  type DiscordOptions,
  type DiscordStandIn,
  startDiscordStandIn,
} from "../../../scripts/stand_ins/discord/stand_in.ts";

/** The Discord adapter alone: a Discord stand-in on one side, a recording intake on the other. */
export class Stage {
  readonly general: string;
  readonly ada: string;
  readonly #platforms: Platform[] = [];

  private constructor(readonly discord: DiscordStandIn) {
    this.general = discord.addChannel("general");
    this.ada = discord.addPerson("Ada Lovelace", "Ada");
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
    const platform = createDiscord({ botToken, apiUrl }, pino({ enabled: false }));
    this.#platforms.push(platform);
    return platform;
  }

  /** Starts it and keeps everything it hands over. Only `general` is mapped. */
  async listen(platform: Platform): Promise<{ events: BridgeEvent[]; fatal: Error[] }> {
    const events: BridgeEvent[] = [];
    const fatal: Error[] = [];
    const intake: Intake = {
      mappingOf: (id) =>
        id === this.general
          ? // An id is a string to everybody but Convex.
            { mappingId: "m" as MappingId, externalId: id, since: "" }
          : undefined,
      push: (event) => {
        events.push(event);
        return Promise.resolve("inserted");
      },
      person: () => undefined,
      problem: () => Promise.resolve(),
      health: () => undefined,
      gap: () => undefined,
      channel: () => Promise.resolve(),
    };
    await platform.start(intake, (error) => fatal.push(error));
    return { events, fatal };
  }

  /** A delivery as `claim` gives it. */
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

  /** How many requests of that name arrived. */
  asked(name: string): number {
    return this.discord.wire.filter((entry) => entry.direction === "in" && entry.name === name)
      .length;
  }
}

/** The error of that class that `work` fails with. */
export async function rejection<T extends Error>(
  work: Promise<unknown>,
  kind: abstract new (...args: never[]) => T,
): Promise<T> {
  const error = await work.then(
    () => new Error("nothing was refused"),
    (reason: unknown) => reason,
  );
  if (error instanceof kind) return error;
  throw error;
}
