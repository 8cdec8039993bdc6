import { type DestinationStream, type LevelWithSilent, type LogFn, type Logger, pino } from "pino";
import { prettyFactory } from "pino-pretty";
import type { Mapping } from "../../platform.ts";
import { BridgeError, FatalError, failureCode } from "../shared/errors.ts";
import { writeLine } from "./process.ts";

export interface LogOptions {
  readonly level: LevelWithSilent;
  /** Values that must not appear in any line. */
  readonly secrets: readonly string[];
  /** Writes one line of JSON. Default: to standard output, in readable form on a terminal. */
  readonly write?: (line: string) => void;
}

/** Fields of logged objects that contain credentials or message text. */
const PRIVATE_FIELDS = [
  "token",
  "botToken",
  "appToken",
  "key",
  "d",
  "authorization",
  "Authorization",
  "headers",
  "content",
  "text",
  "markdown_text",
  "body",
  "args",
];

const REDACTED = "[redacted]";

/** Tokens of Slack and Discord, and JWTs, by their format. */
const TOKENS =
  /\b(?:xox[a-z]-[\w-]+|xapp-[\w-]+|eyJ[\w-]+\.[\w-]+\.[\w-]+|[\w-]{24,28}\.[\w-]{6}\.[\w-]{27,})/g;

/** A user name and password in an address, up to the last `@` before its path. */
const USER_INFO = /:\/\/[^\s/?#"\\]+@/g;

/** The fields that name each mapped channel, by mapping. Mapping ids are never reused. */
const channels = new Map<string, { readonly channel: string; readonly channelName?: string }>();

/** Adds the channel to each later line that has one of these mapping ids. Called whenever mappings change. */
export function nameChannels(
  mappings: readonly ({ mappingId: string } & Pick<Mapping, "externalId" | "externalName">)[],
): void {
  for (const { mappingId, externalId, externalName } of mappings) {
    channels.set(mappingId, {
      channel: externalId,
      ...(externalName !== undefined && { channelName: externalName }),
    });
  }
}

/** Creates the process's log. It contains no secret and no message text, not even in errors. */
export function createLog({ level, secrets, write }: LogOptions): Logger {
  return pino(
    {
      level,
      base: null,
      redact: {
        paths: PRIVATE_FIELDS.flatMap((name) => [name, `*.${name}`]),
        censor: REDACTED,
      },
      hooks: { logMethod: withMessage },
      formatters: { log: withChannel },
      serializers: { err: describeError, error: describeError },
    },
    scrubbed(secrets, write ?? standardOutput()),
  );
}

/**
 * The parts of an error that may be logged: the text of our own errors; the class, code and stack of any other. Its text
 * may quote a message: Convex prints the value it refuses, and JSON.parse the text.
 */
function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { type: typeof error };
  return {
    type: error.name,
    code: failureCode(error),
    ...(error instanceof BridgeError && { message: error.message }),
    ...(error instanceof FatalError && { step: error.step }),
    ...(error.cause instanceof Error && { cause: describeError(error.cause) }),
    // An error that an admin fixes needs only its step; a stack would look like a crash.
    ...(!(error instanceof FatalError) && { at: stackOf(error) }),
  };
}

/** Without a message, pino would log the error's text, which may quote one. */
function withMessage(this: Logger, args: Parameters<LogFn>, log: LogFn): void {
  const [first, ...rest] = args;
  const fields: unknown = first instanceof Error ? { err: first } : first;
  const hasError = typeof fields === "object" && fields !== null && "err" in fields;
  if (hasError && rest[0] === undefined) log.call(this, fields, "an error");
  else log.apply(this, [fields, ...rest]);
}

function withChannel(fields: Record<string, unknown>): Record<string, unknown> {
  const { mappingId } = fields;
  const channel = typeof mappingId === "string" ? channels.get(mappingId) : undefined;
  return channel === undefined ? fields : { ...channel, ...fields };
}

function stackOf(error: Error): string[] {
  const lines = (error.stack ?? "").split("\n").map((line) => line.trim());
  return lines.filter((line) => /^at .*:\d+:\d+\)?$/.test(line)).slice(0, 8);
}

/** The last guard: removes credentials from finished lines. */
function scrubbed(secrets: readonly string[], write: (line: string) => void): DestinationStream {
  return {
    write(line) {
      let clean = line.replace(TOKENS, REDACTED).replace(USER_INFO, `://${REDACTED}@`);
      for (const secret of secrets) {
        // A shorter one is no credential of any service, and could redact ordinary words.
        if (secret.length >= 8) clean = clean.replaceAll(secret, REDACTED);
      }
      write(clean);
    },
  };
}

function standardOutput(): (line: string) => void {
  const stream = process.stdout;
  if (!stream.isTTY) return (line) => writeLine(stream, line);
  const readable = readableLines(stream.hasColors());
  return (line) => writeLine(stream, readable(line));
}

/** Formats a JSON line for people: time, level, platform and channel, message, and the other fields. */
export function readableLines(colorize: boolean): (line: string) => string {
  return prettyFactory({
    colorize,
    singleLine: true,
    ignore: "platform,channel,channelName,mappingId",
    messageFormat: ({ platform, channel, channelName, msg }) => {
      const place = typeof channelName === "string" ? `#${channelName}` : channel;
      const about = [platform, place].filter((each) => typeof each === "string").join(" ");
      const what = typeof msg === "string" ? msg : "";
      // Channel names are not trusted: control characters must not reach the terminal.
      return (about === "" ? what : `${about}: ${what}`).replaceAll(/\p{Cc}/gu, " ");
    },
    translateTime: "SYS:HH:MM:ss",
  });
}
