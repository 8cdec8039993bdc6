import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

// Convex functions run in an isolate that resembles the edge runtime, not Node.
const convexTests = ["convex/**/*.test.ts"];

const inCi = process.env.CI === "true";

/** Starts first what mostly waits: leases that run out, a minute without Convex. The rest is done meanwhile. */
class WaitingFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const waits = ({ moduleId }: TestSpecification) =>
      /test\/faults\/|convex_away/.test(moduleId) ? 0 : 1;
    return (await super.sort(files)).toSorted((a, b) => waits(a) - waits(b));
  }
}

export default defineConfig({
  test: {
    // More than there are cores: the long ones hardly use theirs. Elsewhere time matters less than calm.
    maxWorkers: inCi ? 3 : 5,
    sequence: { sequencer: WaitingFirst },
    // A test that waits says itself what for, and gives up before this does.
    testTimeout: 60_000,
    hookTimeout: 90_000,
    // A machine that stalls for seconds is no reason to refuse a change. What needed a second try is printed.
    retry: inCi ? 1 : 0,
    setupFiles: ["test/support/patience.ts"],
    projects: [
      {
        extends: true,
        test: {
          name: "node",
          environment: "node",
          include: ["bridges/**/*.test.ts", "scripts/**/*.test.ts", "test/**/*.test.ts"],
          exclude: convexTests,
        },
      },
      {
        extends: true,
        test: {
          name: "convex",
          environment: "edge-runtime",
          include: convexTests,
          server: { deps: { inline: ["convex-test"] } },
        },
      },
    ],
  },
});
