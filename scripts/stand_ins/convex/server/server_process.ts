import { CallCounter } from "../engine/call_stats.ts";
import { scheduleCrons } from "../functions/crons.ts";
import { type Deployment, openDeployment } from "../functions/deployment.ts";
import { Faults } from "../functions/faults.ts";
import { type AnswerMessage, type Command, vCommandMessage } from "./ipc.ts";
import { LiveQueries } from "../sync/live_queries.ts";
import { Replays } from "../sync/replays.ts";
import { SITE_PATH } from "./site_api.ts";
import { type ConvexServer, serve } from "./server.ts";

/*
 * The process of one local deployment: its environment variables are the deployment's. local_convex.ts starts it, and it
 * ends with its parent.
 */

const counter = new CallCounter();
const faults = new Faults();
let running: { readonly server: ConvexServer; readonly deployment: Deployment } | undefined;

function log(line: string): void {
  process.stderr.write(`local convex: ${line.split("\n", 1)[0] ?? ""}\n`);
}

async function start(options: Extract<Command, { name: "start" }>): Promise<{ port: number }> {
  const { functionsDir, replace, authProviders, redact, limits, port } = options;
  const deployment = await openDeployment({
    functionsDir,
    replace,
    authProviders,
    redact,
    counter,
    limits,
    origin: () => process.env.CONVEX_CLOUD_URL ?? "",
    losesJob: (path) => faults.losesJob(path),
    transactionDelayMs: () => faults.transactionDelayMs,
    slowness: () => faults.slowness,
    onCommit: (end) => queries.committed(end),
  });
  const queries = new LiveQueries(deployment, counter);
  const backend = { deployment, queries, replays: new Replays(), faults };
  const server = await serve(backend, port, log);
  process.env.CONVEX_CLOUD_URL = `http://127.0.0.1:${server.port}`;
  process.env.CONVEX_SITE_URL = `${process.env.CONVEX_CLOUD_URL}${SITE_PATH}`;
  await scheduleCrons(functionsDir, deployment, log);
  running = { server, deployment };
  return { port: server.port };
}

async function execute(command: Command): Promise<unknown> {
  if (command.name === "start") return start(command);
  if (!running) throw new Error("not started");
  const { server, deployment } = running;
  switch (command.name) {
    case "setEnv":
      if (command.value === null) Reflect.deleteProperty(process.env, command.variable);
      else process.env[command.variable] = command.value;
      await deployment.reloadAuth();
      break;
    case "allowOrigin":
      server.allowOrigin(command.origin);
      break;
    case "stats":
      return counter.stats(server.sockets());
    case "resetStats":
      counter.reset();
      break;
    case "away":
      faults.isAway = command.isAway;
      if (command.isAway) server.cutAll();
      break;
    case "cutSockets":
      server.cutSockets();
      break;
    case "delay":
      faults.delayMs = command.ms;
      break;
    case "delayTransactions":
      faults.transactionDelayMs = command.ms;
      break;
    case "slowFunctions":
      faults.slowness = command.factor;
      break;
    case "planMutations":
      faults.planMutations(command.fault, command.path ?? undefined, command.times);
      break;
    case "loseAllJobs":
      await deployment.loseAllJobs();
      break;
    case "runJob":
      await deployment.runScheduled(command.path, {});
      break;
    case "loseJobs":
      faults.planLostJobs(command.path, command.times);
      break;
  }
  return null;
}

process.on("message", (message) => {
  const { id, command } = vCommandMessage.parse(message);
  const answer = (text: AnswerMessage) => process.send?.(text);
  execute(command).then(
    (value) => answer({ id, ok: true, value }),
    (error: unknown) => answer({ id, ok: false, error: String(error) }),
  );
});

process.on("disconnect", () => process.exit(0));
// convex-test runs scheduled functions in timers: their errors must not end the deployment.
process.on("unhandledRejection", (reason) => log(`unhandled: ${String(reason)}`));
process.on("uncaughtException", (error) => log(`uncaught: ${String(error)}`));
// Ctrl-C in a terminal reaches both processes; the parent decides when this one ends.
process.on("SIGINT", () => undefined);
