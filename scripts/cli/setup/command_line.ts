import { join } from "node:path";
import { Argument, Command, InvalidArgumentError, Option } from "commander";
import { readEnv } from "../../../bridges/config/config.ts";
import { type Env, readEnvFiles } from "../../../bridges/config/env_files.ts";
import { parseSigningKey } from "../../../bridges/core/convex/token.ts";
import type { Role } from "../../../convex/model/access/issuers.ts";
import { unattendedPrompts, terminalPrompts } from "./prompts.ts";
import { convexCli } from "./convex_cli.ts";
import { mergeEnvFile } from "./env_file.ts";
import { rotate } from "./rotate.ts";
import { type Hosting, runSetup, type SetupTools } from "./run_setup.ts";
import { ROOT } from "../../tooling/repository.ts";

interface CommonFlags {
  readonly input: boolean;
  readonly changeKeys?: true;
  readonly prod?: true;
}

interface SetupFlags extends CommonFlags {
  readonly convex?: Hosting;
  readonly selfHostedUrl?: string;
  readonly platforms?: string;
  readonly openaiBaseUrl?: string;
  readonly openaiModel?: string;
  readonly push: boolean;
}

/** The command line of the setup. Parsing throws commander's `CommanderError` on wrong usage. */
export function buildCommandLine(print: (line: string) => void): Command {
  const program = new Command("setup")
    .description(
      "Sets up Convex, keys and settings for the bridges. Run it again at any time: it keeps what is there.",
    )
    .exitOverride()
    .addHelpText("after", HELP);

  common(program)
    .addOption(
      new Option("--convex <where>", "where Convex runs").choices([
        "cloud",
        "local",
        "self-hosted",
      ]),
    )
    .option("--self-hosted-url <url>", "the address of a self-hosted Convex", webAddress)
    .option("--platforms <list>", "discord, slack or both with a comma; default: those with tokens")
    .option(
      "--openai-base-url <url>",
      "another service that speaks OpenAI's chat completions",
      webAddress,
    )
    .option("--openai-model <name>", "the model; default gpt-4o", word)
    .option("--no-push", "don't push the backend")
    .action((flags: SetupFlags) => {
      const platforms = flags.platforms?.split(",").map((name) => name.trim());
      const wrong = platforms?.find((name) => name !== "discord" && name !== "slack");
      if (wrong !== undefined) program.error(`error: '${wrong}' is neither discord nor slack`);
      return runSetup(tools(flags, print), {
        push: flags.push,
        prod: flags.prod === true,
        ...(flags.convex && { hosting: flags.convex }),
        ...(flags.selfHostedUrl !== undefined && { selfHostedUrl: flags.selfHostedUrl }),
        ...(platforms && {
          platforms: platforms.filter((name) => name === "discord" || name === "slack"),
        }),
        ...(flags.openaiBaseUrl !== undefined && { openaiBaseUrl: flags.openaiBaseUrl }),
        ...(flags.openaiModel !== undefined && { openaiModel: flags.openaiModel }),
      });
    });

  const rotateCommand = program
    .command("rotate")
    .description("Gives a role a new key. Both keys count until `--finish` takes the old one away.")
    .addArgument(new Argument("<role>").choices(["discord", "slack", "admin"]))
    .option("--finish", "take every key away but the one in .env.local");
  common(rotateCommand).action((role: Role, flags: CommonFlags & { finish?: true }) =>
    // Asking for it by name is the consent.
    rotate(tools({ ...flags, changeKeys: true }, print), role, {
      finish: flags.finish === true,
      prod: flags.prod === true,
    }),
  );
  return program;
}

const HELP = `
Without a terminal (--no-input) secrets are taken from the environment and from .env.local: DISCORD_BOT_TOKEN,
SLACK_BOT_TOKEN, SLACK_APP_TOKEN, OPENAI_API_KEY, CONVEX_SELF_HOSTED_ADMIN_KEY. None is ever given by a flag.
Exit codes: 0 done, 1 failed (run it again to go on), 2 wrong usage.`;

function common(command: Command): Command {
  return command
    .option("--no-input", "ask nothing")
    .option("--change-keys", "change keys of the deployment without asking")
    .option("--prod", "the project's production deployment");
}

function webAddress(value: string): string {
  const protocol = URL.canParse(value) ? new URL(value).protocol : "";
  if (protocol === "https:" || protocol === "http:") return value.trim();
  throw new InvalidArgumentError("It is not an http or https address.");
}

function word(value: string): string {
  if (/^\S+$/.test(value.trim())) return value.trim();
  throw new InvalidArgumentError("It is empty, or has spaces in it.");
}

function tools(flags: CommonFlags, print: (line: string) => void): SetupTools {
  const mayAsk = flags.input && process.stdin.isTTY;
  const environment = readEnv(undefined, {});
  return {
    print,
    ask: mayAsk ? terminalPrompts() : unattendedPrompts(flags.changeKeys === true),
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

/** Tokens and keys among the settings; of a private key also the part that makes it one. */
function secretsIn(settings: Env): string[] {
  return Object.entries(settings).flatMap(([name, value = ""]) => {
    if (!/(?:TOKEN|KEY)$/.test(name)) return [];
    const key = parseSigningKey(value);
    return key ? [value, key.d] : [value];
  });
}
