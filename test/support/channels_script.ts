import { ConvexHttpClient } from "convex/browser";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { mintToken } from "../../bridges/core/convex/token.ts";
import type { Role } from "../../convex/model/access/issuers.ts";
import { api } from "../../convex/_generated/api.js";
import { startLocalConvex } from "../../scripts/stand_ins/convex/local_convex.ts";
import { ROOT } from "../../scripts/tooling/repository.ts";
import { keySetVariables, makeAllKeys, type RoleKeys } from "../../scripts/tooling/signing_keys.ts";
import { signingKeyIn } from "./signing_key.ts";

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The admin script with a deployment of its own, from before the first test of a file until after its last. */
export class ChannelsScript {
  /** The script's settings. */
  settings: Record<string, string> = {};
  /** The script's working and temporary directory. */
  folder = "";
  #keys: Record<Role, RoleKeys> | undefined;
  #lastId = 112233445566778000n;

  /** Registers the hooks that start and stop the deployment. */
  use(): this {
    let stop = async () => {};
    beforeAll(async () => {
      const keys = await makeAllKeys();
      this.#keys = keys;
      const convex = await startLocalConvex({
        env: keySetVariables(keys),
      });
      stop = () => convex.stop();
      this.folder = await mkdtemp(join(tmpdir(), "bridge-channels-"));
      this.settings = { CONVEX_URL: convex.url, ADMIN_KEY: keys.admin.privateKeyEnv };
    });
    afterAll(async () => {
      await stop();
      await rm(this.folder, { recursive: true, force: true });
    });
    return this;
  }

  /** A Discord channel that no other test uses. */
  newId(): string {
    this.#lastId += 1n;
    return String(this.#lastId);
  }

  /** Runs the script as `npm run channels -- <args>` does, without a terminal. */
  run(args: readonly string[], env: Record<string, string> = this.settings): Promise<Ended> {
    return this.#start("scripts/cli/channels/channels.ts", args, env);
  }

  /** Runs `npm run doctor` beside it, without settings. */
  doctor(): Promise<Ended> {
    return this.#start("scripts/cli/doctor/doctor.ts", [], {});
  }

  /** Runs `npm start -- <args>` beside it, without settings. */
  bridges(...args: readonly string[]): Promise<Ended> {
    return this.#start("scripts/start.ts", args, {});
  }

  #start(script: string, args: readonly string[], env: Record<string, string>): Promise<Ended> {
    const command = [join(ROOT, "scripts/bootstrap.mjs"), "--compiled", script, ...args];
    return new Promise((resolve) => {
      const options = { cwd: this.folder, env: { PATH: process.env.PATH, ...this.env(env) } };
      const child = execFile(process.execPath, command, options, (_error, stdout, stderr) =>
        resolve({ code: child.exitCode ?? -1, stdout, stderr }),
      );
    });
  }

  /** The script's environment. An empty variable counts as not set, and overrides this checkout's .env.local. */
  env(more: Record<string, string> = this.settings): Record<string, string> {
    return { TMPDIR: this.folder, CONVEX_URL: "", ADMIN_KEY: "", ...more };
  }

  /** A client of the deployment with a role's token. */
  async client(role: Role): Promise<ConvexHttpClient> {
    const auth = await mintToken(role, signingKeyIn(this.#keys?.[role].privateKeyEnv));
    const url = this.settings.CONVEX_URL ?? "";
    return new ConvexHttpClient(url, { auth, skipConvexDeploymentUrlCheck: true });
  }

  /** The mappings in Convex, as another admin client reads them. */
  async mappings() {
    return (await this.client("admin")).query(api.admin.list, {});
  }

  async mappingOf(externalId: string) {
    return (await this.mappings()).find((row) => row.externalId === externalId);
  }
}
