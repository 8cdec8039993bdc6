import type { Env } from "../../../bridges/config/env_files.ts";
import type { PlatformName } from "../../../bridges/platform.ts";
import type { ConvexCli } from "./convex_cli.ts";
import type { Prompts } from "./prompts.ts";

/** Where Convex runs. */
export type Hosting = "cloud" | "local" | "self-hosted";

/** What setup works with; tests replace parts of it. */
export interface SetupTools {
  readonly print: (line: string) => void;
  readonly prompts: Prompts;
  /** `--change-keys`: don't ask before changing keys of the deployment. */
  readonly mayChangeKeys: boolean;
  readonly cli: ConvexCli;
  /** The process environment, without the files. */
  readonly environment: Env;
  /** The environment over `.env.local` over `.env`, read afresh on each call. */
  readonly settings: () => Env;
  /** Writes to `.env.local`. */
  readonly save: (values: Readonly<Record<string, string>>) => Promise<void>;
}

/** What the flags chose. */
export interface SetupChoices {
  readonly hosting?: Hosting;
  readonly selfHostedUrl?: string;
  readonly platforms?: readonly PlatformName[];
  readonly publicChat?: "open" | "closed";
  readonly openaiBaseUrl?: string;
  readonly openaiModel?: string;
  /** Set up the production deployment instead of the development one. */
  readonly prod: boolean;
  readonly push: boolean;
}
