import { createContext, useContext } from "react";
import type { ChatMessage, Command, Stage } from "../protocol.ts";

/** What every part of the page works with. */
export interface Playing {
  readonly stage: Stage;
  readonly said: ReadonlyMap<string, readonly ChatMessage[]>;
  /** Asks the playground's server; a refusal is shown to the person, and gives undefined. */
  readonly ask: (command: Command) => Promise<string | undefined>;
  /** Carries something out and shows why it failed, if it does. */
  readonly attempt: <T>(act: () => Promise<T>) => Promise<T | undefined>;
}

export const PlayingContext = createContext<Playing | undefined>(undefined);

export function usePlaying(): Playing {
  const playing = useContext(PlayingContext);
  if (!playing) throw new Error("usePlaying outside of the playground");
  return playing;
}
