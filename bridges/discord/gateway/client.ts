import { Client, GatewayIntentBits, Options } from "discord.js";
import { addressOf, type RestConfig } from "../rest.ts";

/** A discord.js client that caches servers, channels and roles, for their names, and no people or messages. */
export function createClient(config: RestConfig): Client {
  const onlyTheBot = {
    maxSize: 0,
    keepOverLimit: (of: { id: string; client: Client }) => of.id === of.client.user?.id,
  };
  return new Client({
    intents: [
      GatewayIntentBits.Guilds,
      GatewayIntentBits.GuildMessages,
      GatewayIntentBits.MessageContent,
    ],
    allowedMentions: { parse: [] },
    rest: addressOf(config),
    makeCache: Options.cacheWithLimits({
      AutoModerationRuleManager: 0,
      DMMessageManager: 0,
      GuildBanManager: 0,
      GuildEmojiManager: 0,
      GuildInviteManager: 0,
      GuildMemberManager: onlyTheBot,
      GuildMessageManager: 0,
      GuildScheduledEventManager: 0,
      GuildStickerManager: 0,
      MessageManager: 0,
      PresenceManager: 0,
      ReactionManager: 0,
      ReactionUserManager: 0,
      StageInstanceManager: 0,
      ThreadMemberManager: 0,
      UserManager: onlyTheBot,
      VoiceStateManager: 0,
    }),
  });
}
