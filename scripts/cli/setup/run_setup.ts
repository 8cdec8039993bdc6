import type { PlatformName } from "../../../bridges/platform.ts";
import { loadConfig, PLATFORM_SETTINGS } from "../../../bridges/config/config.ts";
import type { Env } from "../../../bridges/config/env_files.ts";
import { SettingsReader, type SettingName } from "../../../bridges/config/settings.ts";
import { CommandError } from "../command_error.ts";
import type { Prompts } from "./prompts.ts";
import type { ConvexCli } from "./convex_cli.ts";
import { checkSelfHosted } from "./self_hosted.ts";
import { isLocalDeployment, ensureDeploymentUrl } from "./deployment_url.ts";
import { ensureKeys } from "./ensure_keys.ts";

export type Hosting = "cloud" | "local" | "self-hosted";

export interface SetupTools {
  readonly print: (line: string) => void;
  readonly ask: Prompts;
  /** A flag allowed what would otherwise be asked. */
  readonly mayChangeKeys: boolean;
  readonly cli: ConvexCli;
  /** Of this process, without the files. */
  readonly environment: Env;
  /** The environment over `.env.local` over `.env`, as it stands now. */
  readonly settings: () => Env;
  /** Writes to `.env.local`. */
  readonly save: (values: Readonly<Record<string, string>>) => Promise<void>;
}

export interface SetupChoices {
  readonly hosting?: Hosting;
  readonly selfHostedUrl?: string;
  readonly platforms?: readonly PlatformName[];
  readonly openaiBaseUrl?: string;
  readonly openaiModel?: string;
  /** The project's production deployment instead of the development one. */
  readonly prod: boolean;
  readonly push: boolean;
}

const TITLE = { discord: "Discord", slack: "Slack" } as const;
/** Each says by itself which Convex is meant. */
const CHOICE = ["CONVEX_SELF_HOSTED_URL", "CONVEX_DEPLOYMENT", "CONVEX_DEPLOY_KEY"] as const;
const TOKENS = {
  discord: ["DISCORD_BOT_TOKEN"],
  slack: ["SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"],
} as const satisfies Record<PlatformName, readonly SettingName[]>;

/**
 * The whole way from tokens to a deployment that answers. Each step first looks what is there, so that a run
 * that stopped is continued by the next one. Private keys are saved before the deployment learns their public half:
 * a crash between the two loses nothing. Throws `CommandError`.
 */
export async function runSetup(tools: SetupTools, choices: SetupChoices): Promise<void> {
  const { print, cli } = tools;
  await chooseDeployment(tools, choices);
  const platforms = await gatherTokens(tools, choices);

  print("Reading the deployment's variables …");
  const there = await cli.variables();
  const { variables, said: done } = await ensureKeys(tools, platforms, there);
  done.forEach(print);
  Object.assign(variables, await aiVariables(tools, choices, there));
  const changed = Object.fromEntries(
    Object.entries(variables).filter(([name, value]) => there[name] !== value),
  );
  if (Object.keys(changed).length > 0) {
    await cli.setVariables(changed);
    print(`Set on the deployment: ${Object.keys(changed).join(", ")}.`);
  } else print("The deployment's variables are as they should be.");

  if (choices.push) {
    print("Pushing the backend …");
    await cli.push();
    print("Pushed.");
  }
  if (there.OPENAI_API_KEY === undefined && changed.OPENAI_API_KEY === undefined) {
    const set = `npx convex env set${choices.prod ? " --prod" : ""} OPENAI_API_KEY`;
    print(`No AI key is set yet: run this again with one, or \`${set}\`.`);
  }
  print(nextStep(tools, platforms));
}

