import { Command, InvalidArgumentError } from "commander";
import { PLAIN, TERMINAL } from "./terminal_markdown.ts";
import { REPLAY_FORMAT } from "./replay.ts";
import { runDemo } from "./run_demo.ts";
import { UsageError } from "./usage_error.ts";

/* `npm run demo`: plays a conversation through the whole product on this machine and checks the result. */

interface Flags {
  readonly replay?: string;
  readonly relay?: true;
  readonly limit: number;
}

const program = new Command("demo")
  .description(
    "Plays a scripted conversation on Discord and Slack through the bridge, and checks it.",
  )
  .option("--replay <file.jsonl>", "replay a real chat log on both platforms instead")
  .option("--relay", "with --replay: in two channels that hear each other, the lines said in turn")
  .option("--limit <n>", "messages of the chat log to replay", positiveInteger, 500)
  .addHelpText(
    "after",
    `\n${REPLAY_FORMAT}\n\nExit codes: 0 ok, 1 something differs, 2 wrong usage.`,
  )
  .exitOverride((error) => {
    process.exit(error.exitCode === 0 ? 0 : 2);
  })
  .action(async (flags: Flags) => {
    const isLimited = program.getOptionValueSource("limit") === "cli";
    for (const [option, isGiven] of [
      ["relay", flags.relay],
      ["limit", isLimited],
    ] as const)
      if (isGiven && flags.replay === undefined) throw new UsageError(`--${option} needs --replay`);
    const style = process.stdout.isTTY && process.stdout.hasColors() ? TERMINAL : PLAIN;
    const ok = await runDemo({ ...flags, idleTimeoutMs: 20_000, print: console.log, style });
    process.exitCode = ok ? 0 : 1;
  });

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`error: ${error.message}`);
  process.exitCode = 2;
}

function positiveInteger(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 1) {
    throw new InvalidArgumentError("It must be a whole number, 1 or more.");
  }
  return number;
}
