import { Command, InvalidArgumentError } from "commander";
import { runSoak } from "./run_soak.ts";

/* `npm run soak`: random traffic while bridges are killed and faults are injected; then the verdict. */

interface Flags {
  readonly messages: number;
  readonly kills: number;
  readonly seed: number;
  readonly relay?: boolean;
  readonly stream?: boolean;
}

const program = new Command("soak")
  .description(
    "Posts at random on Discord and Slack while bridge processes are killed and everything around them fails, " +
      "then compares what happened on the platforms with what Convex holds.",
  )
  .option("--messages <n>", "messages that people post", wholeNumber, 2_000)
  .option("--kills <n>", "kills (SIGKILL) of bridge processes", wholeNumber, 50)
  .option(
    "--seed <n>",
    "repeats the random choices of another run",
    wholeNumber,
    Date.now() % 100_000,
  )
  .option(
    "--relay",
    "channels of both platforms are one conversation, without the AI (but for --stream)",
  )
  .option("--stream", "people watch answers being written, and some attempts at them break off")
  .addHelpText("after", "\nExit codes: 0 ok, 1 something differs, 2 wrong usage.")
  .exitOverride((error) => {
    process.exit(error.exitCode === 0 ? 0 : 2);
  })
  .action(async (flags: Flags) => {
    const ok = await runSoak({ ...flags, idleTimeoutMs: 120_000, print: console.log });
    process.exitCode = ok ? 0 : 1;
  });

await program.parseAsync();

function wholeNumber(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 0) {
    throw new InvalidArgumentError("It must be a whole number, 0 or more.");
  }
  return number;
}
