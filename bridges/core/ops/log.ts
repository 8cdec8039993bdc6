import { type DestinationStream, type LevelWithSilent, type LogFn, type Logger, pino } from "pino";
import { prettyFactory } from "pino-pretty";
import { BridgeError, FatalError, failureCode } from "../shared/errors.ts";

export interface LogOptions {
  readonly level: LevelWithSilent;
  /** Values that must not appear, whoever logs them. */
  readonly secrets: readonly string[];
  /** Where lines go; JSON, one a line. Default: standard output, made readable on a terminal. */
  readonly write?: (line: string) => void;
}

/** Fields that hold a credential or what people wrote, if somebody logs an object that has them. */
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

/** Tokens of Slack and Discord, and JWTs, by their form. */
const TOKENS =
  /\b(?:xox[a-z]-[\w-]+|xapp-[\w-]+|eyJ[\w-]+\.[\w-]+\.[\w-]+|[\w-]{24,28}\.[\w-]{6}\.[\w-]{27,})/g;

type LogArguments = Parameters<LogFn>;

interface ChannelWords {
  readonly channel: string;
  readonly channelName?: string;
}

/** Mapped channels as people know them. By mapping, whose ids are never used again. */
const channels = new Map<string, ChannelWords>();

/** From now on lines that name one of these mappings name its channel too. Told whenever mappings change. */
export function nameChannels(
  mappings: readonly {
    readonly mappingId: string;
    readonly externalId: string;
    readonly externalName?: string;
  }[],
): void {
  for (const { mappingId, externalId, externalName } of mappings) {
    channels.set(mappingId, {
      channel: externalId,
      ...(externalName !== undefined && { channelName: externalName }),
    });
  }
}

/** The process's log. No secret and nothing that people wrote gets into it, also not by way of an error. */
export function createLog({ level, secrets, write }: LogOptions): Logger {
  return pino(
    {
      level,
      base: null,
      redact: {
        paths: PRIVATE_FIELDS.flatMap((name) => [name, `*.${name}`]),
        censor: REDACTED,
      },
      hooks: { logMethod: withOwnWords },
      formatters: { log: withChannel },
      serializers: { err: describeError, error: describeError },
    },
    scrubbed(secrets, write ?? standardOutput()),
  );
}

/**
 * What of an error may be logged: our own errors' words; of any other its class, code and place. Its text may
 * quote a message (Convex names the value it refuses, JSON.parse the text).
 */
function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { type: typeof error };
  return {
    type: error.name,
    code: failureCode(error),
    ...(error instanceof BridgeError && { message: error.message }),
    ...(error instanceof FatalError && { step: error.step }),
    ...(error.cause instanceof Error && { cause: describeError(error.cause) }),
    // Of one that a person mends, the step says all; the place would only look like a crash.
    ...(!(error instanceof FatalError) && { at: placesOf(error) }),
  };
}

/** An error logged without words would lend pino its own, which may quote a message. */
function withOwnWords(this: Logger, args: LogArguments, log: LogFn): void {
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

function placesOf(error: Error): string[] {
  const lines = (error.stack ?? "").split("\n").map((line) => line.trim());
  return lines.filter((line) => /^at .*:\d+:\d+\)?$/.test(line)).slice(0, 8);
}

/** The last guard: whatever way a credential found into a line, it doesn't leave. */
function scrubbed(secrets: readonly string[], write: (line: string) => void): DestinationStream {
  return {
    write(line) {
      let clean = line.replace(TOKENS, REDACTED);
      for (const secret of secrets) {
        // A shorter one is no credential of any service, and would blot out ordinary words.
        if (secret.length >= 8) clean = clean.replaceAll(secret, REDACTED);
      }
      write(clean);
    },
  };
}

function standardOutput(): (line: string) => void {
  const stream = process.stdout;
  if (!stream.isTTY) return (line) => stream.write(line);
  const readable = readableLines(stream.hasColors());
  return (line) => stream.write(readable(line));
}

/** Makes of a JSON line one for people: time, level, platform and channel, what happened, and the rest behind it. */
export function readableLines(colorize: boolean): (line: string) => string {
  return prettyFactory({
    colorize,
    singleLine: true,
    ignore: "platform,channel,channelName,mappingId",
    messageFormat: ({ platform, channel, channelName, msg }) => {
      const place = typeof channelName === "string" ? `#${channelName}` : channel;
      const about = [platform, place].filter((each) => typeof each === "string").join(" ");
      const what = typeof msg === "string" ? msg : "";
      // Names come from elsewhere: nothing in them may steer the terminal.
      return (about === "" ? what : `${about}: ${what}`).replaceAll(/\p{Cc}/gu, " ");
    },
    translateTime: "SYS:HH:MM:ss",
  });
}
