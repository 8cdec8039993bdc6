import { join } from "node:path";
import { Argument, Command, InvalidArgumentError, Option } from "commander";
import { readEnv } from "../../../bridges/config/config.ts";
import { type Env, readEnvFiles } from "../../../bridges/config/env_files.ts";
import { parseSigningKey } from "../../../bridges/core/convex/token.ts";
import type { Role } from "../../../convex/model/access/issuers.ts";
import { ROOT } from "../../tooling/repository.ts";
import { convexCli } from "./convex_cli.ts";
import { mergeEnvFile } from "./env_file.ts";
import { terminalPrompts, unattendedPrompts } from "./prompts.ts";
import { rotate } from "./rotate.ts";
import { runSetup } from "./run_setup.ts";
import type { Hosting, SetupTools } from "./setup_tools.ts";

interface CommonFlags {
  readonly input: boolean;
  readonly changeKeys?: true;
  readonly prod?: true;
}

interface SetupFlags extends CommonFlags {
  readonly convex?: Hosting;
  readonly selfHostedUrl?: string;
  readonly platforms?: string;
  readonly publicChat?: "open" | "closed";
  readonly openaiBaseUrl?: string;
  readonly openaiModel?: string;
  readonly push: boolean;
}

/** The command line of setup. Parsing throws commander's `CommanderError` on wrong usage. */
export function buildCommandLine(print: (line: string) => void): Command {
  const program = new Command("setup")
    .description(
      "Sets up Convex, keys and settings for the bridges. Safe to run again: it keeps what is already set up.",
    )
    .exitOverride()
    .addHelpText("after", HELP);

  addCommonOptions(program)
    .addOption(
      new Option("--convex <where>", "where Convex runs").choices([
        "cloud",
        "local",
        "self-hosted",
      ]),
    )
    .option("--self-hosted-url <url>", "the URL of a self-hosted Convex backend", parseUrl)
    .option("--platforms <list>", "discord, slack, or discord,slack; default: those with tokens")
    .addOption(
      new Option(
        "--public-chat <state>",
        "whether people without a key may use the chat API; without the flag, and unset, they may",
      ).choices(["open", "closed"]),
    )
    .option(
      "--openai-base-url <url>",
      "another service with OpenAI's chat completions API",
      parseUrl,
    )
    .option("--openai-model <name>", "the AI model; default gpt-4o", parseWord)
    .option("--no-push", "don't push the backend")
    // Otherwise a misspelled command is only "too many arguments".
    .allowExcessArguments()
    .action((flags: SetupFlags) => {
      const [word] = program.args;
      if (word !== undefined) refuseCommand(program, word);
      const platforms = flags.platforms?.split(",").map((name) => name.trim());
      const invalid = platforms?.find((name) => name !== "discord" && name !== "slack");
      if (invalid !== undefined) program.error(`error: '${invalid}' is neither discord nor slack`);
      return runSetup(makeTools(flags, print), {
        push: flags.push,
        prod: flags.prod === true,
        ...(flags.convex && { hosting: flags.convex }),
        ...(flags.selfHostedUrl !== undefined && { selfHostedUrl: flags.selfHostedUrl }),
        ...(platforms && {
          platforms: platforms.filter((name) => name === "discord" || name === "slack"),
        }),
        ...(flags.publicChat && { publicChat: flags.publicChat }),
        ...(flags.openaiBaseUrl !== undefined && { openaiBaseUrl: flags.openaiBaseUrl }),
        ...(flags.openaiModel !== undefined && { openaiModel: flags.openaiModel }),
      });
    });

  const rotateCommand = program
    .command("rotate")
    .description(
      "Gives a role a new key. Both keys are accepted until `--finish` removes the old one.",
    )
    .addArgument(new Argument("<role>").choices(["discord", "slack", "admin"]))
    .option("--finish", "remove every key except the one in .env.local");
  addCommonOptions(rotateCommand).action((role: Role, flags: CommonFlags & { finish?: true }) =>
    // Running `rotate` is the consent to change keys.
    rotate(makeTools({ ...flags, changeKeys: true }, print), role, {
      finish: flags.finish === true,
      prod: flags.prod === true,
    }),
  );
  return program;
}

/** Setup has a single command, so what begins like it must mean it. */
function refuseCommand(program: Command, word: string): never {
  const hint = word.startsWith("ro") ? "(Did you mean rotate?)" : "See npm run setup -- --help";
  program.error(`error: unknown command '${word}'\n${hint}`);
}

const HELP = `
Without a terminal (--no-input), secrets are read from the environment and from .env.local: DISCORD_BOT_TOKEN,
SLACK_BOT_TOKEN, SLACK_APP_TOKEN, OPENAI_API_KEY, CONVEX_SELF_HOSTED_ADMIN_KEY. No flag takes a secret.
Exit codes: 0 done, 1 failed (run it again to continue), 2 wrong usage.`;

function addCommonOptions(command: Command): Command {
  return command
    .option("--no-input", "don't prompt")
    .option("--change-keys", "change keys of the deployment without confirmation")
    .option("--prod", "set up the project's production deployment");
}

function parseUrl(value: string): string {
  const protocol = URL.canParse(value) ? new URL(value).protocol : "";
  if (protocol === "https:" || protocol === "http:") return value.trim();
  throw new InvalidArgumentError("It must be an http or https address.");
}

function parseWord(value: string): string {
  if (/^\S+$/.test(value.trim())) return value.trim();
  throw new InvalidArgumentError("It must not be empty or contain spaces.");
}

function makeTools(flags: CommonFlags, print: (line: string) => void): SetupTools {
  const isInteractive = flags.input && process.stdin.isTTY;
  const environment = readEnv(undefined, {});
  return {
    print,
    prompts: isInteractive ? terminalPrompts() : unattendedPrompts(flags.changeKeys === true),
    mayChangeKeys: flags.changeKeys === true,
    cli: convexCli({
      root: ROOT,
      env: environment,
      prod: flags.prod === true,
      secrets: () => secretsIn(readEnv(undefined, readEnvFiles(ROOT))),
      hasDeployKey: (readEnv().CONVEX_DEPLOY_KEY ?? "") !== "",
    }),
    environment,
    settings: () => readEnv(undefined, readEnvFiles(ROOT)),
    save: (values) => mergeEnvFile(join(ROOT, ".env.local"), values),
  };
}

/** Tokens and keys among the settings, and the private part of each private key. */
function secretsIn(settings: Env): string[] {
  return Object.entries(settings).flatMap(([name, value = ""]) => {
    if (!/(?:TOKEN|KEY)$/.test(name)) return [];
    const key = parseSigningKey(value);
    return key ? [value, key.d] : [value];
  });
}
