/** Calling what belongs to the program: a fault in there is its author's, and this SDK goes on. */

/** What it throws is reported as uncaught. */
export function callSafely(call: () => void): void {
  try {
    call();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
