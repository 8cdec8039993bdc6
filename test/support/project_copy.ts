import { cp, mkdir, mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "../../scripts/tooling/repository.ts";

const PARTS = [
  "convex",
  "bridges",
  "scripts",
  "package.json",
  "package-lock.json",
  "tsconfig.json",
];

export interface ProjectCopy {
  readonly path: string;
  remove(): Promise<void>;
}

/** This project in a folder of its own, without any settings: for commands that write into theirs. */
export async function copyProject(): Promise<ProjectCopy> {
  const path = await mkdtemp(join(tmpdir(), "bridge-project-"));
  for (const part of PARTS) await cp(join(ROOT, part), join(path, part), { recursive: true });
  await mkdir(join(path, ".convex"), { recursive: true });
  // Package by package: what is compiled goes below node_modules, and this copy's is thrown away with it.
  const packages = join(path, "node_modules");
  await mkdir(packages);
  for (const name of await readdir(join(ROOT, "node_modules"))) {
    if (name !== ".cache") await symlink(join(ROOT, "node_modules", name), join(packages, name));
  }
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
