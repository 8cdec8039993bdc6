import { Argument, Command, Option } from "commander";
import type {
  FilesHeld,
  Platform,
  ReplyIn,
  Trigger,
} from "../../../convex/model/shared/validators.ts";
import { CommandError } from "../command_error.ts";
import {
  addChannelArguments,
  addRelayFlags,
  addRelaySettings,
  addStreamFlag,
  addStreamSetting,
  addSettings,
  parseChannel,
  parseCount,
  parseLimit,
  parseText,
} from "./options.ts";
import type { MappingRow } from "./format.ts";
import type { Note } from "./find_playground.ts";
import {
  addVerb,
  type Common,
  exitCodes,
  noteFor,
  type Print,
  printResult,
  run,
  script,
} from "./verb_command.ts";

interface MapFlags extends Common {
  readonly to?: string;
  readonly adopt?: string;
  readonly history?: number;
  readonly keep?: number | "all";
  readonly files?: FilesHeld;
  readonly relay?: true;
  readonly relayApps?: true;
  readonly stream?: true;
  readonly check: boolean;
}

interface UnmapFlags extends Common {
  readonly deleteMessages?: true;
  readonly yes?: true;
}

interface SearchFlags extends Common {
  readonly limit?: number;
}

interface SettingFlags extends Common {
  readonly trigger?: Trigger;
  readonly replyIn?: ReplyIn;
  /** `false` is `--no-instructions`. */
  readonly instructions?: string | false;
  readonly model?: string | false;
  readonly keep?: number | "all";
  readonly files?: FilesHeld;
  readonly relay?: boolean;
  readonly relayApps?: boolean;
  readonly stream?: boolean;
}

/** The command line of the admin script. Parsing throws commander's `CommanderError` on wrong usage. */
export function buildCommandLine(print: Print): Command {
  const program = new Command("channels")
    .usage("<verb> [arguments]")
    .description("Maps Discord and Slack channels to Convex channels and shows their status.")
    .addHelpText("after", `\nHelp for a verb: ${script} <verb> --help${exitCodes}`)
    .exitOverride()
    .configureHelp({ showGlobalOptions: true });
  addMap(program, print);
  addFind(program, print);
  addUnmap(program, print);
  addSet(program, print);
  addPauseAndResume(program, print);
  addReports(program, print);
  addSearch(program, print);
  addExport(program, print);
  addRetry(program, print);
  return program;
}

/** What is mapped in the configured deployment or a playground; nothing if there is none or it doesn't answer. */
async function mappingsIfReachable(note: Note): Promise<MappingRow[]> {
  const { connect } = await import("./deployment.ts");
  const { api } = await import("../../../convex/_generated/api.js");
  try {
    return await (await connect(note)).query(api.admin.list, {});
  } catch (error) {
    if (error instanceof CommandError) return [];
    throw error;
  }
}

function addMap(program: Command, print: Print): void {
  const command = addVerb(program, "map", "Mirror a platform's channel into a Convex channel.", [
    "map discord 112233445566778899 --to team",
    "map slack C0123456789 --to team --trigger mention --reply-in thread",
    "map slack C0123456789 --to team --relay",
    "map slack C0123456789 --adopt <id of a public Convex channel>",
  ]);
  addChannelArguments(command)
    .addOption(
      new Option("--to <channel name>", "the private Convex channel; created if it does not exist")
        .argParser(parseText)
        .conflicts("adopt"),
    )
    .addOption(
      new Option(
        "--adopt <channel id>",
        "a public Convex channel, which becomes private permanently",
      ).argParser(parseText),
    )
    .addOption(
      new Option(
        "--history <n>",
        "backfill the channel's last n messages (1 to 1000); none of them is answered",
      ).argParser(parseCount),
    );
  addStreamFlag(addRelayFlags(addSettings(command)))
    .option("--no-check", "don't check on the platform that the bot can work in the channel")
    .action(async (platform: Platform, id: string, flags: MapFlags) => {
      const { json: _, check, keep = "all", ...rest } = flags;
      const options = { ...rest, ...(keep !== "all" && { keepDays: keep }) };
      const channel = parseChannel(command, platform, id);
      if (options.to === undefined && options.adopt === undefined) {
        command.error("error: missing target: --to <channel name> or --adopt <channel id>");
      }
      if (options.relayApps && !options.relay) {
        command.error("error: --relay-apps has no effect without --relay");
      }
      const { openView } = await import("./views/open_view.ts");
      const view = check ? await openView(platform, noteFor(flags)) : undefined;
      await run(print, flags, (verbs, deployment) => verbs.map(deployment, channel, options, view));
    });
}

function addFind(program: Command, print: Print): void {
  addVerb(program, "find", "List the channels visible to the bot, with their ids.", [
    "find discord",
    "find slack support",
  ])
    .addArgument(new Argument("<platform>").choices(["discord", "slack"]))
    .argument("[text]", "part of the channel's name")
    .action(async (platform: Platform, text: string | undefined, flags: Common) => {
      const { openView } = await import("./views/open_view.ts");
      const view = await openView(platform, noteFor(flags));
      if (view === undefined) {
        const problem = `the ${platform} bot's token is not configured: run npm run setup`;
        throw new CommandError("NO_TOKEN", problem);
      }
      const { find } = await import("./verbs.ts");
      const mapped = await mappingsIfReachable(noteFor(flags));
      const ofPlatform = mapped.filter((row) => row.platform === platform);
      printResult(print, flags, await find(view, text ?? "", ofPlatform));
    });
}

