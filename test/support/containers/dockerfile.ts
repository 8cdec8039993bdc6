/** One instruction of a Dockerfile. */
interface Instruction {
  /** In capitals. */
  readonly name: string;
  /** Everything behind the name and its flags; continued lines are joined. */
  readonly text: string;
  /** `--from=build` and its kin, by name. */
  readonly flags: Readonly<Record<string, string>>;
}

export interface Stage {
  readonly image: string;
  readonly name: string | undefined;
  readonly instructions: readonly Instruction[];
}

/** Reads the stages of a Dockerfile, in order. Throws on what stands before the first FROM: this project has no such. */
export function parseDockerfile(text: string): Stage[] {
  const stages: { image: string; name: string | undefined; instructions: Instruction[] }[] = [];
  for (const instruction of instructionsOf(text)) {
    if (instruction.name === "FROM") {
      const [image = "", , name] = instruction.text.split(/\s+/);
      stages.push({ image, name, instructions: [] });
      continue;
    }
    const stage = stages.at(-1);
    if (!stage) throw new Error(`${instruction.name} stands before the first FROM`);
    stage.instructions.push(instruction);
  }
  return stages;
}

function instructionsOf(text: string): Instruction[] {
  const joined = text.replace(/^\s*#.*\n/gm, "").replace(/\\\n\s*/g, " ");
  return joined
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .map((line) => {
      const [, name = "", flagText = "", rest = ""] =
        /^(\w+)\s+((?:--[\w-]+=\S+\s+)*)(.*)$/.exec(line) ?? [];
      const flags = [...flagText.matchAll(/--([\w-]+)=(\S+)/g)];
      return {
        name: name.toUpperCase(),
        text: rest,
        flags: Object.fromEntries(flags.map(([, flag = "", value = ""]) => [flag, value])),
      };
    });
}

/** The arguments of a command in exec form (`["node", "x.mjs"]`); undefined in shell form. */
function execForm(text: string): string[] | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return Array.isArray(parsed) ? parsed.map(String) : undefined;
  } catch {
    return undefined;
  }
}

/** The command of a stage's HEALTHCHECK or CMD; undefined if it has none or a shell would run it. */
export function commandOf(stage: Stage, name: "HEALTHCHECK" | "CMD"): string[] | undefined {
  const text = stage.instructions.findLast((each) => each.name === name)?.text;
  return text === undefined ? undefined : execForm(text.replace(/^CMD\s+/, ""));
}

/** What a stage's ENV instructions set. */
export function envOf(stage: Stage): Record<string, string> {
  const set = stage.instructions.filter(({ name }) => name === "ENV");
  return Object.fromEntries(
    set.map(({ text }) => [text.split("=")[0] ?? "", text.slice(text.indexOf("=") + 1)]),
  );
}

/** Whether a `.dockerignore` keeps a path out of the build: the last pattern that matches it or a folder above it decides. */
export function isIgnored(ignoreFile: string, path: string): boolean {
  const lines = ignoreFile.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return lines.reduce((ignored, line) => {
    const exception = line.startsWith("!");
    return patternOf(exception ? line.slice(1) : line).test(path) ? !exception : ignored;
  }, false);
}

function patternOf(glob: string): RegExp {
  const escaped = glob
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("**/", "(?:.+/)?")
    .replaceAll(/\*(?!\/\)\?)/g, "[^/]*");
  return new RegExp(`^${escaped}(?:/.*)?$`);
}