async function chooseDeployment(tools: SetupTools, choices: SetupChoices): Promise<void> {
  const { ask, print, settings, save, cli } = tools;
  const before = settings();
  const known = CHOICE.some((name) => has(before, name));
  if (choices.hosting !== undefined) refuseAnother(choices.hosting, before);
  const hosting =
    choices.hosting ??
    (known
      ? undefined
      : await ask.choose<Hosting>("Where should Convex run?", [
          { value: "cloud", name: "Convex Cloud (an account, free to begin with)" },
          { value: "local", name: "on this machine (no account; while `npx convex dev` runs)" },
          { value: "self-hosted", name: "a Convex you host yourself" },
        ]));
  // The CLI writes addresses where it finds these names; else it takes names for a web page, as Vite is installed.
  const unset = ["CONVEX_URL", "CONVEX_SITE_URL"].filter((name) => before[name] === undefined);
  await save(Object.fromEntries(unset.map((name) => [name, ""])));
  if (hosting === "self-hosted") {
    const address =
      choices.selfHostedUrl ??
      said(before.CONVEX_SELF_HOSTED_URL) ??
      (await ask.line("Its address (https://…)", "say it with --self-hosted-url"));
    const url = address.trim().replace(/\/+$/, "");
    const adminKey =
      said(before.CONVEX_SELF_HOSTED_ADMIN_KEY) ??
      (await ask.secret("Its admin key (generate_admin_key.sh prints it)"));
    const wrong = wrongSetting("CONVEX_URL", url);
    if (wrong !== undefined) throw new CommandError("BAD_URL", wrong);
    if (adminKey === "") {
      throw new CommandError(
        "NO_ADMIN_KEY",
        "a self-hosted Convex needs CONVEX_SELF_HOSTED_ADMIN_KEY",
      );
    }
    await checkSelfHosted(url, adminKey);
    await save({
      CONVEX_SELF_HOSTED_URL: url,
      CONVEX_SELF_HOSTED_ADMIN_KEY: adminKey,
      CONVEX_URL: url,
    });
  } else if (hosting !== undefined && !known) {
    print("The Convex CLI asks what it needs to know:");
    await cli.configure(hosting === "local" ? { CONVEX_AGENT_MODE: "anonymous" } : {});
  }
  if (choices.hosting !== undefined && choices.hosting !== "self-hosted" && known) {
    print("Convex is chosen already: kept. To choose anew, take its lines out of .env.local.");
  }
  await ensureDeploymentUrl(tools, choices.prod);
}

/** What the settings say of Convex counts for the CLI: a flag that says otherwise would be passed over. */
function refuseAnother(hosting: Hosting, settings: Env): void {
  const deployment = said(settings.CONVEX_DEPLOYMENT);
  const chosen: Hosting | undefined = has(settings, "CONVEX_SELF_HOSTED_URL")
    ? "self-hosted"
    : deployment === undefined
      ? has(settings, "CONVEX_DEPLOY_KEY")
        ? "cloud"
        : undefined
      : isLocalDeployment(deployment)
        ? "local"
        : "cloud";
  if (chosen === undefined || chosen === hosting) return;
  const names = [...CHOICE, "CONVEX_SELF_HOSTED_ADMIN_KEY", "CONVEX_URL", "CONVEX_SITE_URL"];
  const there = names.filter((name) => has(settings, name));
  throw new CommandError(
    "OTHER_CONVEX",
    `Convex is ${chosen} here, not ${hosting}. To choose anew, take these out of .env.local: ${there.join(", ")}`,
  );
}

