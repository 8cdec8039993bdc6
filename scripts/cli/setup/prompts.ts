import { CommandError } from "../command_error.ts";

/** Asks the person at the terminal. */
export interface Prompts {
  choose<T extends string>(
    question: string,
    choices: readonly { value: T; name: string }[],
  ): Promise<T>;
  /** `instead` says how to tell it where nobody can be asked. */
  line(question: string, instead: string): Promise<string>;
  /** What is typed is not shown. Empty: not now. `wrong` says what is wrong with an answer. */
  secret(question: string, wrong?: (value: string) => string | undefined): Promise<string>;
  confirm(question: string): Promise<boolean>;
}

/** What stands for the terminal; the process's own when absent. */
export interface Terminal {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
}

/** At a terminal. Ctrl-C throws `CommandError`; what was done before stays, and setup goes on from there. */
export function terminalPrompts(terminal?: Terminal): Prompts {
  return {
    choose: (message, choices) =>
      prompted(({ select }) => select({ message, choices: [...choices] }, terminal)),
    line: (message) =>
      prompted(({ input }) => input({ message, required: true }, terminal)).then((value) =>
        value.trim(),
      ),
    secret: (message, wrong) =>
      prompted(({ password }) =>
        password(
          { message, mask: true, validate: (value) => wrong?.(value.trim()) ?? true },
          terminal,
        ),
      ).then((value) => value.trim()),
    confirm: (message) => prompted(({ confirm }) => confirm({ message, default: false }, terminal)),
  };
}

/** With nobody there. Secrets come from the environment only; a change of a key must have been allowed by a flag. */
export function unattendedPrompts(mayChangeKeys: boolean): Prompts {
  return {
    choose: async (question) => {
      throw new CommandError(
        "NO_TERMINAL",
        `nobody is there to answer "${question}": say it with a flag (--help)`,
      );
    },
    line: async (question, instead) => {
      throw new CommandError("NO_TERMINAL", `nobody is there to answer "${question}": ${instead}`);
    },
    secret: async () => "",
    confirm: async () => mayChangeKeys,
  };
}

/** Loaded only when something is asked. */
async function prompted<T>(
  run: (prompts: typeof import("@inquirer/prompts")) => Promise<T>,
): Promise<T> {
  try {
    return await run(await import("@inquirer/prompts"));
  } catch (error) {
    if (error instanceof Error && error.name === "ExitPromptError") {
      throw new CommandError("STOPPED", "stopped. Run it again to go on from here");
    }
    throw error;
  }
}
