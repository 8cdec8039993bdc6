import { join } from "node:path";
import { isEdited } from "../../tooling/as_it_came.ts";
import { ROOT } from "../../tooling/repository.ts";
import { startStack, PLATFORMS, type Stack } from "../../stand_ins/stack.ts";
import { missingForms } from "./forms.ts";
import { RELAYED_REPLAY, relayedReplayIntro, replayRelayed } from "./relay/replay_relayed.ts";
import { replay, readChatLog, replayIntro } from "./replay.ts";
import { type TextStyle, PLAIN } from "./terminal_markdown.ts";
import { describeConvex, describePlatform } from "./report.ts";
import { playConversation } from "./scripted_conversation.ts";
import { Stage } from "./stage.ts";
import type { WatchedAnswers } from "./watched_answers.ts";

export interface DemoOptions {
  /** A chat log to replay instead of the scripted conversation. */
  readonly replay?: string;
  /** Whether the chat log is said in turn on both platforms, in channels that hear each other. Default false. */
  readonly relay?: boolean;
  /** How many lines of the chat log to replay. */
  readonly limit: number;
  /** How long to wait without progress before missing messages count as lost, in ms. */
  readonly idleTimeoutMs: number;
  readonly print: (text: string) => void;
  /** How formatting is shown. Default: plain text. */
  readonly style?: TextStyle;
  /** For tests: interferes with the stack once it runs. */
  readonly tamper?: (stack: Stack) => void;
}

const OWN_ANSWERS =
  "convex/answer.ts is your own, and the demo expects the answers of the one it came with: " +
  "what is missing above may be how yours answers. Your own you can try out in the playground: npm start";

/** Plays the demo on a stack of its own. Returns whether the verdict is free of differences. */
export async function runDemo(options: DemoOptions): Promise<boolean> {
  const { print, style = PLAIN } = options;
  const lines =
    options.replay === undefined ? [] : await readChatLog(options.replay, options.limit);
  print("Starting Convex, Discord, Slack and an AI on this machine, and the bridge between them …");
  const stack = await startStack(options.relay ? RELAYED_REPLAY : {});
  try {
    await stack.startBridge();
    options.tamper?.(stack);
    const stage = new Stage(stack);
    let watched: WatchedAnswers | undefined;
    if (options.replay === undefined) {
      watched = await playConversation(stage, (step) => print(`- ${step}`));
    } else {
      print(`- ${options.relay ? relayedReplayIntro(lines.length) : replayIntro(lines.length)}`);
      await (options.relay ? replayRelayed : replay)(stage, lines);
    }
    // Reading a long conversation again and again would slow down the bridge.
    const checkEveryMs = options.relay ? 2_000 : undefined;
    const verdict = await stage.settle(options.idleTimeoutMs, undefined, checkEveryMs);

    const transcripts = PLATFORMS.map((platform) => stage.transcriptsOf(platform));
    for (const own of transcripts) print(`\n${describePlatform(own, stage.names, style)}`);
    print(`\n${describeConvex(await stage.rows(), transcripts.flat(), style)}\n`);

    const refused = [...stack.discord.refused, ...stack.slack.refused];
    const differences = [
      ...verdict.differences,
      ...(options.replay === undefined
        ? PLATFORMS.flatMap((platform) => missingForms(platform, stack.chat(platform).posts))
        : []),
      ...(watched?.differences() ?? []),
      ...refused.map((request) => `refused: a stand-in does not implement ${request}`),
    ];
    for (const difference of differences) print(difference);
    const { streamed, edits } = watched?.counts() ?? { streamed: 0, edits: 0 };
    const counts = [
      `mirrored=${verdict.mirrored.toString()}`,
      `relayed=${verdict.relayed.toString()}`,
      `replies=${verdict.replies.toString()}`,
      `lost=${verdict.lost.toString()}`,
      `duplicated=${verdict.duplicated.toString()}`,
      `inverted=${verdict.inverted.toString()}`,
      ...(watched ? [`streamed=${streamed.toString()}`, `edits=${edits.toString()}`] : []),
    ].join(" ");
    const ok = differences.length === 0;
    if (!ok && (await isEdited(join(ROOT, "convex", "answer.ts")))) print(OWN_ANSWERS);
    print(`demo ${ok ? "ok" : "failed"}: ${counts}`);
    return ok;
  } finally {
    await stack.stop();
  }
}
