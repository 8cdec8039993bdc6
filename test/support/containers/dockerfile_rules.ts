import { commandOf, isIgnored, parseDockerfile, type Stage } from "./dockerfile.ts";

/** What the rules compare a Dockerfile with. */
export interface BuildContext {
  readonly ignoreFile: string;
  /** The oldest Node that package.json allows, such as `20.19`. */
  readonly oldestNode: string;
  /** Whether the repository has the path. */
  readonly exists: (path: string) => boolean;
}

/** Every rule that a Dockerfile breaks, in words. */
export function brokenRules(text: string, context: BuildContext): string[] {
  const stages = parseDockerfile(text);
  const final = stages.at(-1);
  if (!final) return ["has no stage"];
  return [
    ...stages.flatMap((stage) => brokenByImage(stage, stages, context)),
    ...stages.flatMap((stage) => brokenByInstructions(stage, context)),
    ...brokenByFinalStage(final),
    ...(new Set(stages.map(workdirOf)).size > 1 ? ["the stages work in different folders"] : []),
  ];
}

const workdirOf = ({ instructions }: Stage) =>
  instructions.find(({ name }) => name === "WORKDIR")?.text;

function brokenByImage({ image }: Stage, stages: readonly Stage[], context: BuildContext) {
  if (stages.some(({ name }) => name === image)) return [];
  const [name = "", tag] = image.split(":");
  if (tag === undefined || tag.startsWith("latest")) return [`${image} names no version`];
  const version = /^\d+\.\d+/.exec(tag)?.[0];
  if (name !== "node" || version === undefined) return [`${image} names no version of Node`];
  return isOlder(version, context.oldestNode)
    ? [`${image} is older than Node ${context.oldestNode}`]
    : [];
}

function isOlder(version: string, oldest: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = oldest.split(".").map(Number);
  return major < oldestMajor || (major === oldestMajor && minor < oldestMinor);
}

const SECRET = /TOKEN|KEY|SECRET|PASSWORD|CREDENTIAL/i;

function brokenByInstructions({ instructions }: Stage, context: BuildContext): string[] {
  return instructions.flatMap(({ name, text, flags }) => {
    if (/\b(?:curl|wget)\b/.test(text)) return [`${name} needs curl or wget`];
    switch (name) {
      case "ADD":
        return ["ADD can fetch: use COPY"];
      case "ARG":
      case "ENV":
        return SECRET.test(text.split("=")[0] ?? "") ? [`${name} ${text} is a secret`] : [];
      case "RUN":
        return /\bnpm (?:ci|i|install)\b/.test(text) && !/npm ci .*--omit=dev/.test(text)
          ? [`${text} installs development packages, or other versions`]
          : [];
      case "COPY":
        return flags.from === undefined
          ? text
              .split(/\s+/)
              .slice(0, -1)
              .flatMap((path) => brokenByCopied(path, context))
          : [];
      default:
        return [];
    }
  });
}

function brokenByCopied(path: string, { exists, ignoreFile }: BuildContext): string[] {
  if (path === ".") return ["COPY . copies whatever there is"];
  if (!exists(path)) return [`COPY ${path}: there is no such path`];
  return isIgnored(ignoreFile, path) ? [`COPY ${path}: .dockerignore keeps it out`] : [];
}

function brokenByFinalStage(final: Stage): string[] {
  const user = final.instructions.findLast(({ name }) => name === "USER")?.text;
  const check = commandOf(final, "HEALTHCHECK");
  return [
    ...(user === undefined || /^(?:root|0)(?::|$)/.test(user) ? ["runs as root"] : []),
    ...(check?.[0] === "node" ? [] : ["HEALTHCHECK does not run node"]),
    // A shell between the two would not pass SIGTERM on.
    ...(commandOf(final, "CMD")?.[0] === "node" ? [] : ["CMD does not run node"]),
    ...(final.instructions.some(({ name }) => name === "RUN") ? ["the final stage builds"] : []),
  ];
}
