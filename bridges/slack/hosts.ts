import { isOwnAddress } from "../core/shared/own_address.ts";
import type { SlackConfig } from "./web.ts";

/** Slack's own hosts, and all below them. */
const HOSTS = ["slack.com", "slack-edge.com", "slack-files.com"];

/** Whether an address is Slack's, so that the bot token and private files may be sent there. */
export function isSlacks(address: string, { apiUrl }: Pick<SlackConfig, "apiUrl">): boolean {
  return isOwnAddress(address, apiUrl, (hostname) =>
    HOSTS.some((host) => hostname === host || hostname.endsWith(`.${host}`)),
  );
}
