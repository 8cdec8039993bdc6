import type { Piece } from "../../platform.ts";
import type { Draft, Settlement } from "../convex/backend.ts";
import type { EditPace } from "./edit_pace.ts";
import { renderPieces } from "./pieces.ts";
import { type DeliveryContext, request } from "./request.ts";

/** Between two looks at the lease, in ms. */
const LOOK_MS = 1_000;

/** What is needed to show an answer that grows. */
export interface Live {
  readonly pace: EditPace;
  /** What posts show, by their ids, as far as this process knows for certain. */
  readonly shown: Map<string, string>;
  /** Calls back with the draft, now and after each change. Returns a function that unsubscribes. */
  readonly watch: (draftId: DraftId, onDraft: (draft: Draft) => void) => () => void;
  /** It only waits for the answer to grow, and takes no other lane's place meanwhile. */
  readonly onFollowing: (isFollowing: boolean) => void;
}
type DraftId = NonNullable<DeliveryContext["delivery"]["draft"]>;

/**
 * Edits the posts of a delivery as the answer that they show grows (docs/races.md#streaming): the newest text wins, one
 * edit at a time, no more often than the platform takes them. Returns when the draft has ended or needs another post, when its lane is wanted, when an edit fails, and when the lease nearly ends or the process stops: an edit behind
 * it goes on. Returns a settlement if the outcome of an edit is unknown: it might undo a later one.
 */
export async function followDraft(
  context: DeliveryContext,
  draftId: DraftId,
): Promise<Settlement | undefined> {
  const { live } = context;
  const feed = new Feed();
  const unwatch = live.watch(draftId, (draft) => feed.push(draft));
  live.onFollowing(true);
  try {
    return await follow(context, feed);
  } finally {
    live.onFollowing(false);
    unwatch();
  }
}

async function follow(context: DeliveryContext, feed: Feed): Promise<Settlement | undefined> {
  const { delivery, live, mayStart, platform, postMs } = context;
  const { pace, shown } = live;
  let freeAt = performance.now() + pace.laneMs;
  for (;;) {
    const { newest } = feed;
    if (!mayStart(postMs) || newest === null || newest?.waiting) return undefined;
    const pieces = newest && piecesOf(context, newest.text);
    if (pieces && pieces.length > delivery.posts.length) return undefined;
    const edit = pieces && firstChange(context, pieces);
    const waitMs = edit ? Math.max(freeAt - performance.now(), pace.waitMs()) : LOOK_MS;
    if (!edit || waitMs > 0) {
      await Promise.race([feed.changed(), context.pause(Math.min(waitMs, LOOK_MS))]);
      continue;
    }
    const { postId, piece } = edit;
    pace.take();
    shown.delete(postId);
    const answer = await request(context, (signal) =>
      platform.edit(delivery, postId, piece, signal),
    );
    freeAt = performance.now() + pace.laneMs;
    if (answer.ok) shown.set(postId, piece.text);
    else if (answer.settlement.kind !== "retry") return undefined;
    else if (!answer.settlement.certain) return answer.settlement;
    else if (!answer.settlement.limited) return undefined;
    else {
      freeAt = performance.now() + answer.settlement.afterMs;
      pace.hold(answer.settlement.afterMs);
    }
  }
}

/** The pieces of a text; undefined if it can't be rendered, or none shows. */
function piecesOf(context: DeliveryContext, text: string): Piece[] | undefined {
  try {
    const pieces = renderPieces(context, text);
    return pieces.length > 0 ? pieces : undefined;
  } catch {
    // The edit at the end reports that.
    return undefined;
  }
}

function firstChange({ delivery, live }: DeliveryContext, pieces: readonly Piece[]) {
  for (const [index, piece] of pieces.entries()) {
    const postId = delivery.posts[index]?.externalId;
    if (postId !== undefined && live.shown.get(postId) !== piece.text) return { postId, piece };
  }
  return undefined;
}

/** The newest state of a draft; undefined before the first. */
class Feed {
  newest: Draft | undefined;
  #wake = (): void => undefined;

  push(draft: Draft): void {
    // A subscription that was renewed may repeat an older one.
    if (draft && this.newest && draft.revision < this.newest.revision) return;
    this.newest = draft;
    this.#wake();
  }

  /** Resolves with the next state. */
  changed(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
