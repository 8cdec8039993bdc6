import type { DiscordConfig } from "../../../bridges/config/config.ts";
import { MESSAGE_CONTENT_OFF } from "../../../bridges/discord/failures.ts";
import type { Deployment } from "../channels/deployment.ts";
import { type DiscordBot, DiscordView } from "../channels/views/discord_view.ts";
import { checkNamed, type Finding } from "./finding.ts";
import { checkMappedChannels, type MappingRow, requestFailed } from "./mapped_channels.ts";
import { checkRecentMessages } from "./recent_messages.ts";

/** Fewer connections than this left for today are worth a warning. */
const FEW_CONNECTIONS = 20;

/** Checks the bot, its intent, its servers, each mapped channel, and whether events arrive. */
export async function checkDiscord(
  config: DiscordConfig,
  mappings: readonly MappingRow[],
  deployment: Deployment | undefined,
): Promise<Finding[]> {
  const view = new DiscordView(config);
  try {
    const bot = await view.bot();
    const findings = [...checkBot(bot), ...(await checkMappedChannels(view, mappings))];
    if (deployment && bot.mayReadContent) {
      const missing = await checkRecentMessages(view, mappings, deployment, (check) =>
        check.warning(
          "the newest messages are not stored",
          "Make sure that a bridge is running (npm start) and read its log; once it runs, it catches up",
        ),
      );
      findings.push(...missing);
    }
    return findings;
  } catch (error) {
    return [requestFailed("Discord", error)];
  }
}

function checkBot({
  name,
  mayReadContent,
  guilds,
  inviteLink,
  shards,
  connectionsLeft,
}: DiscordBot): Finding[] {
  const check = checkNamed("Discord");
  return [
    check.ok(`the token belongs to ${name}`),
    mayReadContent
      ? check.ok("Message Content Intent is on")
      : check.error(MESSAGE_CONTENT_OFF.reason, MESSAGE_CONTENT_OFF.step),
    guilds.length > 0
      ? check.ok(`the bot is in ${guilds.length} ${guilds.length === 1 ? "server" : "servers"}`)
      : check.error("the bot is not in any server", `Invite it: ${inviteLink}`),
    ...(shards > 1
      ? [
          check.ok(
            `Discord recommends ${shards} shards, and the bridge opens as many connections (DISCORD_SHARDS spreads them over processes)`,
          ),
        ]
      : []),
    ...(connectionsLeft < FEW_CONNECTIONS
      ? [
          check.warning(
            `only ${connectionsLeft} connections are left today; after that Discord resets the token`,
            "Find out what keeps restarting the bridge",
          ),
        ]
      : []),
  ];
}
