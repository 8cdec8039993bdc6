import { readEnv } from "../../../../bridges/config/config.ts";
import type { Env } from "../../../../bridges/config/env_files.ts";
import { SettingsReader } from "../../../../bridges/config/settings.ts";
import type { Platform } from "../../../../convex/model/shared/validators.ts";
import { CommandError } from "../../command_error.ts";
import { findPlayground, type Note } from "../find_playground.ts";
import { type ChannelView, type PlatformView, type Trouble, ViewError } from "./platform_view.ts";

/** The platform as the bot sees it; undefined if no token is configured and no playground runs. */
export async function openView(platform: Platform, note: Note): Promise<PlatformView | undefined> {
  const configured = await openViewWith(platform, readEnv());
  if (configured) return configured;
  const playground = await findPlayground(note);
  return playground?.platforms && (await openViewWith(platform, playground.platforms));
}

async function openViewWith(platform: Platform, env: Env): Promise<PlatformView | undefined> {
  const reader = new SettingsReader(env);
  const title = platform === "discord" ? "DISCORD" : "SLACK";
  const botToken = reader.optional(`${title}_BOT_TOKEN`);
  const apiUrl = reader.optional(`${title}_API_URL`);
  if (botToken === undefined) return undefined;
  const config = { botToken, ...(apiUrl !== undefined && { apiUrl }) };
  switch (platform) {
    case "discord":
      return new (await import("./discord_view.ts")).DiscordView(config);
    case "slack":
      return new (await import("./slack_view.ts")).SlackView(config);
  }
}

/** Runs `request` and turns a `ViewError` into a `CommandError`. */
export async function explainViewErrors<T>(request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    if (!(error instanceof ViewError)) throw error;
    const { problem, step } = error;
    throw new CommandError("PLATFORM", step === undefined ? problem : `${problem}. ${step}`);
  }
}

/** What the channel is to be used for, besides reading and posting. */
interface Uses {
  readonly threads: boolean;
  readonly relay: boolean;
}

/** Throws `CommandError` if the bot can't work in the channel; returns minor problems as text. */
export function requireUsable({ troubles, relay }: ChannelView, uses: Uses): string[] {
  const explain = ({ problem, step }: Trouble) => `${problem}. ${step}`;
  const serious = troubles.filter(({ minor }) => minor !== true || uses.threads);
  if (serious.length > 0) {
    throw new CommandError(
      "NOT_USABLE",
      `${serious.map(explain).join("\n")}\nNot mapped (--no-check maps it anyway).`,
    );
  }
  return [...troubles, ...(uses.relay && relay ? [relay] : [])].map(explain);
}
