// The reporter of `npm test`: appends one JSON line to the file that AMS_TEST_EVENTS names when a
// test file starts, when a test ends, when a test file ends and when the run ends. What is on disk
// is true however the run ends.
import { appendFileSync } from "node:fs";
import { relative } from "node:path";
import { ROOT } from "./set-up.mjs";

class EventsReporter {
  #path = process.env.AMS_TEST_EVENTS;

  onTestModuleStart(module) {
    this.#write({ at: "file-start", ...nameOf(module) });
  }

  onTestCaseReady(test) {
    if (test.options.mode !== "run") return; // Skipped: it is not running.
    this.#write({ at: "test-start", ...nameOf(test.module), test: test.fullName });
  }

  onTestCaseResult(test) {
    const { state } = test.result();
    const ms = Math.round(test.diagnostic()?.duration ?? 0);
    this.#write({ at: "test-end", ...nameOf(test.module), test: test.fullName, state, ms });
  }

  /**
   * The counts of a whole file, because a failed hook ends tests that have no result of their own.
   */
  onTestModuleEnd(module) {
    const counts = { passed: 0, failed: 0, skipped: 0 };
    for (const test of module.children.allTests()) counts[countedAs(test.result().state)] += 1;
    const ms = Math.round(module.diagnostic().duration);
    this.#write({ at: "file-end", ...nameOf(module), state: module.state(), ...counts, ms });
  }

  onTestRunEnd(_modules, unhandledErrors) {
    this.#write({ at: "end", unhandled: unhandledErrors.length });
  }

  #write(event) {
    if (this.#path !== undefined) appendFileSync(this.#path, `${JSON.stringify(event)}\n`);
  }
}

export { EventsReporter as default };

function nameOf(module) {
  return { project: module.project.name, file: relative(ROOT, module.moduleId) };
}

function countedAs(state) {
  return state === "passed" || state === "failed" ? state : "skipped";
}
