// Compiles what the container image runs: `node scripts/bundle.mjs <directory>`. Needs no development packages.
import { bundle } from "./compile.mjs";

const [directory] = process.argv.slice(2);
if (directory === undefined) {
  console.error("usage: node scripts/bundle.mjs <directory>");
  process.exit(1);
}
await bundle("scripts/container.ts", directory);
