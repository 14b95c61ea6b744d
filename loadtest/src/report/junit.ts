/** A run's assertions as JUnit XML, which CI systems show as tests. */
import { type Assertion, checkAll } from "./assertions.ts";
import type { LoadResult } from "./result.ts";
import { verdictOf } from "./table.ts";

/** The run's own verdict is its first test; each assertion is one more. */
export function junitOf(result: LoadResult, assertions: readonly Assertion[]): string {
  const suite = result.plan.name ?? "ams load";
  const isKept = result.outcome === "ok";
  const tests = [
    { name: "every promise of the wire is kept", failure: isKept ? null : verdictOf(result) },
    ...checkAll(assertions, result).map(({ assertion, failure }) => ({
      name: assertion.text,
      failure,
    })),
  ];
  const failed = tests.filter(({ failure }) => failure !== null).length;
  const seconds = result.seconds.toFixed(3);
  const counts = `tests="${tests.length}" failures="${failed}" errors="0" time="${seconds}"`;
  const cases = tests.map(({ name, failure }) => {
    const about = `classname=${quoted(suite)} name=${quoted(name)} time="0"`;
    return failure === null
      ? `    <testcase ${about}/>`
      : `    <testcase ${about}><failure message=${quoted(failure)}/></testcase>`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites ${counts}>
  <testsuite name=${quoted(suite)} timestamp=${quoted(result.startedAt)} ${counts}>
${cases.join("\n")}
  </testsuite>
</testsuites>
`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
};

/** An attribute. Characters that XML 1.0 has not are left out. */
function quoted(text: string): string {
  const allowed = text.replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd]/g, "");
  return `"${allowed.replace(/[&<>"]/g, (one) => ESCAPES[one] ?? "")}"`;
}
