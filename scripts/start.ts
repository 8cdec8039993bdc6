import { loadConfig } from "../bridges/config/config.ts";

/* `npm start`: runs the configured bridges, or the playground if none is configured. */

const USAGE = `usage: npm start
Runs the bridges that .env.local or the environment configures (see .env.example), or else the playground. It takes no
arguments. Setting up, mapping channels and checks are commands of their own: npm run setup, channels, doctor.`;

const [argument] = process.argv.slice(2);
const config = argument === undefined ? loadConfig() : ({ kind: "usage" } as const);
switch (config.kind) {
  case "usage":
    if (argument === "--help" || argument === "-h") {
      console.log(USAGE);
    } else {
      console.error(`error: npm start takes no arguments\n${USAGE}`);
      process.exitCode = 1;
    }
    break;
  case "invalid":
    for (const { name, problem, step } of config.problems) {
      console.error(`error: ${name} ${problem}. ${step}`);
    }
    process.exitCode = 1;
    break;
  case "bridges": {
    const { run } = await import("../bridges/main.ts");
    await run(config);
    break;
  }
  case "playground": {
    if (!hasDevelopmentPackages()) {
      console.error(
        "error: no platform is configured (see .env.example), and the playground needs the development packages: run `npm install`",
      );
      process.exitCode = 1;
      break;
    }
    const { play } = await import("./playground/play.ts");
    await play();
    break;
  }
}

/** Whether the packages that only the playground needs are installed. Its Convex stand-in is built on this one. */
function hasDevelopmentPackages(): boolean {
  try {
    return import.meta.resolve("convex-test") !== "";
  } catch {
    return false;
  }
}
