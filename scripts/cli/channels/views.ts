import { readEnv } from "../../../bridges/config/config.ts";
import type { Env } from "../../../bridges/config/env_files.ts";
import { SettingsReader } from "../../../bridges/config/settings.ts";
import type { Platform } from "../../../convex/model/shared/validators.ts";
import { findPlayground } from "../../playground/running.ts";
import { Failure } from "./failure.ts";
import { AskFailed, type PlatformView, type SeenChannel } from "./seen_channel.ts";

/** The platform as the bot sees it; undefined when its token is not at hand. */
export async function viewOf(platform: Platform): Promise<PlatformView | undefined> {
  const configured = await viewWith(platform, readEnv());
  if (configured) return configured;
  // With a deployment of its own configured, a playground that happens to run is not what is meant.
  if (new SettingsReader(readEnv()).has("ADMIN_KEY")) return undefined;
  const playground = await findPlayground();
  return playground?.platforms && (await viewWith(platform, playground.platforms));
}

async function viewWith(platform: Platform, env: Env): Promise<PlatformView | undefined> {
  const reader = new SettingsReader(env);
  switch (platform) {
    case "discord": {
      const botToken = reader.optional("DISCORD_BOT_TOKEN");
      const apiUrl = reader.optional("DISCORD_API_URL");
      if (botToken === undefined) return undefined;
      const { DiscordView } = await import("./discord_view.ts");
      return new DiscordView({ botToken, ...(apiUrl !== undefined && { apiUrl }) });
    }
    case "slack": {
      const botToken = reader.optional("SLACK_BOT_TOKEN");
      const apiUrl = reader.optional("SLACK_API_URL");
      if (botToken === undefined) return undefined;
      const { SlackView } = await import("./slack_view.ts");
      return new SlackView({ botToken, ...(apiUrl !== undefined && { apiUrl }) });
    }
  }
}

/** Asks, and turns the platform's "no" into one of this script. Throws `Failure`. */
export async function asking<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof AskFailed)) throw error;
    const { problem, step } = error;
    throw new Failure("PLATFORM", step === undefined ? problem : `${problem}. ${step}`);
  }
}

/** Throws `Failure` when the bot could not work in the channel; returns what else is worth knowing. */
export function mustWork(channel: SeenChannel, needsThreads: boolean): string[] {
  const serious = channel.troubles.filter(({ minor }) => minor !== true || needsThreads);
  const told = (troubles: SeenChannel["troubles"]) =>
    troubles.map(({ problem, step }) => `${problem}. ${step}`);
  if (serious.length > 0) {
    throw new Failure(
      "NOT_USABLE",
      `${told(serious).join("\n")}\nNot mapped (--no-check maps it all the same).`,
    );
  }
  return told(channel.troubles);
}
