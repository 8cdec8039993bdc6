/** The bytes of a stream, counted while they arrive. Undefined if they are more than `limit`: the rest is not read. */
export async function readAtMost(
  chunks: AsyncIterable<Uint8Array>,
  limit: number,
): Promise<Buffer<ArrayBuffer> | undefined> {
  const kept: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop ends the stream.
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > limit) return undefined;
    kept.push(chunk);
  }
  return Buffer.concat(kept);
}
