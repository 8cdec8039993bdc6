import { loadConfig, PLATFORM_SETTINGS } from "../../../bridges/config/config.ts";
import type { Env } from "../../../bridges/config/env_files.ts";
import { SettingsReader } from "../../../bridges/config/settings.ts";
import { checkNamed, type Finding } from "./finding.ts";

/** The `engines` of package.json. */
const REQUIRED_NODE = [20, 19] as const;

/** Whether the Node version is new enough. */
export function checkNode(version: string): Finding {
  const check = checkNamed("Node");
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const isOld =
    major < REQUIRED_NODE[0] || (major === REQUIRED_NODE[0] && minor < REQUIRED_NODE[1]);
  return isOld
    ? check.error(`this is Node ${version}`, `Install Node ${REQUIRED_NODE.join(".")} or newer`)
    : check.ok(version);
}

/** One finding for each missing or invalid setting, which names its source. A platform that is off is not an error. */
export function checkSettings(env: Env, sourceOf: (name: string) => string): Finding[] {
  const check = checkNamed("Settings");
  const config = loadConfig(env);
  if (config.kind === "invalid") {
    return config.problems.map(({ name, problem, step }) =>
      check.error(`${name} ${problem}${sourceOf(name)}`, step),
    );
  }
  if (config.kind === "playground") {
    return [check.error("no platform is configured", "Run npm run setup (docs/setup.md)")];
  }
  const findings = (["discord", "slack"] as const).map((name) =>
    config[name]
      ? check.ok(`${name} is on`)
      : check.skipped(`${name} is off (it needs ${PLATFORM_SETTINGS[name].join(", ")})`),
  );
  const admin = new SettingsReader(env);
  admin.required("ADMIN_KEY");
  // A machine that only runs the bridge has none. One that is damaged, for example cut off, is another matter.
  const level = admin.has("ADMIN_KEY") ? check.error : check.warning;
  return [
    ...findings,
    ...admin.problems.map(({ name, problem, step }) =>
      level(
        `${name} ${problem}${sourceOf(name)}: the admin script and most checks below need it`,
        step,
      ),
    ),
  ];
}
