import type { Delivery, Piece } from "../../platform.ts";
import type { Settlement } from "../convex/backend.ts";
import { failureCode } from "../shared/errors.ts";
import { filesAlong } from "./files_along.ts";
import { followDraft } from "./follow_draft.ts";
import { findEarlierPost, findLostPost } from "./find_lost_post.ts";
import { renderPieces } from "./pieces.ts";
import { type Answer, type DeliveryContext, request } from "./request.ts";

/**
 * What a delivery does, one step after the other:
 *   post     sends a part, after a search for it if an earlier claim may have sent it
 *   edit     replaces the text of a post
 *   remove   deletes a post
 *   follow   edits the posts while what they show is still being written
 *   end      settles the delivery without a request
 *   finish   settles a delivery whose parts are posted
 */
type Step =
  | PostStep
  | { readonly kind: "edit"; readonly postId: string; readonly piece: Piece }
  | { readonly kind: "remove"; readonly postId: string }
  | { readonly kind: "follow"; readonly draftId: NonNullable<Delivery["draft"]> }
  | { readonly kind: "end"; readonly settlement: Settlement }
  | { readonly kind: "finish" };

interface PostStep {
  readonly kind: "post";
  readonly part: number;
  readonly piece: Piece;
  /** Whether it ends the delivery. */
  readonly last: boolean;
  /**
   * unknown    an earlier claim may have sent it: it is not sent unless it is certainly absent
   * late       a restored backup may have brought it back: it is sent unless it is found
   */
  readonly mayExist: "unknown" | "late" | "no";
}

/** Renders and posts one claimed delivery, and settles each step. Stops early when the lease ends or a step fails. */
export async function deliver(given: DeliveryContext): Promise<void> {
  const { delivery } = given;
  // They grow, and stay in the order of their parts.
  const posts = delivery.posts.toSorted((a, b) => a.part - b.part);
  const context = { ...given, delivery: { ...delivery, posts } };
  for (const step of stepsOf(context)) {
    if (!(await perform(step, context))) return;
  }
}

/** Renders the reply and compares it with what is posted already. */
function stepsOf(context: DeliveryContext): Step[] {
  const { delivery } = context;
  const { posts } = delivery;
  if (delivery.op === "delete") return removals(posts);
  const isCreate = delivery.op === "create";
  // By offset, not by number: another version of the renderer may have split elsewhere
  // (docs/races.md#a-long-reply-resumes).
  const pieces = render(context, isCreate ? (posts.at(-1)?.upTo ?? 0) : 0);
  if (pieces === undefined) return [RENDER_FAILED];
  return isCreate ? createSteps(delivery, pieces) : editSteps(delivery, pieces);
}

function createSteps(delivery: Delivery, pieces: readonly Piece[]): Step[] {
  const { posts } = delivery;
  if (posts.length === 0 && pieces.length === 0)
    return (delivery.files ?? []).length > 0
      ? missingPosts(delivery, [NO_TEXT], true)
      : [delivery.draft === undefined ? NOTHING_TO_POST : NOTHING_YET];
  if (pieces.length > 0 && delivery.draft === undefined)
    return missingPosts(delivery, pieces, true);
  const missing = missingPosts(delivery, pieces, false);
  return [...missing, ...following(delivery), { kind: "finish" }];
}

/** Posts are replaced one by one; missing ones are added, and surplus ones removed. A copy of which nothing is left stays deleted. */
function editSteps(delivery: Delivery, left: readonly Piece[]): Step[] {
  const { posts } = delivery;
  if (posts.length === 0) return removals([]);
  // Files stay where they are, also without a text.
  const pieces = left.length === 0 && delivery.hasFiles === true ? [NO_TEXT] : left;
  const edits = posts.flatMap(({ externalId: postId }, index): Step[] => {
    const piece = pieces[index];
    return piece === undefined ? [] : [{ kind: "edit", postId, piece }];
  });
  const added = missingPosts(delivery, pieces.slice(posts.length), false);
  // An attempt that begins again may fill them: who deletes a part of what is being written takes all of it back.
  const surplus = delivery.draft === undefined ? posts.slice(pieces.length) : [];
  return [...edits, ...added, ...removals(surplus, following(delivery))];
}

function following({ draft }: Delivery): Step[] {
  return draft === undefined ? [] : [{ kind: "follow", draftId: draft }];
}

/**
 * Pieces are sent one at a time, so only the first that is missing can have an unknown outcome. Since a backup was taken
 * all of them may have been sent.
 */
function missingPosts(
  { outcomeUnknown, lookFirst = false, posts }: Delivery,
  pieces: readonly Piece[],
  endsDelivery: boolean,
): Step[] {
  const firstPart = (posts.at(-1)?.part ?? -1) + 1;
  return pieces.map((piece, index) => ({
    kind: "post",
    part: firstPart + index,
    piece,
    last: endsDelivery && index === pieces.length - 1,
    mayExist: outcomeUnknown && index === 0 ? "unknown" : lookFirst ? "late" : "no",
  }));
}

