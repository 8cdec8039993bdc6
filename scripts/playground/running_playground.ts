import { createHash, randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { lstat, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { ROOT } from "../tooling/repository.ts";

/*
 * How the admin script finds the playgrounds that run on this machine: each has a file in the temporary directory. The file
 * contains the playground's admin key, so only this user may read it; the key is worthless once the playground stops.
 */

const vPlayground = z.object({
  pid: z.number().int().positive(),
  convexUrl: z.url(),
  adminKey: z.string(),
  /** The settings of both platforms' stand-ins, for the admin script's requests. */
  platforms: z.record(z.string(), z.string()).optional(),
});

/** A playground's file. `at`: when it was written, in ms since 1970 with fractions; a file's own time has steps of 4 ms. */
const vAnnounced = vPlayground.extend({ at: z.number() });

/** How to connect to a running playground. */
export type RunningPlayground = Readonly<z.infer<typeof vPlayground>>;

/** The beginning of the files' names: those of this checkout. */
function prefix(): string {
  const checkout = createHash("sha256").update(ROOT).digest("hex").slice(0, 12);
  return `bridge-playground-${checkout}-`;
}

/**
 * Writes the file. The playground calls this once its deployment answers, and the returned function, which deletes the
 * file, when it ends.
 */
export async function announcePlayground(playground: RunningPlayground): Promise<() => void> {
  const file = join(tmpdir(), `${prefix()}${playground.pid}.json`);
  // The temporary directory is shared: a new file with an unguessable name, moved into place, can't be one that
  // another user has created to read the key.
  const draft = `${file}.${randomUUID()}`;
  const announced = { ...playground, at: performance.timeOrigin + performance.now() };
  await writeFile(draft, JSON.stringify(announced), { mode: 0o600, flag: "wx" });
  await rename(draft, file);
  return () => rmSync(file, { force: true });
}

/** The running playgrounds of this checkout and temporary directory, the one started last first. */
export async function runningPlaygrounds(): Promise<RunningPlayground[]> {
  const own = prefix();
  const names = (await readdir(tmpdir())).filter(
    (name) => name.startsWith(own) && name.endsWith(".json"),
  );
  const found = await Promise.all(names.map((name) => read(join(tmpdir(), name))));
  return found
    .flatMap((each) => (each && isAlive(each.pid) ? [each] : []))
    .sort((a, b) => b.at - a.at)
    .map(({ at: _, ...playground }) => playground);
}

async function read(file: string): Promise<z.infer<typeof vAnnounced> | undefined> {
  try {
    const { uid } = await lstat(file);
    // Another user's file could point the script at another deployment.
    if (process.getuid !== undefined && uid !== process.getuid()) return undefined;
    return vAnnounced.parse(JSON.parse(await readFile(file, "utf8")));
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    // Signal 0 only checks that the process exists.
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
