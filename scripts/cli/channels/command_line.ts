import { Argument, Command, InvalidArgumentError, Option } from "commander";
import type { Platform, ReplyIn, Trigger } from "../../../convex/model/shared/validators.ts";
import type { Deployment } from "./deployment.ts";
import { explainInvalidId } from "./channel_ids.ts";
import type { Answer, Place } from "./verbs.ts";

const script = "npm run channels --";
const exitCodes = "\nExit codes: 0 done, 1 refused or failed (nothing is changed), 2 wrong usage.";

interface Common {
  readonly json?: true;
}

interface SettingOptions {
  readonly trigger?: Trigger;
  readonly replyIn?: ReplyIn;
  /** `false` is `--no-instructions`. */
  readonly instructions?: string | false;
  readonly model?: string | false;
}

type Verb = (verbs: typeof import("./verbs.ts"), deployment: Deployment) => Promise<Answer>;

/** The command line of the admin script. Parsing throws commander's `CommanderError` on wrong usage. */
export function buildCommandLine(print: (text: string) => void): Command {
  const program = new Command("channels")
    .usage("<verb> [arguments]")
    .description("Maps Discord and Slack channels onto Convex channels, and shows how they do.")
    .addHelpText("after", `\nHelp on a verb: ${script} <verb> --help${exitCodes}`)
    .exitOverride()
    .configureHelp({ showGlobalOptions: true });

  const run = async (options: Common, verb: Verb) => {
    // Loaded only now, so that help and wrong usage are answered at once.
    const { connect } = await import("./deployment.ts");
    const { data, text } = await verb(await import("./verbs.ts"), await connect());
    print(options.json ? JSON.stringify(data, undefined, 2) : text);
  };

  const mapVerb = verb(program, "map", "Mirror a channel of a platform into a Convex channel.", [
    "map discord 112233445566778899 --to team",
    "map slack C0123456789 --to team --trigger mention --reply-in thread",
    "map slack C0123456789 --adopt <id of a public Convex channel>",
  ]);
  addPlace(mapVerb)
    .addOption(
      new Option("--to <channel name>", "the private Convex channel, made if there is none")
        .argParser(notEmpty)
        .conflicts("adopt"),
    )
    .addOption(
      new Option(
        "--adopt <channel id>",
        "a public Convex channel; it becomes private for good",
      ).argParser(notEmpty),
    )
    .addOption(
      new Option(
        "--history <n>",
        "take the channel's last n messages along (1 to 1000); none of them is answered",
      ).argParser(countOf),
    );
  addSettings(mapVerb)
    .option("--no-check", "don't ask the platform whether the bot may work there")
    .action(
      async (
        platform: Platform,
        id: string,
        options: Common & { to?: string; adopt?: string; history?: number; check: boolean },
      ) => {
        const { json: _, check, ...rest } = options;
        const place = placeOf(mapVerb, platform, id);
        if (rest.to === undefined && rest.adopt === undefined) {
          mapVerb.error("error: say where to: --to <channel name>, or --adopt <channel id>");
        }
        const { openView } = await import("./open_view.ts");
        const view = check ? await openView(platform) : undefined;
        await run(options, (verbs, deployment) => verbs.map(deployment, place, rest, view));
      },
    );

  verb(program, "find", "The channels of a platform that the bot sees, with their ids.", [
    "find discord",
    "find slack support",
  ])
    .addArgument(new Argument("<platform>").choices(["discord", "slack"]))
    .argument("[text]", "a part of the name")
    .action(async (platform: Platform, text: string | undefined, options: Common) => {
      const { openView } = await import("./open_view.ts");
      const view = await openView(platform);
      if (view === undefined) {
        const { CommandError } = await import("../command_error.ts");
        throw new CommandError(
          "NO_TOKEN",
          `the ${platform} bot's token is not at hand: npm run setup`,
        );
      }
      const { find } = await import("./verbs.ts");
      const answer = await find(view, text ?? "");
      print(options.json ? JSON.stringify(answer.data, undefined, 2) : answer.text);
    });

  const unmapVerb = verb(program, "unmap", "Stop mirroring a channel. Its messages are kept.", [
    "unmap discord 112233445566778899",
    "unmap slack C0123456789 --delete-messages",
  ]);
  addPlace(unmapVerb)
    .option(
      "--delete-messages",
      "delete what was mirrored from it and said in reply, for good; also of one unmapped before",
    )
    .action(async (platform: Platform, id: string, options: Common & { deleteMessages?: true }) => {
      const place = placeOf(unmapVerb, platform, id);
      await run(options, (verbs, deployment) =>
        verbs.unmap(deployment, place, options.deleteMessages === true),
      );
    });

  const setVerb = verb(program, "set", "Change how a mapped channel is answered.", [
    "set discord 112233445566778899 --trigger never",
    'set slack C0123456789 --instructions "Answer in French." --model gpt-4o-mini',
    "set slack C0123456789 --no-instructions --no-model",
  ]);
  addSettings(addPlace(setVerb))
    .option("--no-instructions", "back to the default instructions")
    .option("--no-model", "back to the deployment's model")
    .action(async (platform: Platform, id: string, options: Common & SettingOptions) => {
      const { json: _, instructions, model, ...rest } = options;
      const place = placeOf(setVerb, platform, id);
      // commander's default of an option that also has a `--no-` form is "not given".
      const settings = {
        ...rest,
        ...(instructions === undefined ? {} : { instructions: instructions || null }),
        ...(model === undefined ? {} : { model: model || null }),
      };
      if (Object.keys(settings).length === 0) setVerb.error("error: say what to change");
      await run(options, (verbs, deployment) => verbs.change(deployment, place, settings));
    });

  const states = [
    ["pause", "paused", "Stop mirroring and answering until `resume`. Replies wait."],
    ["resume", "active", "Mirror and answer again; replies that waited are posted."],
  ] as const;
  for (const [name, state, description] of states) {
    const command = verb(program, name, description, [`${name} slack C0123456789`]);
    addPlace(command).action(async (platform: Platform, id: string, options: Common) => {
      const place = placeOf(command, platform, id);
      await run(options, (verbs, deployment) => verbs.setState(deployment, place, state));
    });
  }

  verb(program, "list", "Every mapped channel.", ["list", "list --json"]).action(
    async (options: Common) => run(options, (verbs, deployment) => verbs.list(deployment)),
  );

  verb(program, "status", "What is healthy and what is stuck, and what to do about it.", [
    "status",
  ]).action(async (options: Common) =>
    run(options, (verbs, deployment) => verbs.status(deployment)),
  );

  verb(program, "retry", "Send replies again that could not be delivered: one, or every one.", [
    "retry",
    "retry <delivery, as status shows it>",
  ])
    .argument("[delivery]", "the one to send again")
    .action(async (delivery: string | undefined, options: Common) =>
      run(options, (verbs, deployment) =>
        delivery === undefined ? verbs.retryAll(deployment) : verbs.retryOne(deployment, delivery),
      ),
    );

  return program;
}

