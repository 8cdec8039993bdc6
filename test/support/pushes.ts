import { z } from "zod";

/** A module bundled by the CLI. */
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
/** The body of a push. */
export type Push = z.infer<typeof vPush>;

const vFinish = z.object({ startPush: z.unknown(), dryRun: z.boolean() });

/** An HTTP response. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/**
 * The push protocol of a deployment: accepts bundles, lets the CLI wait for the schema, and finishes only the push that
 * was started last. Like a real deployment, it refuses code whose auth.config reads a variable that is not set.
 */
export class Pushes {
  /** The bundles of each push, the newest last. */
  readonly started: Push[] = [];
  finished = 0;
  /** The error that refuses the next push. */
  refusal: { readonly code: string; readonly message: string } | undefined;
  #current: unknown;
  #waits = 0;

  constructor(private readonly variables: ReadonlyMap<string, string>) {}

  start(body: unknown): Answer {
    const push = vPush.parse(body);
    this.started.push(push);
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
    this.#current = {
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
    return { status: 200, body: this.#current };
  }

  /** The CLI polls until the schema is validated: here on the second request. */
  wait(): Answer {
    this.#waits += 1;
    const component = { schemaValidationComplete: false, indexesComplete: 0, indexesTotal: 1 };
    const progress = { type: "inProgress", components: { "": component } };
    return { status: 200, body: this.#waits === 1 ? progress : { type: "complete" } };
  }

  finish(body: unknown): Answer {
    const { startPush, dryRun } = vFinish.parse(body);
    if (JSON.stringify(startPush) !== JSON.stringify(this.#current)) {
      return refused("RaceDetected", "another push or variable change intervened");
    }
    if (!dryRun) this.finished += 1;
    const diff = { authDiff: { added: [], removed: [] }, definitionDiffs: {}, componentDiffs: {} };
    return { status: 200, body: diff };
  }
}

function refused(code: string, message: string): Answer {
  return { status: 400, body: { code, message } };
}
