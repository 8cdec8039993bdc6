import type { KeyboardEvent } from "react";

/*
 * Groups of buttons are one stop of the Tab key each, and the arrow keys go on from there (the roving tabindex of
 * https://www.w3.org/WAI/ARIA/apg/practices/keyboard-interface/).
 */

/** In a row of buttons: to the one before or after. */
export function moveInRow(event: KeyboardEvent<HTMLElement>): void {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const buttons = [...event.currentTarget.querySelectorAll("button")];
  const at = buttons.findIndex((button) => button === event.target);
  if (step === undefined || at < 0) return;
  event.preventDefault();
  buttons[(at + step + buttons.length) % buttons.length]?.focus();
}

/** In a list of messages: up and down from message to message, left and right through the buttons of one. */
export function moveInMessages(event: KeyboardEvent<HTMLElement>): void {
  const { target, currentTarget } = event;
  if (!(target instanceof HTMLElement) || target instanceof HTMLTextAreaElement) return;
  const messages = [...currentTarget.querySelectorAll<HTMLElement>("li.message")];
  const at = messages.findIndex((message) => message.contains(target));
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (step !== undefined) {
    event.preventDefault();
    const next = at < 0 ? messages.at(-1) : messages[at + step];
    next?.focus();
    return;
  }
  const aside = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const message = messages[at];
  if (aside === undefined || !message) return;
  event.preventDefault();
  const stops = [message, ...message.querySelectorAll<HTMLElement>("button, a")];
  const next = stops.indexOf(target) + aside;
  stops[(next + stops.length) % stops.length]?.focus();
}
