import { loadConfig } from "../../bridges/config/config.ts";
import { run } from "../../bridges/main.ts";

/* The production bridge, configured by this process's environment alone: env files may hold real credentials. */

const config = loadConfig(process.env);
if (config.kind !== "bridges") throw new Error("a stack's bridge is configured by its stack");
run(config).catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
