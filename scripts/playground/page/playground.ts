import { api } from "../../../convex/_generated/api.js";
import type { Env } from "../../../bridges/config/env_files.ts";
import { startStack, type Stack } from "../../stand_ins/stack.ts";
import { buildPage } from "./build.ts";
import { PlayStage } from "./play_stage.ts";
import type { PlatformName, Stage } from "./protocol.ts";
import { type PageServer, servePage } from "./server.ts";

const DEFAULT_MODEL = "gpt-4o";

/** A channel and a person in it to begin with. */
interface Start {
  readonly channel: string;
  readonly person: string;
}

/** The running playground: stack, bridge and page. */
export interface Playground {
  readonly stack: Stack;
  readonly stage: PlayStage;
  readonly page: PageServer;
  readonly channels: Readonly<Record<PlatformName, Start>>;
  stop(): Promise<void>;
}

export interface PlaygroundOptions {
  /** What the env files hold: only the AI's settings are used. Default: nothing. */
  readonly settings?: Env;
  /** Default: any free port. */
  readonly port?: number;
  /** How long the AI stand-in takes, in ms. Default: long enough to see that a reply is being written. */
  readonly thinkMs?: number;
  /** Told of each step as it begins. */
  readonly progress?: (step: string) => void;
}

/** Starts everything and resolves once the bridge is connected and the page can be opened. */
export async function openPlayground(options: PlaygroundOptions = {}): Promise<Playground> {
  const { settings = {}, port = 0, thinkMs = 900, progress = () => {} } = options;
  const { ai, env } = chooseAi(settings);
  progress("starting Convex, Discord, Slack and the AI, and building the page");
  // Attended to at once, so that a failure of one leaves nothing of the other behind.
  const [files, stack] = await Promise.allSettled([
    buildPage(),
    startStack({ convexEnv: env, openai: { thinkMs } }),
  ]);
  if (stack.status === "rejected") throw stack.reason;
  let stage: PlayStage | undefined;
  try {
    if (files.status === "rejected") throw files.reason;
    stage = await PlayStage.open(stack.value, ai);
    const channels = await openChannels(stack.value, stage);
    progress("connecting the bridge to Discord and Slack");
    await stage.bridge.start();
    const { adminKey, convex } = stack.value;
    const page = await servePage({
      stage,
      adminKey,
      convexUrl: convex.url,
      port,
      files: files.value,
    });
    const opened = stage;
    return {
      stack: stack.value,
      stage: opened,
      page,
      channels,
      async stop() {
        opened.close();
        await page.close();
        await stack.value.stop();
      },
    };
  } catch (error) {
    stage?.close();
    await stack.value.stop();
    throw error;
  }
}

/**
 * Which AI answers. With a key of one's own it is the real one; of the other settings only those it needs are taken.
 * `env` is the deployment's, over what it has for the stand-in.
 */
export function chooseAi(settings: Env): {
  readonly ai: Stage["ai"];
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
  { rooms }: PlayStage,
): Promise<Record<PlatformName, Start>> {
  const admin = await stack.adminClient();
  const open = async (platform: PlatformName): Promise<Start> => {
    const room = rooms[platform];
    const channel = room.addChannel("general");
    await admin.mutation(api.admin.map, {
      platform,
      externalId: channel,
      externalName: "general",
      to: `${platform} general`,
    });
    room.addChannel("random");
    const person = room.addPerson("You");
    for (const name of ["Ada", "Grace"]) room.addPerson(name);
    return { channel, person };
  };
  return { discord: await open("discord"), slack: await open("slack") };
}
