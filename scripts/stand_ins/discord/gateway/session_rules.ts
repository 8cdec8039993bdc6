import { GatewayCloseCodes as Close, GatewayIntentBits as Intent } from "discord-api-types/v10";

/** How many sessions may be started per day. */
export const IDENTIFIES_A_DAY = 1_000;
export const ALL_INTENTS = Object.values(Intent).reduce<number>(
  (all, bit) => (typeof bit === "number" ? all | bit : all),
  0,
);
/** Intents that are never granted: the bridge does not need them. */
export const PRIVILEGED = Intent.GuildMembers | Intent.GuildPresences;
/** A session closed with one of these can't be resumed (Discord docs, "Gateway Close Event Codes"). */
export const FINAL = new Set<number>([
  Close.AuthenticationFailed,
  Close.InvalidSeq,
  Close.SessionTimedOut,
  Close.InvalidShard,
  Close.ShardingRequired,
  Close.InvalidAPIVersion,
  Close.InvalidIntents,
  Close.DisallowedIntents,
]);
