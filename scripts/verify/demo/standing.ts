import type { AcceptedPost, ChatStandIn } from "../../stand_ins/chat.ts";

/** A post of the bot as it is now. `text` is its last one. */
export interface StandingPost extends AcceptedPost {
  /** Nobody sees it any more. */
  readonly removed?: true;
}

/** What became of posts in a channel: an answer that people watch being written is edited, and may lose posts. */
export function standing(
  chat: Pick<ChatStandIn, "transcript">,
  channel: string,
  posts: readonly AcceptedPost[],
): StandingPost[] {
  const threads = new Set(posts.map(({ thread }) => thread));
  const seen = [...threads].flatMap((thread) => chat.transcript(channel, thread));
  const texts = new Map(seen.map(({ id, text }) => [id, text]));
  return posts.map((post) => {
    const text = texts.get(post.id);
    return text === undefined ? { ...post, removed: true } : { ...post, text };
  });
}
