/**
 * A date as text, in UTC because the reader's time zone is unknown; "" if it is none.
 * https://docs.slack.dev/messaging/formatting-message-text#date-formatting
 */
export function dateText(seconds: number, format = "{date_num} {time}"): string {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return "";
  const [day = "", clock = ""] = date.toISOString().split("T");
  const minutes = `${clock.slice(0, 5)} UTC`;
  return format.replace(/\{(\w+)\}/g, (token, name: string) => {
    if (name === "time") return minutes;
    if (name === "time_secs") return `${clock.slice(0, 8)} UTC`;
    if (name === "ago") return `${day} ${minutes}`;
    return /^da(?:te|y)/.test(name) ? day : token;
  });
}
