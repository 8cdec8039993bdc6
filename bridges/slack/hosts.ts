import type { SlackConfig } from "./web.ts";

/** Slack's own hosts, and all below them. */
const HOSTS = ["slack.com", "slack-edge.com", "slack-files.com"];

/** Whether an address is Slack's, so that the bot token and private files may be sent there. */
export function isSlacks(address: string, { apiUrl }: Pick<SlackConfig, "apiUrl">): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, hostname, origin } = new URL(address);
  if (apiUrl !== undefined && origin === new URL(apiUrl).origin) return true;
  const isListed = HOSTS.some((host) => hostname === host || hostname.endsWith(`.${host}`));
  return protocol === "https:" && isListed;
}
