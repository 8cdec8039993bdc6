import { GatewayCloseCodes } from "discord-api-types/v10";
import { FatalError } from "../core/shared/errors.ts";
import { RESET_TOKEN } from "./failures.ts";

/** What no retry mends, in the words of Discord's portal. */
export function tokenRefused(): FatalError {
  return new FatalError("DISCORD_TOKEN", "Discord does not accept the bot token", RESET_TOKEN);
}

/** discord.js gives up when the bot's sessions are made invalid. */
export function invalidated(): FatalError {
  return new FatalError(
    "DISCORD_INVALIDATED",
    "Discord ended the bot's session for good",
    "Start the bridge again; if it happens at once, reset the token in the Discord Developer Portal",
  );
}

/** https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway-gateway-close-event-codes */
export function closedForGood(code: number): FatalError {
  return (
    KNOWN[code]?.() ??
    new FatalError(
      "DISCORD_GATEWAY",
      `Discord refused the connection with close code ${code}`,
      "Update the bridge: Discord no longer takes what this version asks for",
    )
  );
}

const KNOWN: Readonly<Record<number, () => FatalError>> = {
  [GatewayCloseCodes.AuthenticationFailed]: tokenRefused,
  [GatewayCloseCodes.DisallowedIntents]: () =>
    new FatalError(
      "DISCORD_INTENT",
      "The bot may not read what messages say",
      "Turn it on: Discord Developer Portal > your app > Bot > Privileged Gateway Intents > Message Content Intent",
    ),
  [GatewayCloseCodes.ShardingRequired]: () =>
    new FatalError(
      "DISCORD_SHARDING",
      "The bot is in more servers than Discord allows on one connection (2,500)",
      "Use a bot of its own for the bridge, in fewer servers",
    ),
};
