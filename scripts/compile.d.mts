/** See compile.mjs. */
export function compile(script: string): Promise<string>;
export function compileAll(scripts: readonly string[]): Promise<string[]>;
