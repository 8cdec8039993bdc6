import { SettingsReader, type SettingName } from "../../../bridges/config/settings.ts";
import type { PlatformName } from "../../../bridges/platform.ts";
import { CommandError } from "../command_error.ts";
import { nonEmpty } from "./env_file.ts";
import type { SetupTools } from "./setup_tools.ts";

const TITLE = { discord: "Discord", slack: "Slack" } as const;
/** What the portals call each token. */
const LABEL = {
  DISCORD_BOT_TOKEN: "Discord bot token",
  SLACK_BOT_TOKEN: "Slack bot token",
  SLACK_APP_TOKEN: "Slack app-level token",
} as const;
const TOKENS = {
  discord: ["DISCORD_BOT_TOKEN"],
  slack: ["SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"],
} as const satisfies Record<PlatformName, readonly SettingName[]>;

/**
 * Asks for missing tokens and saves them. Returns the platforms that are on: those with all tokens. `required`: the
 * platforms that must be on; without it a platform whose tokens are skipped is off. Throws `CommandError`.
 */
export async function saveTokens(
  tools: SetupTools,
  required: readonly PlatformName[] | undefined,
): Promise<PlatformName[]> {
  const on: PlatformName[] = [];
  for (const platform of ["discord", "slack"] as const) {
    if (required && !required.includes(platform)) continue;
    const names = TOKENS[platform];
    const tokens = await readTokens(tools, platform);
    const missing = names.filter((name) => tokens[name] === undefined);
    if (missing.length === 0) {
      await tools.save(tokens);
      on.push(platform);
    } else if (required || Object.keys(tokens).length > 0) {
      throw new CommandError(
        "NO_TOKEN",
        `${TITLE[platform]} needs ${missing.join(" and ")}.\n${missing.map((name) => `  ${name}: ${stepOf(name)}`).join("\n")}`,
      );
    } else tools.print(`${TITLE[platform]}: off, because ${names.join(" and ")} is not set.`);
  }
  return on;
}

/** The platform's tokens, from the settings or the prompts, which are saved at once. Stops at the first that is skipped. */
async function readTokens(
  { print, prompts, settings, save }: SetupTools,
  platform: PlatformName,
): Promise<Record<string, string>> {
  const tokens: Record<string, string> = {};
  for (const name of TOKENS[platform]) {
    const known = nonEmpty(settings()[name]);
    // On a line of its own: a prompt that wraps is hard to read.
    if (known === undefined && prompts.canAsk) print(`${LABEL[name]}: ${stepOf(name)}`);
    const token =
      known ??
      (await prompts.secret(`${name} (leave empty to skip ${TITLE[platform]})`, (typed) =>
        typed === "" ? undefined : explainInvalid(name, typed),
      ));
    if (token === "") break;
    const invalid = explainInvalid(name, token);
    if (invalid !== undefined) throw new CommandError("BAD_TOKEN", invalid);
    tokens[name] = token;
    if (known === undefined) await save({ [name]: token });
  }
  return tokens;
}

/** Why `value` is invalid for a setting, with the step to fix it; undefined if it is valid. Does not contain `value`. */
export function explainInvalid(name: SettingName, value: string): string | undefined {
  const reader = new SettingsReader({ [name]: value });
  reader.required(name);
  const [found] = reader.problems;
  return found && `${found.name} ${found.problem}. ${found.step}`;
}

/** Where a setting's value is found. */
function stepOf(name: SettingName): string {
  const reader = new SettingsReader({});
  reader.required(name);
  return reader.problems[0]?.step ?? "";
}
