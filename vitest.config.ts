import { defineConfig } from "vitest/config";

// Convex functions run in an isolate that resembles the edge runtime, not Node.
const convexTests = ["convex/**/*.test.ts", "test/convex/**/*.test.ts"];

export default defineConfig({
  test: {
    testTimeout: 20_000,
    hookTimeout: 30_000,
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
