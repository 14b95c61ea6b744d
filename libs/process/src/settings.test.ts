import fc from "fast-check";
import { expect, test } from "vitest";
import {
  choice,
  flag,
  integer,
  optionalBaseUrl,
  optionalPort,
  readSettings,
  secretList,
  secretText,
  settingsTable,
  text,
} from "./settings.ts";

const DECLARED = {
  COUNT: integer(5, "How many.", { min: 1, max: 10 }),
  ON: flag(true, "Whether."),
  MODE: choice(["open", "closed"], "open", "Which | that."),
  NAME: text("", "What."),
  ADMIN: optionalPort("Where.", "9090"),
  BASE: optionalBaseUrl("Base."),
  SECRETS: secretList("Secrets.", 8),
  PLACE: secretText("A place."),
};

test("an empty environment reads to the defaults", () => {
  expect(readSettings(DECLARED, {})).toEqual({
    ok: true,
    value: {
      COUNT: 5,
      ON: true,
      MODE: "open",
      NAME: null,
      ADMIN: 9090,
      BASE: null,
      SECRETS: [],
      PLACE: null,
    },
  });
});

test("a variable that is set but empty is as one that is absent", () => {
  const read = readSettings(DECLARED, { COUNT: "", ON: "", MODE: "", ADMIN: "" });
  expect(read).toEqual(readSettings(DECLARED, {}));
});

test("values are read to their types", () => {
  const given = {
    COUNT: "10",
    ON: "0",
    MODE: "closed",
    NAME: "here",
    ADMIN: "0",
    BASE: "https://ams.example/base//",
    SECRETS: "abcdefgh, ijklmnop",
    PLACE: "redis://:password@host",
  };
  expect(readSettings(DECLARED, given)).toEqual({
    ok: true,
    value: {
      COUNT: 10,
      ON: false,
      MODE: "closed",
      NAME: "here",
      ADMIN: 0,
      BASE: "https://ams.example/base",
      SECRETS: ["abcdefgh", "ijklmnop"],
      PLACE: "redis://:password@host",
    },
  });
});

test("every fault is reported at once, by the name of its variable", () => {
  const given = { COUNT: "11", ON: "perhaps", MODE: "ajar", ADMIN: "65536", BASE: "ftp://a" };
  const read = readSettings(DECLARED, { ...given, SECRETS: "abcdefgh,short" });
  const faults = read.ok ? [] : read.faults;
  expect(faults.map((fault) => fault.split(" ")[0])).toEqual([
    "COUNT",
    "ON",
    "MODE",
    "ADMIN",
    "BASE",
    "SECRETS",
  ]);
  expect(faults[0]).toBe('COUNT must be a whole number from 1 to 10, not "11"');
});

test("§8 a fault never repeats a secret", () => {
  const read = readSettings(DECLARED, { SECRETS: "canary1" });
  expect(JSON.stringify(read)).not.toContain("canary1");
  expect(read.ok).toBe(false);
});

test.each(["1.5", "-1", "1e1", "0x5", " 5", "5 ", "11", "0", "NaN", "99999999999999999999"])(
  "%j is no count from 1 to 10",
  (given) => {
    expect(readSettings(DECLARED, { COUNT: given }).ok).toBe(false);
  },
);

test.each(["http://", "http://a b", "http://a?b", "http://a#b", "http://[", "//a", "a"])(
  "%j is no base URL",
  (given) => {
    expect(readSettings(DECLARED, { BASE: given }).ok).toBe(false);
  },
);

test("any text at all is read or refused, never thrown at", () => {
  const anything = fc.record(
    Object.fromEntries(Object.keys(DECLARED).map((name) => [name, fc.string()])),
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(anything, (environment) => {
      const read = readSettings(DECLARED, environment);
      expect(read.ok || read.faults.length > 0).toBe(true);
    }),
  );
});

test("the table has a row for each setting, no pipe breaks it, and it lists the words to choose from", () => {
  const rows = settingsTable(DECLARED).split("\n");
  expect(rows).toHaveLength(2 + Object.keys(DECLARED).length);
  expect(rows[4]).toBe("| `MODE` | `open` | Which \\| that. One of `open`, `closed`. |");
  expect(rows[8]).toBe("| `SECRETS` | none | Secrets. |");
});
