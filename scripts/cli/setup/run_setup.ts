import type { PlatformName } from "../../../bridges/platform.ts";
import { loadConfig, PLATFORM_SETTINGS } from "../../../bridges/config/config.ts";
import { CommandError } from "../command_error.ts";
import { chooseDeployment } from "./choose_deployment.ts";
import { isLocalDeployment } from "./deployment_url.ts";
import { ensureKeys } from "./ensure_keys.ts";
import type { SetupChoices, SetupTools } from "./setup_tools.ts";
import { saveTokens } from "./tokens.ts";

/**
 * Sets up everything, from tokens to a deployment that answers. Each step keeps what is already set up, so running setup
 * again continues a run that stopped. A private key is saved before its public half is set on the deployment, so a crash
 * in between loses nothing. Throws `CommandError`.
 */
export async function runSetup(tools: SetupTools, choices: SetupChoices): Promise<void> {
  const { print, cli } = tools;
  await chooseDeployment(tools, choices);
  const platforms = await saveTokens(tools, choices.platforms);

  print("Reading the deployment's variables …");
  const deployed = await cli.variables();
  const { variables, messages } = await ensureKeys(tools, platforms, deployed);
  messages.forEach(print);
  Object.assign(variables, await aiVariables(tools, choices, deployed));
  const changed = Object.fromEntries(
    Object.entries(variables).filter(([name, value]) => deployed[name] !== value),
  );
  if (Object.keys(changed).length > 0) {
    await cli.setVariables(changed);
    print(`Set on the deployment: ${Object.keys(changed).join(", ")}.`);
  } else print("The deployment's variables are up to date.");

  if (choices.push) {
    print("Pushing the backend …");
    await cli.push();
    print("Pushed.");
  }
  if (deployed.OPENAI_API_KEY === undefined && changed.OPENAI_API_KEY === undefined) {
    const command = `npx convex env set${choices.prod ? " --prod" : ""} OPENAI_API_KEY`;
    print(`No AI key is set yet: run setup again with one, or run \`${command}\`.`);
  }
  print(nextSteps(tools, platforms));
}

/** The AI service's variables to set. A key that the deployment already has is kept: the key here may be another project's. */
async function aiVariables(
  { prompts, print, environment, settings }: SetupTools,
  { openaiBaseUrl, openaiModel }: SetupChoices,
  deployed: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
  const isSet = deployed.OPENAI_API_KEY !== undefined;
  const local = environment.OPENAI_API_KEY?.trim() ?? settings().OPENAI_API_KEY?.trim() ?? "";
  const key =
    local === "" && !isSet
      ? await prompts.secret("The AI service's key, OPENAI_API_KEY (leave empty to skip)")
      : local;
  if (/[\s'"]/.test(key))
    throw new CommandError("BAD_TOKEN", "OPENAI_API_KEY has spaces or quotes in it");
  if (key !== "" && isSet && deployed.OPENAI_API_KEY !== key) {
    print(
      "OPENAI_API_KEY: keeping the deployment's own (npx convex env set OPENAI_API_KEY changes it).",
    );
  }
  return {
    ...(key !== "" && !isSet ? { OPENAI_API_KEY: key } : {}),
    ...(openaiBaseUrl === undefined ? {} : { OPENAI_BASE_URL: openaiBaseUrl }),
    ...(openaiModel === undefined ? {} : { OPENAI_MODEL: openaiModel }),
  };
}

function nextSteps({ settings }: SetupTools, platforms: readonly PlatformName[]): string {
  const config = loadConfig(settings());
  if (config.kind === "invalid") {
    const lines = config.problems.map(({ name, problem, step }) => `  ${name} ${problem}. ${step}`);
    return `Still to be fixed in .env.local:\n${lines.join("\n")}`;
  }
  const [first] = platforms;
  if (first === undefined) {
    return `Next: get a token (docs/setup.md) and run setup again. Settings: ${PLATFORM_SETTINGS.discord[0]}, …`;
  }
  const isLocal = isLocalDeployment(settings().CONVEX_DEPLOYMENT);
  return [
    "Next:",
    ...(isLocal
      ? ["  npx convex dev                          in a separate terminal: runs Convex"]
      : []),
    "  npm run doctor                          checks everything",
    `  npm run channels -- find ${first.padEnd(15)}lists the channels visible to the bot`,
    `  npm run channels -- map ${first} <id> --to <name>`,
    "  npm start                               runs the bridge",
  ].join("\n");
}
