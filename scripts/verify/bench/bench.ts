import { writeFile } from "node:fs/promises";
import { cpus, loadavg } from "node:os";
import { Command } from "commander";
import { calls } from "./parts/calls.ts";
import { catchUp } from "./parts/catch_up.ts";
import { documents } from "./parts/documents.ts";
import { hostile } from "./parts/hostile.ts";
import { memory } from "./parts/memory.ts";
import { overhead } from "./parts/overhead.ts";
import { overlap } from "./parts/overlap.ts";
import { relaying } from "./parts/relaying.ts";
import { replyPath } from "./parts/reply_path.ts";
import { throughput } from "./parts/throughput.ts";
import type { Part, Row } from "./part.ts";
import { printTable } from "./table.ts";

/* `npm run bench`: measures the bridge against its budgets. See docs/performance.md. */

const PARTS: readonly Part[] = [
  calls,
  documents,
  overlap,
  overhead,
  throughput,
  catchUp,
  memory,
  replyPath,
  relaying,
  hostile,
];

interface Flags {
  readonly only?: string;
  readonly json?: string;
}

interface Result {
  readonly part: string;
  readonly seconds: number;
  readonly rows: readonly Row[];
}

const program = new Command("bench")
  .description("Measures the bridge against its budgets.")
  .option("--only <name>", `one part: ${PARTS.map(({ name }) => name).join(", ")}`)
  .option("--json <file>", "also write all measurements to a file")
  .addHelpText("after", "\nExit codes: 0 within every budget, 1 over a budget, 2 wrong usage.")
  .exitOverride((error) => {
    process.exit(error.exitCode === 0 ? 0 : 2);
  });

const flags = program.parse().opts<Flags>();
const chosen = PARTS.filter(({ name }) => flags.only === undefined || name === flags.only);
if (chosen.length === 0) {
  console.error(`error: there is no part "${flags.only ?? ""}". See npm run bench -- --help`);
  process.exit(2);
}

const [load = 0] = loadavg();
if (load > cpus().length / 2) {
  console.error(`The machine is busy (load ${load.toFixed(1)}): measured times will be too high.`);
}

const results: Result[] = [];
const broken: string[] = [];
for (const part of chosen) {
  const start = performance.now();
  const elapsed = () => Math.round((performance.now() - start) / 1000);
  console.error(`${part.name} …`);
  try {
    const rows = await part.run((line) => {
      console.error(`  ${elapsed().toString().padStart(3)} s  ${line}`);
    });
    results.push({ part: part.name, seconds: elapsed(), rows });
  } catch (error) {
    broken.push(part.name);
    console.error(error);
  }
}

const rows = results.flatMap((result) => result.rows);
printTable(rows);
const judged = rows.flatMap(({ what, budget }) => (budget ? [{ what, ok: budget.ok }] : []));
const over = [
  ...judged.filter(({ ok }) => !ok).map(({ what }) => what),
  ...broken.map((name) => `${name} (not measured)`),
];
if (flags.json !== undefined) await writeFile(flags.json, `${JSON.stringify(report(), null, 2)}\n`);
console.log(
  over.length === 0
    ? `bench ok: ${judged.length}/${judged.length}`
    : `bench over: ${over.join("; ")}`,
);
process.exit(over.length === 0 ? 0 : 1);

function report() {
  const [cpu] = cpus();
  const machine = { cpu: cpu?.model ?? "", cores: cpus().length, node: process.version, load };
  return { at: new Date().toISOString(), machine, over, results };
}