/** Removes posts, and reports that with the end of the delivery: the platform's own events may come late. */
function removals(posts: Delivery["posts"], before: readonly Step[] = []): Step[] {
  const removed = posts.map(({ externalId }) => externalId);
  const settlement = { kind: "done", ...(removed.length > 0 && { removed }) } as const;
  return [
    ...removed.map((postId): Step => ({ kind: "remove", postId })),
    ...before,
    { kind: "end", settlement },
  ];
}

/** Returns whether the delivery may continue. */
async function perform(step: Step, context: DeliveryContext): Promise<boolean> {
  const { delivery, platform } = context;
  switch (step.kind) {
    case "post":
      return await post(step, context);
    case "edit":
      return await edit(step.postId, step.piece, context);
    case "remove":
      return await act(context, (signal) => platform.remove(delivery, step.postId, signal));
    case "follow": {
      const settlement = await followDraft(context, step.draftId);
      return settlement === undefined || (await stop(settlement, context));
    }
    case "finish": {
      const last = delivery.posts.at(-1);
      if (last === undefined) return false;
      const { format } = platform;
      return await context.settle({ kind: "posted", post: last, last: true, format });
    }
    case "end":
      return await stop(step.settlement, context);
  }
}

/** Replaces the text of a post, unless it shows that already: a long answer that grows is edited often. */
async function edit(postId: string, piece: Piece, context: DeliveryContext): Promise<boolean> {
  const { delivery, live, platform } = context;
  if (live.shown.get(postId) === piece.text) return true;
  live.shown.delete(postId);
  const isDone = await act(context, (signal) => platform.edit(delivery, postId, piece, signal));
  if (isDone) show(postId, piece, context);
  return isDone;
}

/** Remembers what a post of a growing answer shows. */
function show(postId: string, { text }: Piece, { delivery, live }: DeliveryContext): void {
  if (delivery.draft !== undefined) live.shown.set(postId, text);
}

async function post(step: PostStep, context: DeliveryContext): Promise<boolean> {
  const answer = await postedId(step, context);
  if (!answer.ok) return await stop(answer.settlement, context);
  const { part, piece, last } = step;
  const { posts } = context.delivery;
  const made = { part, externalId: answer.value, upTo: piece.upTo };
  const { format } = context.platform;
  // The parts that follow may need to know where it is.
  posts.push(made);
  show(made.externalId, piece, context);
  return await context.settle({ kind: "posted", post: made, last, format });
}

/** The id of the post that shows a piece: one that an earlier claim made, or a new one. */
async function postedId(
  { part, piece, mayExist }: PostStep,
  context: DeliveryContext,
): Promise<Answer<string>> {
  const { delivery, platform } = context;
  if (mayExist !== "no") {
    const find = mayExist === "unknown" ? findLostPost : findEarlierPost;
    const found = await find(part, piece, context);
    if (!found.ok) return found;
    if (found.value !== undefined) return { ok: true, value: found.value };
  }
  if (part > 0 || delivery.files === undefined)
    return await request(context, (signal) => platform.post(delivery, part, piece, signal));
  const withFiles = { ...piece, files: await filesAlong(context) };
  const post = (signal: AbortSignal) => platform.post(delivery, part, withFiles, signal);
  return await request(context, post, context.filesMs);
}

async function act(
  context: DeliveryContext,
  run: (signal: AbortSignal) => Promise<void>,
): Promise<boolean> {
  const answer = await request(context, run);
  return answer.ok || (await stop(answer.settlement, context));
}

/** Settles what ends the delivery for now, and logs why if it failed. */
async function stop(settlement: Settlement, context: DeliveryContext): Promise<false> {
  const { deliveryId, mappingId, op } = context.delivery;
  if (settlement.kind === "failed" || settlement.kind === "retry") {
    const { code, reason, certain } = settlement;
    const about = { mappingId, deliveryId, op, code, reason, certain };
    const what = context.delivery.relayed ? "a relayed message" : "a reply";
    if (settlement.kind === "failed") context.log.error(about, `${what} could not be posted`);
    else
      context.log.warn(
        { ...about, againInMs: settlement.afterMs },
        `posting ${what} failed, retrying later`,
      );
  }
  await context.settle(settlement);
  return false;
}

function render(context: DeliveryContext, from: number): Piece[] | undefined {
  const { delivery, log } = context;
  try {
    return renderPieces(context, delivery.content, from);
  } catch (error) {
    const { mappingId, deliveryId } = delivery;
    log.error({ mappingId, deliveryId, code: failureCode(error) }, "rendering a reply failed");
    return undefined;
  }
}

/** Of a message that is nothing but files. */
const NO_TEXT: Piece = { text: "", upTo: 0, isFirst: true };

const RENDER_FAILED = failed("RENDER_FAILED", "the text could not be rendered for the platform");
const NOTHING_TO_POST = failed("EMPTY", "there is no text to post");

/** Of an answer that begins with the mark of a quote, say. The next claim gets more of it. */
const NOTHING_YET: Step = {
  kind: "end",
  settlement: {
    kind: "retry",
    code: "EMPTY",
    reason: "nothing shows of what is written so far",
    afterMs: 2_000,
    certain: true,
    limited: true,
  },
};

function failed(code: string, reason: string): Step {
  return {
    kind: "end",
    settlement: { kind: "failed", code, reason, certain: true, health: false },
  };
}
