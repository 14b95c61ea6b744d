/** What an operator's command says, and with which status it exits. */

/** Exit statuses, as in sysexits. */
export const EXIT_USAGE = 64;
export const EXIT_UNAVAILABLE = 69;
export const EXIT_MISCONFIGURED = 78;

export type Said = { readonly exit: number; readonly out: string; readonly error: string };

export function fail(exit: number, sentence: string): Said {
  return { exit, out: "", error: `${sentence}\n` };
}

/** What the work says, or that the directory can't be reached. */
export async function reachable(work: () => Promise<Said>): Promise<Said> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Error && error.name === "DirectoryUnavailable") {
      return fail(EXIT_UNAVAILABLE, "the directory can't be reached");
    }
    throw error;
  }
}
