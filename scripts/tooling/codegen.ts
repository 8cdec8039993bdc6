import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { ROOT } from "./repository.ts";

/*
 * `npm run codegen`: writes convex/_generated without a deployment. The Convex CLI generates everything except the
 * components, which it only learns about from a push; this script adds them as a push would.
 */

/** The components of convex/convex.config.ts: their names, and the packages they come from. */
const components = [["rateLimiter", "@convex-dev/rate-limiter"]] as const;

/** Generates into `project`/convex/_generated. The packages are found from `project`. */
export async function generate(project: string): Promise<void> {
  const cli = join(project, "node_modules", "convex", "bin", "main.js");
  const args = [cli, "codegen", "--system-udfs", "--typecheck", "disable"];
  // With CI set, the CLI sends no telemetry.
  await promisify(execFile)(process.execPath, args, { cwd: project, env: { CI: "1" } });
  const generated = join(project, "convex", "_generated");
  await rewrite(join(generated, "api.d.ts"), (text) => {
    const types = components.map(
      ([name, from]) =>
        `  ${name}: import("${from}/_generated/component.js").ComponentApi<"${name}">;`,
    );
    return `${text}\nexport declare const components: {\n${types.join("\n")}\n};\n`;
  });
  await rewrite(join(generated, "api.js"), (text) => {
    const imports = text.replace("{ anyApi }", "{ anyApi, componentsGeneric }");
    return `${imports}export const components = componentsGeneric();\n`;
  });
}

async function rewrite(file: string, change: (text: string) => string): Promise<void> {
  await writeFile(file, change(await readFile(file, "utf8")));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await generate(ROOT);
