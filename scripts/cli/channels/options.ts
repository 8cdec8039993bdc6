import { Argument, type Command, InvalidArgumentError, Option } from "commander";
import type { Platform } from "../../../convex/model/shared/validators.ts";
import { explainInvalidId } from "./channel_ids.ts";
import type { PlatformChannel } from "./verbs.ts";

/* The arguments and options that verbs share, and how they are parsed. */

export function addChannelArguments(command: Command): Command {
  return command
    .addArgument(new Argument("<platform>").choices(["discord", "slack"]))
    .argument("<channel id>", "the platform's id of the channel");
}

export function addSettings(command: Command): Command {
  return command
    .addOption(
      new Option(
        "--trigger <when>",
        "which messages are answered; mention: those that mention the bot or reply to it, and those in threads it has posted in",
      ).choices(["always", "mention", "never"]),
    )
    .addOption(
      new Option(
        "--reply-in <where>",
        "where replies go; thread: to a thread on the question",
      ).choices(["channel", "thread"]),
    )
    .addOption(
      new Option(
        "--instructions <text>",
        "instructions for the AI, shared by every channel mapped to the same Convex channel",
      ).argParser(parseText),
    )
    .addOption(
      new Option(
        "--model <name>",
        "the AI model, shared by every channel mapped to the same Convex channel",
      ).argParser(parseText),
    )
    .addOption(
      new Option(
        "--keep <days>",
        "delete older messages from Convex, once a day and for good (1 to 3650), or all: keep them",
      ).argParser(parseKeep),
    )
    .addOption(
      new Option(
        "--files <which>",
        "which files are copied into Convex, for the AI and for relays; images: up to 10 MB; all: any up to 20 MB",
      ).choices(["none", "images", "all"]),
    );
}

const RELAY = "post what is said in the other channels of the same Convex channel into this one";
const RELAY_APPS = "with relay, also what other apps and bots say there";

/** The settings of relaying for a channel that is not mapped yet, where they are off. */
export function addRelayFlags(command: Command): Command {
  return command.option("--relay", RELAY).option("--relay-apps", RELAY_APPS);
}

/** The settings of relaying for a mapped channel. */
export function addRelaySettings(command: Command): Command {
  return command
    .addOption(new Option("--relay <on|off>", RELAY).argParser(parseSwitch))
    .addOption(new Option("--relay-apps <on|off>", RELAY_APPS).argParser(parseSwitch));
}

const STREAM = "show answers in this channel while they are being written";

export function addStreamFlag(command: Command): Command {
  return command.option("--stream", STREAM);
}

export function addStreamSetting(command: Command): Command {
  return command.addOption(new Option("--stream <on|off>", STREAM).argParser(parseSwitch));
}

function parseSwitch(value: string): boolean {
  if (value === "on" || value === "off") return value === "on";
  throw new InvalidArgumentError("It must be on or off.");
}

export function parseChannel(
  command: Command,
  platform: Platform,
  externalId: string,
): PlatformChannel {
  const invalid = explainInvalidId(platform, externalId);
  if (invalid !== undefined) command.error(`error: ${invalid}`);
  return { platform, externalId };
}

export function parseCount(value: string): number {
  return parseUpTo(1_000, value);
}

export function parseLimit(value: string): number {
  return parseUpTo(50, value);
}

function parseUpTo(most: number, value: string): number {
  const count = Number(value);
  if (/^\d+$/.test(value) && count >= 1 && count <= most) return count;
  throw new InvalidArgumentError(`It must be a number from 1 to ${most}.`);
}

function parseKeep(value: string): number | "all" {
  if (value === "all") return value;
  const days = Number(value);
  if (/^\d+$/.test(value) && days >= 1 && days <= 3_650) return days;
  throw new InvalidArgumentError("It must be a number of days from 1 to 3650, or all.");
}

export function parseText(value: string): string {
  if (value.trim() === "") throw new InvalidArgumentError("It must not be empty.");
  return value.trim();
}
