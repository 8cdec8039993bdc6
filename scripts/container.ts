import { loadConfig } from "../bridges/config/config.ts";
import { run } from "../bridges/main.ts";

/* What the container image runs: the configured bridges. The playground is not in the image. */

const config = loadConfig();
switch (config.kind) {
  case "bridges":
    await run(config);
    break;
  case "playground":
    console.error(
      "error: no platform is configured. Pass the settings that .env.example lists to the container as environment variables",
    );
    process.exitCode = 1;
    break;
  case "invalid":
    for (const { name, problem, step } of config.problems) {
      console.error(`error: ${name} ${problem}. ${step}`);
    }
    process.exitCode = 1;
}
