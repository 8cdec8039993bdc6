import { api } from "../../../convex/_generated/api.js";
import type { Id } from "../../../convex/_generated/dataModel.js";
import { uploadType } from "../../../convex/model/files/wanted.ts";
import type { Platform } from "../../../convex/model/shared/validators.ts";
import { type Backend, rows } from "./backend.ts";

/** An image as a platform's event announces it. */
export function image(id: string, more: { type?: string; size?: number; name?: string } = {}) {
  const name = `${id}.png`;
  return { id, name, type: "image/png", size: 4, url: `https://files.example/${id}`, ...more };
}

/** A file that a bridge has downloaded. */
interface Downloaded {
  readonly mappingId: Id<"mappings">;
  readonly externalId: string;
  readonly fileId: string;
  readonly bytes?: string;
  readonly type?: string;
}

/** The calls by which a bridge has a file held. */
export class Files {
  constructor(
    private readonly backend: Backend,
    private readonly platform: Platform = "discord",
  ) {}

  async announce(file: Downloaded): Promise<string | null> {
    return await this.backend[this.platform].mutation(api.bridge.announceFile, await facts(file));
  }

  /** What a POST to the address does. */
  async upload({ bytes, fileId, type }: Downloaded): Promise<Id<"_storage">> {
    return await store(this.backend, bytes ?? fileId, uploadType(type ?? "image/png"));
  }

  async attach(file: Downloaded, storageId: Id<"_storage">): Promise<"held" | "dropped"> {
    const args = { ...(await facts(file)), storageId };
    return await this.backend[this.platform].mutation(api.bridge.attachFile, args);
  }

  async giveUp({ mappingId, externalId, fileId }: Downloaded): Promise<void> {
    const ref = { mappingId, externalId, fileId };
    await this.backend[this.platform].mutation(api.bridge.fileUnavailable, ref);
  }

  /** All three calls. */
  async hold(file: Downloaded): Promise<Id<"_storage">> {
    if ((await this.announce(file)) === null) throw new Error("the file is not wanted");
    const storageId = await this.upload(file);
    if ((await this.attach(file, storageId)) !== "held") throw new Error("the file was dropped");
    return storageId;
  }
}

async function facts(file: Downloaded) {
  const { mappingId, externalId, fileId, bytes = fileId, type = "image/png" } = file;
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(bytes));
  const sha256 = Buffer.from(digest).toString("hex");
  return { mappingId, externalId, fileId, sha256, size: bytes.length, type };
}

/** A blob as an app stores it, or with `contentType` as it was uploaded. */
export async function store({ t }: Backend, bytes: string, contentType?: string) {
  return await t.run(async (ctx) => {
    const storageId = await ctx.storage.store(new Blob([bytes]));
    // convex-test leaves out the type.
    if (contentType !== undefined) await ctx.db.patch(storageId as never, { contentType } as never);
    return storageId;
  });
}

/** The blobs that are there. */
export async function blobs({ t }: Backend): Promise<Id<"_storage">[]> {
  const stored = await t.run(async (ctx) => await ctx.db.system.query("_storage").collect());
  return stored.map(({ _id }) => _id);
}

/** What is known of files, in the order of their rows. */
export async function fileRows(backend: Backend): Promise<string[]> {
  const files = await rows(backend, "files");
  return files.map((file) => `${file.fileId} ${"storageId" in file ? "held" : "unavailable"}`);
}
