import type { TestConvex } from "convex-test";
import type { GenericSchema, SchemaDefinition } from "convex/server";
import { createHash, randomBytes, randomUUID } from "node:crypto";
import type { Internals } from "../engine/internals.ts";
import { parseSyscallArgs } from "../engine/internals.ts";

/** How long an upload address may be used, in ms. https://docs.convex.dev/file-storage/upload-files */
const VALID_FOR_MS = 60 * 60_000;

/** A file as it is served. */
export interface StoredFile {
  readonly bytes: Uint8Array;
  /** Base64. */
  readonly sha256: string;
  readonly contentType: string | undefined;
}

type Convex = Pick<TestConvex<SchemaDefinition<GenericSchema, boolean>>, "run">;

/**
 * File storage over HTTP. convex-test stores the blobs, and gives addresses that nothing serves. An upload address may be
 * used often within its hour, as Convex's may. Left out: the type of a blob that an action stores, and components.
 */
export class FileStorage {
  readonly #convex: Convex;
  readonly #outside: <T>(run: () => T) => T;
  readonly #origin: () => string;
  /** When each upload address ends, by its token. */
  readonly #tokens = new Map<string, number>();
  /** A file's address does not contain its id. */
  readonly #idOf = new Map<string, string>();
  readonly #addressOf = new Map<string, string>();

  constructor(convex: Convex, outside: <T>(run: () => T) => T, origin: () => string) {
    this.#convex = convex;
    this.#outside = outside;
    this.#origin = origin;
  }

  /** Has functions be given addresses of this deployment. */
  watchSyscalls(internals: Internals): void {
    const original = internals.asyncSyscall.bind(internals);
    internals.asyncSyscall = async (operation, args) => {
      const answer = await original(operation, args);
      switch (operation) {
        case "1.0/storageGenerateUploadUrl":
          return JSON.stringify(this.#uploadAddress());
        case "1.0/storageGetUrl":
          return answer === "null" ? answer : JSON.stringify(this.#address(args));
        default:
          return answer;
      }
    };
  }

  #uploadAddress(): string {
    const token = randomBytes(24).toString("hex");
    this.#tokens.set(token, Date.now() + VALID_FOR_MS);
    return `${this.#origin()}/api/storage/upload?token=${token}`;
  }

  #address(args: string): string {
    const { storageId } = parseSyscallArgs(args);
    const id = typeof storageId === "string" ? storageId : "";
    const uuid = this.#addressOf.get(id) ?? randomUUID();
    this.#addressOf.set(id, uuid);
    this.#idOf.set(uuid, id);
    return `${this.#origin()}/api/storage/${uuid}`;
  }

  /** Whether an upload address is one of this deployment's and has not ended. */
  mayUpload(token: string): boolean {
    return (this.#tokens.get(token) ?? 0) > Date.now();
  }

  /** Stores an upload. Returns its storage id. */
  async store(bytes: Uint8Array<ArrayBuffer>, contentType: string | undefined): Promise<string> {
    return await this.#outside(() =>
      this.#convex.run(async ({ db, storage }) => {
        const id = await storage.store(new Blob([bytes]));
        // Functions can't write to system tables, and convex-test leaves out the type.
        if (contentType !== undefined) await db.patch(id as never, { contentType } as never);
        return id;
      }),
    );
  }

  /** The file at an address; undefined if there is none, or it was deleted. */
  async read(uuid: string): Promise<StoredFile | undefined> {
    const id = this.#idOf.get(uuid);
    if (id === undefined) return undefined;
    let found: StoredFile | undefined;
    await this.#outside(() =>
      this.#convex.run(async ({ db, storage }) => {
        const row = await db.system.get("_storage", id as never);
        const blob = row && (await storage.get(row._id));
        if (!blob) return null;
        const bytes = new Uint8Array(await blob.arrayBuffer());
        const { sha256, contentType } = row;
        found = { bytes, sha256, contentType: contentType ?? undefined };
        return null;
      }),
    );
    return found;
  }
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("base64");
}
