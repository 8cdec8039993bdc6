import {
  publicChatIsOpen,
  publicChatIsSet,
  unreadableSettings,
} from "../../../convex/model/shared/settings.ts";
import { CommandError } from "../command_error.ts";
import type { SetupChoices, SetupTools } from "./setup_tools.ts";

type Variables = Readonly<Record<string, string>>;

/**
 * Sets the deployment's variables: `keySets`, what the flags and settings say, then what is asked for. Every answer is set
 * before the next question. Returns the variables as they then are. Throws `CommandError`.
 */
export async function setVariables(
  tools: SetupTools,
  choices: SetupChoices,
  deployed: Variables,
  keySets: Variables,
): Promise<Variables> {
  const { cli, print, prompts } = tools;
  const current = { ...deployed };
  const set = async (variables: Variables) => {
    const changed = Object.fromEntries(
      Object.entries(variables).filter(([name, value]) => current[name] !== value),
    );
    if (Object.keys(changed).length === 0) return false;
    await cli.setVariables(changed);
    print(`Set on the deployment: ${Object.keys(changed).join(", ")}.`);
    Object.assign(current, changed);
    return true;
  };
  const { publicChat, openaiBaseUrl, openaiModel } = choices;
  const isChanged = await set({
    ...keySets,
    ...aiKey(tools, deployed),
    ...(publicChat === undefined ? {} : { PUBLIC_CHAT: publicChat }),
    ...(openaiBaseUrl === undefined ? {} : { OPENAI_BASE_URL: openaiBaseUrl }),
    ...(openaiModel === undefined ? {} : { OPENAI_MODEL: openaiModel }),
  });
  if (!isChanged) print("The deployment's variables are up to date.");
  if (
    prompts.canAsk &&
    (!publicChatIsSet(current) || unreadableSettings(current).includes("PUBLIC_CHAT"))
  ) {
    await set({ PUBLIC_CHAT: await askAboutChat(tools) });
  }
  if (current.OPENAI_API_KEY === undefined) {
    if (prompts.canAsk)
      print(
        "The AI service's key: platform.openai.com > API keys > Create new secret key, or your own service's.",
      );
    const typed = await prompts.secret("OPENAI_API_KEY (leave empty to skip)", explainAiKey);
    if (typed !== "") await set({ OPENAI_API_KEY: typed });
  }
  reportRisks(tools, current, choices.prod);
  return current;
}

function askAboutChat({ prompts }: SetupTools): Promise<string> {
  const question = "May people without a key use the public chat API, PUBLIC_CHAT?";
  return prompts.choose(question, "pass --public-chat closed, or open", [
    { value: "closed", name: "no (right if you only bridge Discord and Slack)" },
    {
      value: "open",
      name: "yes: anybody who knows the deployment's address may ask the AI, at your cost, up to a daily limit",
    },
  ]);
}

/** The AI's key from the settings. A key that the deployment already has is kept: the one here may be another project's. */
function aiKey({ print, environment, settings }: SetupTools, deployed: Variables): Variables {
  const key = environment.OPENAI_API_KEY?.trim() ?? settings().OPENAI_API_KEY?.trim() ?? "";
  const invalid = explainAiKey(key);
  if (invalid !== undefined) throw new CommandError("BAD_TOKEN", invalid);
  if (key === "") return {};
  if (deployed.OPENAI_API_KEY === undefined) return { OPENAI_API_KEY: key };
  if (deployed.OPENAI_API_KEY !== key) {
    print(
      "OPENAI_API_KEY: keeping the deployment's own (npx convex env set OPENAI_API_KEY changes it).",
    );
  }
  return {};
}

/** Empty is valid: the question is skipped. */
function explainAiKey(key: string): string | undefined {
  if (/[\s'"]/.test(key)) return "OPENAI_API_KEY has spaces or quotes in it";
  return /^xox|^xapp-/.test(key) ? "OPENAI_API_KEY is a token of Slack" : undefined;
}

/** What the deployment's variables allow or prevent, perhaps without anybody having meant it. */
function reportRisks({ print }: SetupTools, variables: Variables, prod: boolean): void {
  const command = `npx convex env set${prod ? " --prod" : ""}`;
  for (const name of unreadableSettings(variables)) {
    print(
      name === "PUBLIC_CHAT"
        ? `PUBLIC_CHAT is neither open nor closed, so it is closed: ${command} PUBLIC_CHAT closed (or open).`
        : `${name} is not a whole number, so it counts as 0, no answers: ${command} ${name} <number>.`,
    );
  }
  if (!publicChatIsSet(variables) && publicChatIsOpen(variables)) {
    print(
      "PUBLIC_CHAT is not set, so anybody who knows the deployment's address may ask the AI, at your cost: run setup with --public-chat closed (or open).",
    );
  }
  if (variables.OPENAI_API_KEY === undefined) {
    print(`No AI key is set yet: run setup again with one, or run \`${command} OPENAI_API_KEY\`.`);
  }
}
