import type { REST } from "@discordjs/rest";
import { Finder } from "../../../bridges/discord/outbound/find.ts";
import { Sender } from "../../../bridges/discord/outbound/send.ts";
import { Webhooks } from "../../../bridges/discord/outbound/webhooks.ts";

const APP_ID = "1000";

/** A sender that knows of no threads and forums. */
export function senderOver(rest: REST): Sender {
  return new Sender({
    rest,
    webhooks: new Webhooks(rest, () => APP_ID),
    isThread: () => false,
    threadExists: () => Promise.resolve(false),
    isForum: () => false,
    onTokenRefused: () => undefined,
  });
}

export function finderOver(rest: REST): Finder {
  return new Finder({ rest, appId: () => APP_ID, isForum: () => false });
}
