import { loadConfig } from "../bridges/core/config.ts";

/* `npm start`: the bridges that are configured; with none configured, the playground. */

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
    const { play } = await loadPlayground();
    await play();
    break;
  }
}

/** Loaded on demand: it needs development packages, which the bridges do without. */
async function loadPlayground(): Promise<typeof import("./playground/play.ts")> {
  try {
    return await import("./playground/play.ts");
  } catch (error) {
    if (!isMissingPackage(error)) throw error;
    console.error(
      "No platform is configured (see .env.example), and the playground needs the development packages: run `npm install`.",
    );
    process.exit(1);
  }
}

function isMissingPackage(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND";
}
