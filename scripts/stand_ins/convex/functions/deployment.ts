import { AsyncLocalStorage } from "node:async_hooks";
import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  defineSchema,
  type GenericSchema,
  makeFunctionReference,
  type SchemaDefinition,
} from "convex/server";
import { type JSONValue, jsonToConvex, type Value } from "convex/values";
import { convexTest } from "convex-test";
import { type AuthProvider, type Caller, RefusedToken, TokenVerifier } from "./auth.ts";
import { CallTracker, runAs, WriteConflict } from "./call_tracker.ts";
import type { CallCounter, CallKind } from "../engine/call_stats.ts";
import { Engine, type TransactionEnd } from "../engine/engine.ts";
import { internalsOf } from "../engine/internals.ts";
import { FileStorage } from "./file_storage.ts";
import { answering, answers, httpModule, routerOf } from "./http_actions.ts";
import { JobSlots } from "./job_slots.ts";
import type { Limits } from "./limits.ts";
import { loseJobs } from "./lost_jobs.ts";
import {
  componentsOf,
  load,
  type Modules,
  type Replaced,
  modulesOf,
  UnsupportedAppError,
} from "./modules.ts";
import { failed, type Outcome, PlainError, succeeded } from "./outcome.ts";
import { UserTime } from "./user_time.ts";

type FunctionType = "query" | "mutation" | "action";

/** A call by a client. `args`: the argument object in Convex's JSON encoding. */
interface ClientCall {
  readonly type: FunctionType;
  readonly path: string;
  readonly args: JSONValue;
  readonly caller: Caller | undefined;
  readonly kind: CallKind;
  /** Called when the call's own transaction ends, before any other begins. */
  readonly onEnd?: (end: TransactionEnd) => void;
  /** Runs a mutation twice and aborts the first attempt, as after a write conflict. */
  readonly abortOnce?: boolean;
}

export interface DeploymentOptions {
  readonly functionsDir: string;
  readonly replace: Replaced;
  /** Trusted besides those of auth.config.ts. */
  readonly authProviders: readonly AuthProvider[];
  /** Hides the text of errors from clients, as production does. */
  readonly redact: boolean;
  readonly counter: CallCounter;
  readonly limits: Limits;
  /** The deployment's own address. */
  readonly origin: () => string;
  /** Whether this run of a scheduled function is lost before it begins. */
  readonly losesJob: (path: string) => boolean;
  /** See `Faults`. */
  readonly transactionDelayMs: () => number;
  /** See `Faults`. */
  readonly slowness: () => number;
  /** Called for each commit, before any other transaction begins. */
  readonly onCommit: (end: TransactionEnd) => void;
}

/** A folder's functions with their data and scheduler. */
export interface Deployment {
  run(call: ClientCall): Promise<Outcome>;
  /** Has the HTTP action of a request answer it. */
  fetch(request: Request, caller: Caller | RefusedToken | undefined): Promise<Response>;
  /** Runs a public or internal function as a cron does. Errors are logged. */
  runScheduled(path: string, args: JSONValue): Promise<void>;
  /** Loses every scheduled function that has not begun, as a restored backup does. */
  loseAllJobs(): Promise<void>;
  readonly storage: FileStorage;
  /** Throws `RefusedToken`. */
  verify(token: string): Promise<Caller>;
  /** Loads auth.config.ts again, after its variables have changed. */
  reloadAuth(): Promise<void>;
  /** Time of the newest commit, in nanoseconds since 1970. */
  lastCommit(): bigint;
}

