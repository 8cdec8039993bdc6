import { loadConfig } from "../bridges/config/config.ts";

/* `npm start`: runs the configured bridges, or the playground if none is configured. */

const config = loadConfig();
switch (config.kind) {
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
