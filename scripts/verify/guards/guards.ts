import { Command } from "commander";
import { ROOT } from "../../tooling/repository.ts";
import { runGuards } from "./run_guards.ts";

/* `npm run guards`: removes each guard from a copy of the product and checks that a test fails without it. */

const program = new Command("guards")
  .description(
    "Applies each patch of test/guards to a copy of the tree and checks that the test it names fails.",
  )
  .option("--only <text>", "only guards whose name contains this")
  .addHelpText("after", "\nExit codes: 0 every guard is caught, 1 one is not, 2 wrong usage.")
  .exitOverride((error) => {
    process.exit(error.exitCode === 0 ? 0 : 2);
  })
  .action(async (flags: { readonly only?: string }) => {
    const ok = await runGuards({ root: ROOT, ...flags, print: console.log });
    process.exitCode = ok ? 0 : 1;
  });

await program.parseAsync();
