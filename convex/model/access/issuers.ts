/**
 * Who may sign tokens. One issuer a platform and one for admins, each with its own key set; the audience is
 * this product. Not reachable addresses: the keys come from environment variables, not from the network.
 * Also imported by the processes that mint the tokens.
 */
export const ISSUERS = {
  discord: "https://discord.bridge.invalid",
  slack: "https://slack.bridge.invalid",
  admin: "https://admin.bridge.invalid",
} as const;

export type Role = keyof typeof ISSUERS;

export const AUDIENCE = "discord-slack-convex-bridge";
