import { readEnv } from "../../../bridges/config/config.ts";
import { SettingsReader } from "../../../bridges/config/settings.ts";
import { type RunningPlayground, runningPlaygrounds } from "../../playground/running_playground.ts";

/** Where a line goes that says which deployment a command means. */
export type Note = (line: string) => void;

/**
 * The playground that commands go to: the one at CONVEX_URL, otherwise the one started last. None if ADMIN_KEY is set: the
 * commands go to the configured deployment.
 */
export async function findPlayground(note: Note): Promise<RunningPlayground | undefined> {
  const reader = new SettingsReader(readEnv());
  if (reader.has("ADMIN_KEY")) return undefined;
  const url = reader.optional("CONVEX_URL");
  const running = await runningPlaygrounds();
  const found = url === undefined ? running[0] : running.find(({ convexUrl }) => convexUrl === url);
  if (found === undefined) return undefined;
  const which =
    url === undefined && running.length > 1
      ? `, the newest of ${running.length} (set CONVEX_URL to choose another: ${running
          .slice(1)
          .map(({ convexUrl }) => convexUrl)
          .join(", ")})`
      : "";
  note(`The playground's Convex at ${found.convexUrl}${which}`);
  return found;
}
