import { join } from "node:path";
import { api } from "../../../convex/_generated/api.js";
import type { Env } from "../../../bridges/config/env_files.ts";
import type { ChatStandIn } from "../../stand_ins/chat.ts";
import { startStack, type Stack } from "../../stand_ins/stack.ts";
import { ROOT } from "../../tooling/repository.ts";
import { chooseAccess } from "../access/choose_access.ts";
import type { Streaming } from "../../stand_ins/openai/streaming.ts";
import { APP_PERSON, APP_PORT } from "./server/app_access.ts";
import { originsAt } from "./server/request_guard.ts";
import { buildPage } from "./server/build.ts";
import { PlaygroundController } from "./server/controller.ts";
import type { PlatformName, PlaygroundState } from "./protocol.ts";
import { type PageServer, servePage } from "./server/page_server.ts";

const DEFAULT_MODEL = "gpt-4o";

/** A platform's first channel and a person in it. */
interface FirstChannel {
  readonly channel: string;
  readonly person: string;
}

/** The running playground: stack, bridge and page. */
export interface Playground {
  readonly stack: Stack;
  readonly controller: PlaygroundController;
  readonly page: PageServer;
  readonly channels: Readonly<Record<PlatformName, FirstChannel>>;
  stop(): Promise<void>;
}

/** How to start the playground. */
export interface PlaygroundOptions {
  /** The settings of the .env files; only those of the AI are used. Default: none. */
  readonly settings?: Env;
  /** Default: any free port. */
  readonly port?: number;
  /** How long the AI stand-in takes to reply, in ms. Default: long enough to see a reply being written. */
  readonly thinkMs?: number;
  /** Default: this project's convex/. */
  readonly functionsDir?: string;
  /** Where a developer's own app is served. Default: as docs/apps.md says. */
  readonly appPort?: number;
  /** Called at the start of each step. */
  readonly progress?: (step: string) => void;
}

/** How many of the bot's posts are its own words, not copies of people's. */
export function countAnswers({ posts }: ChatStandIn): number {
  return posts.filter(({ persona }) => !persona).length;
}

/** An answer of so many characters is long enough to watch it being written, for so many ms. */
const LONG = { characters: 600, ms: 4_500 };
/** Characters that the stand-in sends at once. */
const PIECE = 4;

/** Starts everything. Resolves once the bridge is connected and the page is served. */
export async function openPlayground(options: PlaygroundOptions = {}): Promise<Playground> {
  const { settings = {}, port = 0, thinkMs = 900, progress = () => {} } = options;
  const { appPort = APP_PORT, functionsDir = join(ROOT, "convex") } = options;
  const { ai, env } = chooseAi(settings);
  const replace = await chooseAccess(functionsDir);
  progress("starting Convex, Discord, Slack and the AI, and building the page");
  // Waits for both, so that the stack is stopped if the build fails.
  const [files, stack] = await Promise.allSettled([
    buildPage(),
    startStack({
      convexEnv: env,
      openai: { thinkMs, streaming },
      ...{ functionsDir, replace },
    }),
  ]);
  if (stack.status === "rejected") throw stack.reason;
  let controller: PlaygroundController | undefined;
  try {
    if (files.status === "rejected") throw files.reason;
    const app = { person: APP_PERSON, isOpened: Object.keys(replace).length > 0 };
    controller = await PlaygroundController.open(stack.value, { ai, app });
    const channels = await openChannels(stack.value, controller);
    progress("connecting the bridge to Discord and Slack");
    await controller.bridge.start();
    const { adminKey, convex } = stack.value;
    const page = await servePage({
      controller,
      adminKey,
      convexUrl: convex.url,
      siteUrl: convex.siteUrl,
      app: { port: appPort, token: () => stack.value.appToken(APP_PERSON) },
      port,
      files: files.value,
    });
    const { port: pagePort } = new URL(page.url);
    for (const origin of [Number(pagePort), appPort].flatMap(originsAt))
      await convex.allowOrigin(origin);
    const opened = controller;
    return {
      stack: stack.value,
      controller: opened,
      page,
      channels,
      async stop() {
        opened.close();
        await page.close();
        await stack.value.stop();
      },
    };
  } catch (error) {
    controller?.close();
    await stack.value.stop();
    throw error;
  }
}

/**
 * Which AI replies: OpenAI if its key is set, otherwise the stand-in. `env` contains the deployment's variables that
 * override those for the stand-in.
 */
export function chooseAi(settings: Env): {
  readonly ai: PlaygroundState["ai"];
  readonly env: Record<string, string>;
} {
  const { OPENAI_API_KEY = "", OPENAI_BASE_URL = "", OPENAI_MODEL = "" } = settings;
  if (OPENAI_API_KEY === "") return { ai: { real: false, model: "stand-in" }, env: {} };
  return {
    ai: { real: true, model: OPENAI_MODEL === "" ? DEFAULT_MODEL : OPENAI_MODEL },
    env: { OPENAI_API_KEY, OPENAI_BASE_URL, OPENAI_MODEL },
  };
}

async function openChannels(
  stack: Stack,
  { rooms }: PlaygroundController,
): Promise<Record<PlatformName, FirstChannel>> {
  const admin = await stack.adminClient();
  const open = async (platform: PlatformName): Promise<FirstChannel> => {
    const room = rooms[platform];
    const channel = room.addChannel("general");
    await admin.mutation(api.admin.map, {
      platform,
      externalId: channel,
      externalName: "general",
      to: "general",
      relay: true,
      stream: true,
    });
    room.addChannel("random");
    const person = room.addPerson("You");
    for (const name of ["Ada", "Grace"]) room.addPerson(name);
    return { channel, person };
  };
  return { discord: await open("discord"), slack: await open("slack") };
}

/** Long answers are written before people's eyes, short ones at once. */
function streaming({ length }: string): Streaming {
  return { everyMs: length < LONG.characters ? 0 : (LONG.ms * PIECE) / length };
}