function addUnmap(program: Command, print: Print): void {
  const command = addVerb(program, "unmap", "Stop mirroring a channel. Its messages are kept.", [
    "unmap discord 112233445566778899",
    "unmap slack C0123456789 --delete-messages",
  ]);
  addChannelArguments(command)
    .option(
      "--delete-messages",
      "permanently delete its mirrored messages and replies; also works on a channel that was unmapped earlier",
    )
    .option("--yes", "don't ask before deleting; without a terminal, nothing is asked either")
    .action(async (platform: Platform, id: string, flags: UnmapFlags) => {
      const channel = parseChannel(command, platform, id);
      const deletes = flags.deleteMessages === true;
      await run(print, flags, async (verbs, deployment) => {
        if (deletes && flags.yes !== true && process.stdin.isTTY && flags.json !== true)
          await confirmDeletion(await verbs.countMessages(deployment, channel));
        return verbs.unmap(deployment, channel, deletes);
      });
    });
}

/** Throws `CommandError` unless the person at the terminal agrees. */
async function confirmDeletion(count = "all its messages"): Promise<void> {
  const { terminalPrompts } = await import("../setup/prompts.ts");
  const question = `Stop mirroring, and delete ${count} with all replies from Convex for good?`;
  if (await terminalPrompts().confirm(question)) return;
  throw new CommandError("NOT_CONFIRMED", "nothing was changed");
}

function addSet(program: Command, print: Print): void {
  const command = addVerb(program, "set", "Change the settings of a mapped channel.", [
    "set discord 112233445566778899 --trigger never",
    'set slack C0123456789 --instructions "Answer in French." --model gpt-4o-mini',
    "set slack C0123456789 --no-instructions --no-model",
    "set slack C0123456789 --keep 90",
    "set slack C0123456789 --files none",
    "set slack C0123456789 --relay on",
    "set slack C0123456789 --stream on",
  ]);
  addStreamSetting(addRelaySettings(addSettings(addChannelArguments(command))))
    .option("--no-instructions", "go back to the default instructions")
    .option("--no-model", "go back to the deployment's model")
    .action(async (platform: Platform, id: string, flags: SettingFlags) => {
      const { json: _, instructions, model, keep, ...rest } = flags;
      const channel = parseChannel(command, platform, id);
      // commander leaves an option with a `--no-` form undefined if neither form is given.
      const settings = {
        ...rest,
        ...(instructions === undefined ? {} : { instructions: instructions || null }),
        ...(model === undefined ? {} : { model: model || null }),
        ...(keep === undefined ? {} : { keepDays: keep === "all" ? null : keep }),
      };
      if (Object.keys(settings).length === 0) command.error("error: no setting to change");
      await run(print, flags, (verbs, deployment) => verbs.change(deployment, channel, settings));
    });
}

function addPauseAndResume(program: Command, print: Print): void {
  const states = [
    ["pause", "paused", "Stop mirroring and answering until `resume`. Replies wait."],
    ["resume", "active", "Mirror and answer again, and post the replies that waited."],
  ] as const;
  for (const [name, state, description] of states) {
    const command = addVerb(program, name, description, [`${name} slack C0123456789`]);
    addChannelArguments(command).action(async (platform: Platform, id: string, flags: Common) => {
      const channel = parseChannel(command, platform, id);
      await run(print, flags, (verbs, deployment) => verbs.setState(deployment, channel, state));
    });
  }
}

function addReports(program: Command, print: Print): void {
  addVerb(program, "list", "List every mapped channel.", ["list", "list --json"]).action(
    async (flags: Common) => run(print, flags, (verbs, deployment) => verbs.list(deployment)),
  );
  addVerb(program, "status", "Show what is healthy, stuck or failed, and how to fix it.", [
    "status",
  ]).action(async (flags: Common) =>
    run(print, flags, (verbs, deployment) => verbs.status(deployment)),
  );
}

function addSearch(program: Command, print: Print): void {
  addVerb(program, "search", "Find what was said in a Convex channel, the most relevant first.", [
    'search support "green tea"',
    "search support refund --limit 50 --json",
  ])
    .argument("<channel>", "the Convex channel's name, as in `map --to`, or its id")
    .argument(
      "<text>",
      "up to 16 words; a message needs one of them, or one that begins like the last",
    )
    .addOption(
      new Option("--limit <n>", "how many messages to show (1 to 50; default 20)").argParser(
        parseLimit,
      ),
    )
    .action(async (channel: string, text: string, { json, limit }: SearchFlags) =>
      run(print, json ? { json } : {}, (verbs, deployment) =>
        verbs.search(deployment, { channel, text, ...(limit !== undefined && { limit }) }),
      ),
    );
}

function addExport(program: Command, print: Print): void {
  addVerb(program, "export", "Print what people think of the answers, as lines of JSON.", [
    "export feedback > feedback.jsonl",
  ])
    .addArgument(new Argument("<what>").choices(["feedback"]))
    .action(async (_what: string, flags: Common) => {
      const { connect } = await import("./deployment.ts");
      const { feedback } = await import("./feedback.ts");
      let count = 0;
      // Printed page by page: there may be more than fits into memory.
      for await (const line of feedback(await connect(noteFor(flags)))) {
        print(line);
        count += 1;
      }
      if (count === 0) console.error("No answer is rated: people rate one with 👍 or 👎.");
    });
}

function addRetry(program: Command, print: Print): void {
  addVerb(program, "retry", "Retry replies that could not be posted: one, or all.", [
    "retry",
    "retry <delivery, as shown by status>",
  ])
    .argument("[delivery]", "the reply to retry")
    .action(async (delivery: string | undefined, flags: Common) =>
      run(print, flags, (verbs, deployment) =>
        delivery === undefined ? verbs.retryAll(deployment) : verbs.retryOne(deployment, delivery),
      ),
    );
}