/** Loads the functions of a folder, and the components that its convex.config.ts uses. */
export async function openDeployment(options: DeploymentOptions): Promise<Deployment> {
  const { functionsDir, replace, authProviders, redact, counter, limits, losesJob } = options;
  const userTime = new UserTime(limits, options.slowness);
  const slots = new JobSlots(limits.jobsAtOnce);
  const tracker = new CallTracker({ counter, userTime, slots, loses: losesJob });
  // Runs calls outside of the caller's async context: convex-test would treat them as nested calls.
  const outside = AsyncLocalStorage.snapshot();

  const modules = tracker.watchModules("", await modulesOf(functionsDir, replace));
  const schema = await schemaOf(modules);
  const convex = convexTest({
    ...(schema && { schema }),
    modules: { ...modules, "./http.ts": () => Promise.resolve(httpModule) },
    transactionLimits: true,
  });
  for (const { path, folder } of await componentsOf(functionsDir)) {
    const own = tracker.watchModules(path, await modulesOf(folder));
    convex.registerComponent(path, (await schemaOf(own)) ?? defineSchema({}), own);
  }
  const internals = await internalsOf(convex);
  tracker.watchSyscalls(internals);
  const storage = new FileStorage(convex, outside, options.origin);
  storage.watchSyscalls(internals);
  const engine = new Engine(internals, {
    before: () => tracker.waitForSlot(),
    onBegin: () => userTime.begin(),
    onEnd: (end) => {
      if (end.committed) options.onCommit(end);
      tracker.ended(end);
    },
    transactionDelayMs: options.transactionDelayMs,
  });

  let authVersion = 0;
  const readAuth = async () =>
    new TokenVerifier(await authConfigOf(functionsDir, authVersion++), authProviders);
  let verifier = await readAuth();

  /** Finds the public function at a path. Throws `PlainError` if a client may not call it. */
  async function resolve(type: FunctionType, path: string): Promise<string> {
    const [file = "", name = "default"] = path.replace(/\.[jt]s(?=:|$)/, "").split(":");
    const module = await findModule(modules, file)?.();
    const found = module?.[name];
    if (!isPublic(found)) {
      throw new PlainError(
        `Could not find public function for '${path}'. Did you forget to run \`npx convex dev\` or \`npx convex deploy\`?`,
      );
    }
    if (!found[flags[type]]) throw new PlainError(`'${path}' is not a ${type}.`);
    return name === "default" ? file : `${file}:${name}`;
  }

  async function attempt(request: ClientCall): Promise<unknown> {
    const { type, caller } = request;
    const path = await resolve(type, request.path);
    const as = caller ? convex.withIdentity(caller.attributes) : convex;
    const args = jsonToConvex(request.args) as Record<string, Value>; // convex-test refuses anything else.
    switch (type) {
      case "query":
        return as.query(makeFunctionReference<"query">(path), args);
      case "mutation":
        return as.mutation(makeFunctionReference<"mutation">(path), args);
      case "action":
        return as.action(makeFunctionReference<"action">(path), args);
    }
  }

  async function run(request: ClientCall): Promise<Outcome> {
    counter.count(request.path, request.kind);
    let ts = 0n;
    const call = {
      kind: request.kind,
      inside: "nothing" as const,
      onEnd: (end: TransactionEnd) => {
        ts = end.ts;
        request.onEnd?.(end);
      },
      ...(request.abortOnce ? { abortOnce: { done: false } } : {}),
    };
    try {
      const once = () => outside(() => runAs(call, () => attempt(request)));
      const value = await once().catch((error: unknown) => {
        if (error instanceof WriteConflict) return once();
        throw error;
      });
      return succeeded(value, ts);
    } catch (error) {
      return failed(error, redact);
    }
  }

  async function fetch(request: Request, caller: Caller | RefusedToken | undefined) {
    const router = routerOf(await findModule(modules, "http")?.());
    if (!router) return answers.noRouter();
    const { pathname } = new URL(request.url);
    const [action, method, route] = router.lookup(pathname, request.method) ?? [];
    if (!action) return answers.noRoute();
    counter.count(`${method} ${route}`, "action");
    const isRefused = caller instanceof RefusedToken;
    const as = caller && !isRefused ? convex.withIdentity(caller.attributes) : convex;
    const refusal = isRefused ? caller : undefined;
    const call = { request, handler: action._handler, refusal };
    try {
      const answer: unknown = await outside(() =>
        runAs({ kind: "action", inside: "action" }, () => answering(call, () => as.fetch("/"))),
      );
      if (answer instanceof Response) return answer;
      throw new PlainError("HTTP actions must return a Response");
    } catch (error) {
      return answers.failed(failed(error, redact));
    }
  }

  return {
    run,
    fetch,
    storage,
    runScheduled: async (path, args) => {
      const schedule = () =>
        convex.mutation(async ({ scheduler }) => {
          const values = jsonToConvex(args) as Record<string, Value>; // What crons.ts was given.
          await scheduler.runAfter(0, makeFunctionReference<"mutation">(path), values);
        });
      await outside(() => runAs({ kind: "scheduled", inside: "nothing", isCron: true }, schedule));
    },
    loseAllJobs: () => slots.hold(() => outside(() => loseJobs(convex))),
    verify: (token) => verifier.verify(token),
    reloadAuth: async () => {
      verifier = await readAuth();
    },
    lastCommit: () => engine.lastCommit,
  };
}

const flags = { query: "isQuery", mutation: "isMutation", action: "isAction" } as const;

function isPublic(
  value: unknown,
): value is { isQuery?: boolean; isMutation?: boolean; isAction?: boolean } {
  return (
    typeof value === "object" && value !== null && "isPublic" in value && value.isPublic === true
  );
}

function findModule(modules: Modules, name: string): Modules[string] | undefined {
  return modules[`./${name}.ts`] ?? modules[`./${name}.js`];
}

type Schema = SchemaDefinition<GenericSchema, boolean>;

async function schemaOf(modules: Modules): Promise<Schema | undefined> {
  const schema = (await findModule(modules, "schema")?.())?.default;
  if (schema === undefined || isSchema(schema)) return schema;
  throw new UnsupportedAppError("schema.ts: no defineSchema()");
}

function isSchema(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && "tables" in value && "export" in value;
}

async function authConfigOf(functionsDir: string, version: number): Promise<unknown> {
  const file = ["auth.config.ts", "auth.config.js"]
    .map((name) => join(functionsDir, name))
    .find(existsSync);
  return file && (await load(file, version)).default;
}
