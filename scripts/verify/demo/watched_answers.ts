import type { PlatformName } from "../../../bridges/platform.ts";
import type { Stack } from "../../stand_ins/stack.ts";
import { PLATFORMS } from "../../stand_ins/stack.ts";
import { words } from "./plain_text.ts";

/** What people have seen of one post, oldest first. */
type Versions = readonly string[];

/** The part of a stack that is watched. */
interface Watchable {
  chat(platform: PlatformName): Pick<ReturnType<Stack["chat"]>, "onChange">;
}

/** Records how the answers of one channel on each platform have grown. */
export class WatchedAnswers {
  readonly #versions: Record<PlatformName, Map<string, Versions>> = {
    discord: new Map(),
    slack: new Map(),
  };

  constructor(stack: Watchable, channels: Readonly<Record<PlatformName, string>>) {
    for (const platform of PLATFORMS) {
      const posts = this.#versions[platform];
      stack.chat(platform).onChange(({ kind, channel, message }) => {
        const isText = kind === "new" || kind === "edited";
        if (channel !== channels[platform] || !message.fromBot || !isText) return;
        posts.set(message.id, [...(posts.get(message.id) ?? []), message.text]);
      });
    }
  }

  /** The posts that have grown, and the edits by which they did. */
  counts(): { readonly streamed: number; readonly edits: number } {
    const grown = PLATFORMS.flatMap((platform) => [...this.#versions[platform].values()]).filter(
      (versions) => versions.length > 1,
    );
    return {
      streamed: grown.length,
      edits: grown.reduce((edits, versions) => edits + versions.length - 1, 0),
    };
  }

  /** Expects one post on each platform, each of whose texts goes on where the one before ended. */
  differences(): string[] {
    return PLATFORMS.flatMap((platform) => {
      const posts = [...this.#versions[platform].values()];
      const [versions = []] = posts;
      if (posts.length !== 1 || versions.length < 2)
        return [
          `not streamed: ${posts.length.toString()} posts on ${platform}, ${Math.max(versions.length - 1, 0).toString()} edits of the first`,
        ];
      const isGrowing = versions.every((text, at) =>
        words(platform, text).startsWith(words(platform, versions[at - 1] ?? "")),
      );
      return isGrowing ? [] : [`not streamed: the answer on ${platform} has not only grown`];
    });
  }
}
