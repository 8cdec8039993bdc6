import { readEnv } from "../../../bridges/config/config.ts";
import type { Env } from "../../../bridges/config/env_files.ts";
import { SettingsReader } from "../../../bridges/config/settings.ts";
import type { Platform } from "../../../convex/model/shared/validators.ts";
import { findPlayground } from "../../playground/running_playground.ts";
import { CommandError } from "../command_error.ts";
import { PlatformError, type PlatformView, type ChannelView } from "./platform_view.ts";

/** The platform as the bot sees it; undefined when its token is not at hand. */
export async function openView(platform: Platform): Promise<PlatformView | undefined> {
  const configured = await openViewWith(platform, readEnv());
  if (configured) return configured;
  // With a deployment of its own configured, a playground that happens to run is not what is meant.
  if (new SettingsReader(readEnv()).has("ADMIN_KEY")) return undefined;
  const playground = await findPlayground();
  return playground?.platforms && (await openViewWith(platform, playground.platforms));
}

async function openViewWith(platform: Platform, env: Env): Promise<PlatformView | undefined> {
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

/** Asks, and turns the platform's "no" into one of this script. Throws `CommandError`. */
export async function asking<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof PlatformError)) throw error;
    const { problem, step } = error;
    throw new CommandError("PLATFORM", step === undefined ? problem : `${problem}. ${step}`);
  }
}

/** Throws `CommandError` when the bot could not work in the channel; returns what else is worth knowing. */
export function requireUsable(channel: ChannelView, needsThreads: boolean): string[] {
  const serious = channel.troubles.filter(({ minor }) => minor !== true || needsThreads);
  const told = (troubles: ChannelView["troubles"]) =>
    troubles.map(({ problem, step }) => `${problem}. ${step}`);
  if (serious.length > 0) {
    throw new CommandError(
      "NOT_USABLE",
      `${told(serious).join("\n")}\nNot mapped (--no-check maps it all the same).`,
    );
  }
  return told(channel.troubles);
}
