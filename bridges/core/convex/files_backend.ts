import { ConvexHttpClient } from "convex/browser";
import { z } from "zod";
import { api } from "../../../convex/_generated/api.js";
import type { Id } from "../../../convex/_generated/dataModel.js";
import { uploadType } from "../../../convex/model/files/wanted.ts";
import type { FileRef } from "../../platform.ts";
import { BridgeError } from "../shared/errors.ts";
import { wellFormed } from "./well_formed.ts";

/** What a file turned out to be. `sha256` in hex, `size` in bytes. */
export interface FileFacts {
  readonly sha256: string;
  readonly size: number;
  readonly type: string;
}

/** The calls that copy a file into Convex. Each may be repeated. They reject when `signal` is aborted. */
export interface FilesBackend {
  /** Where to upload the bytes; null if the file is not wanted any more. Who has the address can upload. */
  announce(file: FileRef, facts: FileFacts, signal: AbortSignal): Promise<string | null>;
  upload(
    address: string,
    bytes: Uint8Array<ArrayBuffer>,
    type: string,
    signal: AbortSignal,
  ): Promise<Id<"_storage">>;
  attach(
    file: FileRef,
    facts: FileFacts,
    storageId: Id<"_storage">,
    signal: AbortSignal,
  ): Promise<"held" | "dropped">;
  /** Nothing is to wait for the file. */
  unavailable(file: FileRef, signal: AbortSignal): Promise<void>;
}

const stored = z.object({
  storageId: z.custom<Id<"_storage">>((value) => typeof value === "string"),
});

/**
 * Calls over HTTP, each by itself: over a socket they would delay ingest or claims, which run one at a time there
 * (docs/races.md#ingest-holds-up-the-outbox). `mint` returns a new token.
 */
export function filesBackend(url: string, mint: () => Promise<string>): FilesBackend {
  const client = async (signal: AbortSignal) =>
    new ConvexHttpClient(url, {
      auth: await mint(),
      skipConvexDeploymentUrlCheck: true,
      // It would print what functions throw.
      logger: false,
      fetch: (input, init) => fetch(input, { ...init, signal }),
    });
  return {
    announce: async (file, facts, signal) =>
      (await client(signal)).mutation(
        api.bridge.announceFile,
        wellFormed({ ...idsOf(file), ...facts }),
      ),
    upload: async (address, bytes, type, signal) => {
      const headers = { "content-type": uploadType(type) };
      const answer = await fetch(address, { method: "POST", headers, body: bytes, signal });
      const read = answer.ok ? stored.safeParse(await answer.json()) : undefined;
      if (read?.success) return read.data.storageId;
      throw new BridgeError(`upload_${answer.status}`, "Convex did not store the file");
    },
    attach: async (file, facts, storageId, signal) => {
      const args = wellFormed({ ...idsOf(file), ...facts, storageId });
      return await (await client(signal)).mutation(api.bridge.attachFile, args);
    },
    unavailable: async (file, signal) => {
      await (await client(signal)).mutation(api.bridge.fileUnavailable, wellFormed(idsOf(file)));
    },
  };
}

/** What Convex knows a file by. */
export function idsOf({ mapping, externalId, attachment }: FileRef) {
  return { mappingId: mapping.mappingId, externalId, fileId: attachment.id };
}
