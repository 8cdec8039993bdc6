/** See compile.mjs. */
export interface CompileOptions {
  readonly packages?: "bundle" | "external";
  readonly format?: "esm" | "cjs";
  readonly replace?: Readonly<Record<string, string>>;
}
export function compile(script: string, options?: CompileOptions): Promise<string>;
export function compileAll(scripts: readonly string[], options?: CompileOptions): Promise<string[]>;
export function bundle(script: string, directory: string): Promise<void>;
