import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** The files that take longest, of those that spend most of their time waiting. */
const LONGEST =
  /relay\/(?:killed_at_frames|bridge_down|outage)|faults\/(?:killed|outbox|ai_failures|soak)|streaming\/(?:interrupted|killed)|convex_away|page\/faults/;

/**
 * Starts first the files that spend most of their time waiting (leases that run out, a minute without Convex), so that
 * others run meanwhile. The longest of them begin: a run ends no sooner than they do.
 */
class WaitingFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) =>
      LONGEST.test(moduleId) ? 0 : /test\/(?:faults|relay|streaming)\//.test(moduleId) ? 1 : 2;
    return (await super.sort(files)).toSorted((a, b) => place(a) - place(b));
  }
}

export default defineConfig({
  test: {
    // More than there are cores, because the longest files hardly use theirs.
    maxWorkers: 5,
    sequence: { sequencer: WaitingFirst },
    // A waiting test names what it waits for, and gives up before this does.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          environment: "node",
          // One worker imports discord.js, Bolt and the rest once for all its files: a third of the processor time.
          pool: "threads",
          isolate: false,
          include: ["bridges/**/*.test.ts", "scripts/**/*.test.ts"],
        },
      },
      {
        extends: true,
        test: {
          name: "convex",
          // Resembles the isolate that Convex functions run in.
          environment: "edge-runtime",
          isolate: false,
          include: ["convex/**/*.test.ts"],
          server: { deps: { inline: ["convex-test"] } },
        },
      },
      {
        extends: true,
        test: {
          // Tests that start processes.
          name: "whole",
          environment: "node",
          isolate: false,
          include: ["test/**/*.test.ts"],
        },
      },
    ],
  },
});
