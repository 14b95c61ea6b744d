/**
 * A file that a run writes at its end, found writable before the run and not after it. What it held
 * stays until there is something new.
 */
import { open, rm, writeFile } from "node:fs/promises";
import { isAbsolute, resolve } from "node:path";
import { CliError } from "../faults/fault.ts";

export class OutputFile {
  readonly path: string;
  readonly #option: string;
  /** It wasn't there, or empty. */
  readonly #isNew: boolean;

  private constructor(path: string, option: string, isNew: boolean) {
    this.path = path;
    this.#option = option;
    this.#isNew = isNew;
  }

  /** `option` is the one that named it. Throws `file_unusable`. */
  static async at(given: string, option: string): Promise<OutputFile> {
    const path = isAbsolute(given) ? given : resolve(given);
    try {
      const file = await open(path, "a");
      const about = await file.stat().finally(() => file.close());
      return new OutputFile(path, option, about.isFile() && about.size === 0);
    } catch (cause) {
      throw unwritable(option, cause);
    }
  }

  async write(text: string): Promise<void> {
    await writeFile(this.path, text).catch((cause) => {
      throw unwritable(this.#option, cause);
    });
  }

  /** Leaves no empty file of a run that never was. */
  async discard(): Promise<void> {
    if (this.#isNew) await rm(this.path, { force: true });
  }
}

function unwritable(option: string, cause: unknown): CliError {
  return new CliError("file_unusable", `The file of ${option} can't be written.`, {}, cause);
}
