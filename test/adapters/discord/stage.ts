import pino from "pino";
import { Discord } from "../../../bridges/discord/adapter.ts";
import type { Delivery, Mapping, MappingId, Outcome, Platform } from "../../../bridges/platform.ts";
import { delivery, RecordingCore } from "../recording_core.ts";
import {
  type DiscordOptions,
  type DiscordStandIn,
  startDiscordStandIn,
} from "../../../scripts/stand_ins/discord/stand_in.ts";

/** The Discord adapter alone, between a stand-in for Discord and an intake that records. */
export class Stage {
  readonly general: string;
  readonly ada: string;
  /** The only mapped channel, `general`. */
  readonly mapping: Mapping;
  /** What the bridges logged. */
  readonly lines: string[] = [];
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
    const log = pino({ level: "trace" }, { write: (line: string) => this.lines.push(line) });
    const platform = new Discord({ botToken, apiUrl }, log);
    this.#platforms.push(platform);
    return platform;
  }

  /** Starts the adapter. `outcome`: what the core answers to every event. */
  async listen(platform: Platform, outcome: Outcome = "inserted") {
    const core = new RecordingCore();
    core.add(this.mapping);
    core.commit = async () => outcome;
    const fatal: Error[] = [];
    await platform.start(core, (error) => fatal.push(error));
    const { events, updates, healths, gaps, problems } = core;
    return { events, updates, healths, gaps, problems, fatal };
  }

  /** A delivery as `claim` returns it. */
  delivery(fields: Partial<Delivery> = {}): Delivery {
    const given = { channel: this.general, content: "Hello @everyone", ...fields };
    return delivery({ firstClaimedAt: Date.now(), ...given });
  }

  /** A delivery of what Grace said elsewhere. */
  relayed(fields: Partial<Delivery> = {}): Delivery {
    return this.delivery({ relayed: true, author: { name: "Grace" }, ...fields });
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
  return { mappingId: "m" as MappingId, externalId, since: "", files: "images" };
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
