import { execFile, spawn, type ChildProcessByStdio } from "node:child_process";
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import type { Readable } from "node:stream";
import { promisify } from "node:util";
import { ROOT } from "../../../scripts/tooling/repository.ts";
import { commandOf, envOf, isIgnored, parseDockerfile, type Stage } from "./dockerfile.ts";

const run = promisify(execFile);

/** The account `nobody` of Linux. */
const NOBODY = 65_534;

/**
 * What a Dockerfile builds, as folders on this machine instead of an image: the files of the final stage, which nobody
 * may change, and its commands. `npm ci` is replaced with links to the installed packages that are not for development.
 */
export class BuiltImage {
  private constructor(
    private readonly folder: string,
    private readonly workdir: string,
    private readonly final: Stage,
  ) {}

  static async build(): Promise<BuiltImage> {
    const read = (name: string) => readFile(join(ROOT, name), "utf8");
    const [text, ignoreFile] = await Promise.all([read("Dockerfile"), read(".dockerignore")]);
    const folder = await mkdtemp(join(tmpdir(), "bridge-image-"));
    await chmod(folder, 0o755);
    const stages = parseDockerfile(text);
    let workdir = folder;
    for (const [index, stage] of stages.entries()) {
      const root = join(folder, String(index));
      const from = (name: string) =>
        join(folder, String(stages.findIndex((each) => each.name === name)));
      workdir = await buildStage(stage, root, from, ignoreFile);
    }
    const final = stages.at(-1);
    if (!final) throw new Error("the Dockerfile has no stage");
    await forbidWriting(workdir);
    return new BuiltImage(folder, workdir, final);
  }

  /** The files of the image besides Node's, by path from the working folder. */
  async files(): Promise<string[]> {
    return (await filesBelow(this.workdir)).map((path) => relative(this.workdir, path));
  }

  /** Runs CMD with these environment variables and those of the image, as another user if this process may. */
  start(env: Readonly<Record<string, string>>): ChildProcessByStdio<null, Readable, Readable> {
    const [, ...args] = commandOf(this.final, "CMD") ?? [];
    return spawn(process.execPath, args, {
      ...this.#options(env),
      stdio: ["ignore", "pipe", "pipe"],
    });
  }

  /** Runs HEALTHCHECK beside the bridge and returns its exit code. */
  async checkHealth(env: Readonly<Record<string, string>>): Promise<number> {
    const [, ...args] = commandOf(this.final, "HEALTHCHECK") ?? [];
    return new Promise((resolve) => {
      spawn(process.execPath, args, { ...this.#options(env), stdio: "ignore" }).once(
        "exit",
        (code) => resolve(code ?? -1),
      );
    });
  }

  #options(env: Readonly<Record<string, string>>) {
    const isRoot = process.getuid?.() === 0;
    return {
      cwd: this.workdir,
      env: { PATH: process.env.PATH, ...envOf(this.final), ...env },
      ...(isRoot && { uid: NOBODY, gid: NOBODY }),
    };
  }

  async remove(): Promise<void> {
    await run("chmod", ["-R", "u+w", this.folder]);
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Carries out the instructions that change files. Returns the stage's working folder. */
async function buildStage(
  stage: Stage,
  root: string,
  from: (name: string) => string,
  ignoreFile: string,
): Promise<string> {
  let workdir = root;
  for (const { name, text, flags } of stage.instructions) {
    if (name === "WORKDIR") {
      workdir = join(root, text);
      await mkdir(workdir, { recursive: true });
    } else if (name === "COPY") {
      const paths = text.split(/\s+/);
      const target = join(workdir, paths.at(-1) ?? "");
      const source = flags.from === undefined ? ROOT : from(flags.from);
      for (const path of paths.slice(0, -1)) {
        const isFile = /\.\w+$/.test(path);
        await cp(join(source, path), isFile ? join(target, path.replace(/.*\//, "")) : target, {
          recursive: true,
          filter: (file) =>
            flags.from !== undefined || !isIgnored(ignoreFile, relative(ROOT, file)),
        });
      }
    } else if (name === "RUN") {
      if (text.startsWith("npm ci ")) await linkPackages(workdir);
      else await run("sh", ["-c", text], { cwd: workdir });
    }
  }
  return workdir;
}

async function linkPackages(folder: string): Promise<void> {
  const lock = JSON.parse(await readFile(join(folder, "package-lock.json"), "utf8")) as {
    packages: Record<string, { dev?: boolean; optional?: boolean }>;
  }; // npm's own file.
  const links = Object.entries(lock.packages)
    .filter(
      ([path, { dev, optional }]) =>
        /^node_modules\/(?:@[^/]+\/)?[^/]+$/.test(path) && !dev && !optional,
    )
    .map(async ([path]) => {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await symlink(join(ROOT, path), join(folder, path));
    });
  await Promise.all(links);
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
}

async function forbidWriting(folder: string): Promise<void> {
  await run("chmod", ["-R", "a-w,a+rX", folder]);
}
