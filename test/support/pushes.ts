import { z } from "zod";

/** One module as the CLI has bundled it. */
const vModule = z.object({
  path: z.string(),
  source: z.string(),
  environment: z.enum(["isolate", "node"]),
});
export type BundledModule = z.infer<typeof vModule>;

const vDefinition = { definition: vModule.nullish(), schema: vModule.nullish() };

const vPush = z.object({
  appDefinition: z.object({
    ...vDefinition,
    changedModules: z.array(vModule),
    dependencies: z.array(z.string()),
  }),
  componentDefinitions: z.array(
    z.object({ ...vDefinition, definitionPath: z.string(), functions: z.array(vModule) }),
  ),
});
export type Push = z.infer<typeof vPush>;

const vFinish = z.object({ startPush: z.unknown(), dryRun: z.boolean() });

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/**
 * What a deployment does of a push: takes the bundles, lets the CLI wait for the schema, and takes the end only of
 * what it has begun. As the real one it refuses code whose auth.config reads a variable that is not set.
 */
export class Pushes {
  /** Bundles as they came, the newest last. */
  readonly begun: Push[] = [];
  finished = 0;
  /** The next push is refused so. */
  refusal: { readonly code: string; readonly message: string } | undefined;
  #begunWith: unknown;
  #waits = 0;

  constructor(private readonly variables: ReadonlyMap<string, string>) {}

  start(body: unknown): Answer {
    const push = vPush.parse(body);
    this.begun.push(push);
    const { refusal } = this;
    this.refusal = undefined;
    if (refusal) return refused(refusal.code, refusal.message);
    const auth = push.appDefinition.changedModules.find(({ path }) => path === "auth.config.js");
    const read = [...(auth?.source ?? "").matchAll(/process\.env\.(\w+)/g)].map((m) => m[1] ?? "");
    const unset = read.find((name) => !this.variables.has(name));
    if (unset !== undefined) {
      const message = `Environment variable ${unset} is used in auth config file but its value was not set`;
      return refused("AuthConfigMissingEnvironmentVariable", message);
    }
    this.#begunWith = {
      environmentVariables: Object.fromEntries(this.variables),
      externalDepsId: null,
      componentDefinitionPackages: {},
      appAuth: [],
      analysis: {},
      app: {
        definitionPath: "",
        componentPath: "",
        args: {},
        childComponents: {},
        httpRoutes: { httpModuleRoutes: null, mounts: [] },
        exports: {},
      },
      schemaChange: { allocatedComponentIds: {}, schemaIds: {} },
    };
    this.#waits = 0;
    return { status: 200, body: this.#begunWith };
  }

  /** The CLI asks until the schema is taken: here at the second time. */
  wait(): Answer {
    this.#waits += 1;
    const component = { schemaValidationComplete: false, indexesComplete: 0, indexesTotal: 1 };
    const progress = { type: "inProgress", components: { "": component } };
    return { status: 200, body: this.#waits === 1 ? progress : { type: "complete" } };
  }

  finish(body: unknown): Answer {
    const { startPush, dryRun } = vFinish.parse(body);
    if (JSON.stringify(startPush) !== JSON.stringify(this.#begunWith)) {
      return refused("RaceDetected", "another push or another variable came between");
    }
    if (!dryRun) this.finished += 1;
    const diff = { authDiff: { added: [], removed: [] }, definitionDiffs: {}, componentDiffs: {} };
    return { status: 200, body: diff };
  }
}

function refused(code: string, message: string): Answer {
  return { status: 400, body: { code, message } };
}
