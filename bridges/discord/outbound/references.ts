import type { Delivery } from "../../platform.ts";

/**
 * The thread that opens at the message with its id: at the question that is answered, or at what a relayed thread was
 * started from. (A question asked in a thread has an id of its own, and the first message of a forum post is in a thread
 * that is recorded.)
 */
export function threadToOpen({ threadId, replyTo, opensThread }: Delivery): string | undefined {
  return threadId === replyTo || opensThread ? threadId : undefined;
}

/** The message that a post of the bot answers: only a first part does, and not where that opens a thread. */
export function referenceOf(delivery: Delivery, part: number): string | undefined {
  const { replyTo } = delivery;
  return part === 0 && threadToOpen(delivery) !== replyTo ? replyTo : undefined;
}