/** Asks for tokens that aren't there, saves them, and tells which platforms are on. */
async function gatherTokens(tools: SetupTools, choices: SetupChoices): Promise<PlatformName[]> {
  const on: PlatformName[] = [];
  for (const platform of ["discord", "slack"] as const) {
    if (choices.platforms && !choices.platforms.includes(platform)) continue;
    const given: Record<string, string> = {};
    for (const name of TOKENS[platform]) {
      const value = tools.settings()[name]?.trim() ?? "";
      const token =
        value === ""
          ? await tools.ask.secret(`${TITLE[platform]}: ${name} (empty: not now)`, (typed) =>
              typed === "" ? undefined : wrongSetting(name, typed),
            )
          : value;
      if (token === "") break;
      const wrong = wrongSetting(name, token);
      if (wrong !== undefined) throw new CommandError("BAD_TOKEN", wrong);
      given[name] = token;
    }
    const missing = TOKENS[platform].filter((name) => given[name] === undefined);
    if (missing.length === 0) {
      await tools.save(given);
      on.push(platform);
    } else if (choices.platforms || Object.keys(given).length > 0) {
      const step = steps(missing);
      throw new CommandError(
        "NO_TOKEN",
        `${TITLE[platform]} needs ${missing.join(" and ")}.\n${step}`,
      );
    } else tools.print(`${TITLE[platform]}: off, without ${TOKENS[platform].join(" and ")}.`);
  }
  return on;
}

async function aiVariables(
  { ask, print, environment, settings }: SetupTools,
  { openaiBaseUrl, openaiModel }: SetupChoices,
  there: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
  const fromHere = environment.OPENAI_API_KEY?.trim() ?? settings().OPENAI_API_KEY?.trim() ?? "";
  const key =
    fromHere === "" && there.OPENAI_API_KEY === undefined
      ? await ask.secret("The key of the AI service, OPENAI_API_KEY (empty: not now)")
      : fromHere;
  if (/[\s'"]/.test(key))
    throw new CommandError("BAD_TOKEN", "OPENAI_API_KEY has spaces or quotes in it");
  if (key !== "" && there.OPENAI_API_KEY !== undefined && there.OPENAI_API_KEY !== key) {
    print(
      "OPENAI_API_KEY: the deployment's own stays (npx convex env set OPENAI_API_KEY changes it).",
    );
  }
  return {
    // What the deployment has stays, unless nothing is there: this machine's may be another project's.
    ...(key !== "" && there.OPENAI_API_KEY === undefined ? { OPENAI_API_KEY: key } : {}),
    ...(openaiBaseUrl === undefined ? {} : { OPENAI_BASE_URL: openaiBaseUrl }),
    ...(openaiModel === undefined ? {} : { OPENAI_MODEL: openaiModel }),
  };
}

function wrongSetting(name: SettingName, value: string): string | undefined {
  const reader = new SettingsReader({ [name]: value });
  reader.required(name);
  const [found] = reader.problems;
  return found && `${found.name} ${found.problem}. ${found.step}`;
}

function steps(names: readonly SettingName[]): string {
  const reader = new SettingsReader({});
  for (const name of names) reader.required(name);
  return reader.problems.map(({ name, step }) => `  ${name}: ${step}`).join("\n");
}

function nextStep({ settings }: SetupTools, platforms: readonly PlatformName[]): string {
  const config = loadConfig(settings());
  if (config.kind === "invalid") {
    const lines = config.problems.map(({ name, problem, step }) => `  ${name} ${problem}. ${step}`);
    return `Still to mend in .env.local:\n${lines.join("\n")}`;
  }
  const [first] = platforms;
  if (first === undefined) {
    return `Next: get a token (docs/setup.md) and run this again. Settings: ${PLATFORM_SETTINGS.discord[0]}, …`;
  }
  const isLocal = isLocalDeployment(settings().CONVEX_DEPLOYMENT);
  return [
    "Next:",
    ...(isLocal
      ? ["  npx convex dev                          in a terminal of its own: runs Convex"]
      : []),
    "  npm run doctor                          checks all of it",
    `  npm run channels -- find ${first.padEnd(15)}lists the channels the bot sees`,
    `  npm run channels -- map ${first} <id> --to <name>`,
    "  npm start                               runs the bridge",
  ].join("\n");
}

function has(env: Env, name: string): boolean {
  return said(env[name]) !== undefined;
}

/** Empty counts as not set. */
function said(value: string | undefined): string | undefined {
  const text = value?.trim() ?? "";
  return text === "" ? undefined : text;
}
