import type { PlatformName } from "../../../bridges/platform.ts";
import { loadConfig, PLATFORM_SETTINGS } from "../../../bridges/config/config.ts";
import { chooseDeployment } from "./choose_deployment.ts";
import { isLocalDeployment } from "./deployment_url.ts";
import { setVariables } from "./deployment_variables.ts";
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
  await setVariables(tools, choices, deployed, variables);

  if (choices.push) {
    print("Pushing the backend …");
    await cli.push();
    print("Pushed.");
  }
  print(nextSteps(tools, platforms));
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
