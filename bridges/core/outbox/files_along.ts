import type { FileAlong } from "../../platform.ts";
import { readAtMost } from "../files/bytes.ts";
import { BridgeError, failureCode } from "../shared/errors.ts";
import type { DeliveryContext } from "./request.ts";

/** The longest that the files of a post are waited for, in ms. */
const FETCH_MS = 10_000;
/** The most bytes of one post that are in memory. */
const MOST_BYTES = 25_000_000;

/** The files that go along with a post, as Convex has them. One that cannot be had is left out: its post has a line instead. */
export async function filesAlong(context: DeliveryContext): Promise<FileAlong[]> {
  const { delivery, log, stopping } = context;
  // What is posted while the process stops is released instead.
  const signal = AbortSignal.any([AbortSignal.timeout(FETCH_MS), stopping]);
  let room = MOST_BYTES;
  const fitting = (delivery.files ?? []).filter(({ size }) => {
    if (size > room) return false;
    room -= size;
    return true;
  });
  const fetched = fitting.map(async (file): Promise<FileAlong[]> => {
    try {
      return [{ file, bytes: await bytesOf(file, signal) }];
    } catch (error) {
      const { mappingId, deliveryId } = delivery;
      log.warn({ mappingId, deliveryId, code: failureCode(error) }, "a file does not go along");
      return [];
    }
  });
  return (await Promise.all(fetched)).flat();
}

async function bytesOf({ url, size }: FileAlong["file"], signal: AbortSignal) {
  const answer = await fetch(url, { signal });
  const isThere = answer.ok && answer.body;
  const bytes = isThere ? await readAtMost(answer.body, size) : undefined;
  if (!isThere) await answer.body?.cancel();
  if (bytes?.length !== size)
    throw new BridgeError("file_gone", "Convex does not have the file's bytes");
  return bytes;
}
