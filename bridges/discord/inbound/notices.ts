import { MessageType } from "discord-api-types/v10";
import { type Fields, fields, list, number, text } from "./fields.ts";

/** System messages whose text is what people wrote, and what it is. */
const TOPICS: Readonly<Record<number, string>> = {
  [MessageType.StageStart]: "stage started",
  [MessageType.StageEnd]: "stage ended",
  [MessageType.StageTopic]: "stage topic",
};

/** System messages that say something by their other fields. */
const BY_FIELDS: ReadonlySet<number> = new Set([
  MessageType.AutoModerationAction,
  MessageType.RoleSubscriptionPurchase,
  MessageType.PurchaseNotification,
  MessageType.PollResult,
]);

/** Whether a system message carries words. Names of channels and threads are mirrored with the messages in them. */
export function hasWords(type: number): boolean {
  return type in TOPICS || BY_FIELDS.has(type);
}

/** The message's own text. */
export function contentOf(found: Fields): string {
  const type = number(found.type) ?? MessageType.Default;
  const content = BY_FIELDS.has(type) ? "" : (text(found.content) ?? "");
  const topic = TOPICS[type];
  return topic === undefined || content === "" ? content : `[${topic}: ${content}]`;
}

const ACTIVITIES: Readonly<Record<number, string>> = {
  1: "invitation to join",
  2: "invitation to spectate",
  3: "invitation to listen",
  5: "request to join",
  6: "request to stream",
};

/** What a message says by its other fields. https://discord.com/developers/docs/resources/message#message-object */
export function noticesOf(found: Fields): string[] {
  const activity = fields(found.activity);
  const subscription = fields(found.role_subscription_data);
  const renewed = subscription?.is_renewal === true ? " renewed" : "";
  const purchase = fields(fields(found.purchase_notification)?.guild_product_purchase);
  const theme = fields(found.shared_client_theme);
  return [
    activity &&
      notice(ACTIVITIES[number(activity.type) ?? 0] ?? "activity", fields(found.application)?.name),
    subscription &&
      notice(
        `role subscription${renewed}`,
        subscription.tier_name,
        `month ${String(number(subscription.total_months_subscribed) ?? 1)}`,
      ),
    purchase && notice("purchase", purchase.product_name),
    theme && notice("theme", ...list(theme.colors, text).map((color) => `#${color}`)),
  ].filter((each) => each !== undefined);
}

function notice(what: string, ...details: readonly unknown[]): string {
  const words = details.map(text).filter(Boolean).join(", ");
  return words === "" ? `[${what}]` : `[${what}: ${words}]`;
}
