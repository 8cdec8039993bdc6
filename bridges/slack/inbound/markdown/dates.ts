import { utcOf } from "../../../core/shared/utc.ts";

/**
 * A date as text, in UTC because the reader's time zone is unknown; "" if it is none.
 * https://docs.slack.dev/messaging/formatting-message-text#date-formatting
 */
export function dateText(seconds: number, format = "{date_num} {time}"): string {
  const moment = utcOf(seconds);
  if (moment === undefined) return "";
  const { day, minute, second } = moment;
  return format.replace(/\{(\w+)\}/g, (token, name: string) => {
    if (name === "time") return minute;
    if (name === "time_secs") return second;
    if (name === "ago") return `${day} ${minute}`;
    return /^da(?:te|y)/.test(name) ? day : token;
  });
}
