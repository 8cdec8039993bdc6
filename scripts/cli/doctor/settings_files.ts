import { statSync } from "node:fs";
import { join } from "node:path";
import type { Env } from "../../../bridges/config/env_files.ts";
import { isSettingName, SETTING_NAMES } from "../../../bridges/config/settings.ts";
import { checkNamed, type Finding } from "./finding.ts";

/** Where the settings come from. */
export interface Sources {
  /** The process environment, which overrides the files. */
  readonly shell: Env;
  /** The values in .env.local and .env. */
  readonly files: Env;
  /** The folder of the files. */
  readonly root: string;
}

/** Other names that belong into these files: the Convex CLI's, and the playground's AI. */
const OTHER_NAMES = [
  ...["CONVEX_DEPLOYMENT", "CONVEX_DEPLOY_KEY", "CONVEX_SITE_URL", "CONVEX_SELF_HOSTED_URL"],
  ...["CONVEX_SELF_HOSTED_ADMIN_KEY", "OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL"],
];

/** Names that only the deployment reads. */
const OF_DEPLOYMENT =
  /^(?:AI_REPLIES_\w+|APP_MESSAGES_\w+|AI_NAME|AI_INSTRUCTIONS|PUBLIC_CHAT|\w+_JWKS)$/;

/** Two letters more, fewer or different make a near miss. */
const NEAR = 2;

/** What is odd about where settings are, and not about their values. */
export function checkSources({ shell, files, root }: Sources): Finding[] {
  const check = checkNamed("Settings");
  const findings = [".env.local", ".env"]
    .filter((name) => isExposed(join(root, name)))
    .map((name) =>
      check.warning(
        `other users of this machine can read ${name}, which holds secrets`,
        `chmod 600 ${name}`,
      ),
    );
  for (const name of SETTING_NAMES) {
    const overriding = shell[name];
    if (overriding === undefined || !files[name] || files[name] === overriding) continue;
    findings.push(
      check.warning(
        `${name} comes from the shell's environment, which overrides the other value in the .env files`,
        `unset ${name} in the shell, or remove it from .env.local`,
      ),
    );
  }
  for (const name of Object.keys(files)) {
    if (OF_DEPLOYMENT.test(name)) {
      const step = `npx convex env set ${name}, and remove it from .env.local`;
      findings.push(
        check.warning(`${name} has no effect here: it is a variable of the deployment`, step),
      );
    }
  }
  const names = Object.keys({ ...files, ...shell });
  return [...findings, ...names.flatMap((name) => nearMiss(name, Object.hasOwn(files, name)))];
}

/** Where the value of a setting comes from, to follow a finding about it; empty if from a file as usual. */
export function sourceOf(name: string, { shell }: Sources): string {
  return shell[name] ? " (it comes from the shell's environment)" : "";
}

/** A name in the files may also be short of a word; in the shell it may be another program's. */
function nearMiss(name: string, isInFile: boolean): Finding[] {
  if (isSettingName(name) || OTHER_NAMES.includes(name)) return [];
  const meant =
    SETTING_NAMES.find((known) => distance(name, known) <= NEAR) ??
    SETTING_NAMES.find((known) => isInFile && lacksWord(name, known));
  if (meant === undefined) return [];
  const step = `Rename it to ${meant}, or remove it`;
  return [checkNamed("Settings").warning(`${name} is no setting; ${meant} is`, step)];
}

/** Whether a name lacks one word in the middle, as DISCORD_TOKEN, which many bots read. */
function lacksWord(name: string, known: string): boolean {
  const [first, , last, ...others] = known.split("_");
  return others.length === 0 && last !== undefined && name === `${first ?? ""}_${last}`;
}

/** Whether a file exists that others than its owner may read. Windows has no such permissions. */
function isExposed(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return process.platform !== "win32" && found !== undefined && (found.mode & 0o077) !== 0;
}

/** How many letters have to be added, removed or changed to make one word the other. */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, column) => column);
  for (let line = 1; line <= one.length; line += 1) {
    const next = [line];
    for (let column = 1; column <= other.length; column += 1) {
      const changed = (row[column - 1] ?? 0) + Number(one[line - 1] !== other[column - 1]);
      next.push(Math.min(changed, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[other.length] ?? 0;
}