function verb(program: Command, name: string, description: string, examples: string[]): Command {
  const lines = examples.map((example) => `  ${script} ${example}`);
  return program
    .command(name)
    .description(description)
    .option("--json", "print the result as JSON (with `npm run --silent`, nothing else)")
    .addHelpText("after", `\nExamples:\n${lines.join("\n")}\n${exitCodes}`);
}

function addPlace(command: Command): Command {
  return command
    .addArgument(new Argument("<platform>").choices(["discord", "slack"]))
    .argument("<channel id>", "the platform's own id of the channel");
}

function addSettings(command: Command): Command {
  return command
    .addOption(
      new Option(
        "--trigger <when>",
        "which messages are answered; mention: to the bot, or in a thread it speaks in",
      ).choices(["always", "mention", "never"]),
    )
    .addOption(
      new Option("--reply-in <where>", "thread: opens one at the question").choices([
        "channel",
        "thread",
      ]),
    )
    .addOption(
      new Option(
        "--instructions <text>",
        "what the AI is told, in every channel mapped to the same Convex channel",
      ).argParser(notEmpty),
    )
    .addOption(new Option("--model <name>", "the AI model, likewise").argParser(notEmpty));
}

function placeOf(command: Command, platform: Platform, externalId: string): Place {
  const wrong = explainInvalidId(platform, externalId);
  if (wrong !== undefined) command.error(`error: ${wrong}`);
  return { platform, externalId };
}

function countOf(value: string): number {
  const count = Number(value);
  if (/^\d+$/.test(value) && count >= 1 && count <= 1_000) return count;
  throw new InvalidArgumentError("It is not a number from 1 to 1000.");
}

function notEmpty(value: string): string {
  if (value.trim() === "") throw new InvalidArgumentError("It is empty.");
  return value.trim();
}
