import { describe, expect, test } from "vitest";
import { LINE_CHARACTERS_MAX, LineEditor, type Typed } from "./line-editor.ts";

function type(editor: LineEditor, text: string): void {
  for (const character of text) editor.key(character, {});
}

const press = (editor: LineEditor, name: string): Typed => editor.key(undefined, { name });
const control = (editor: LineEditor, name: string): Typed =>
  editor.key(undefined, { name, ctrl: true });

describe("the line of input", () => {
  test("what is typed is one line, and enter gives it away", () => {
    const editor = new LineEditor();
    type(editor, "hello");
    expect(press(editor, "return")).toEqual({ type: "line", text: "hello" });
    expect(editor.text).toBe("");
    expect(press(editor, "return")).toEqual({ type: "edited" });
  });

  test("the keys of a shell edit it", () => {
    const editor = new LineEditor();
    type(editor, "one two three");
    control(editor, "w");
    expect(editor.text).toBe("one two ");
    press(editor, "home");
    press(editor, "delete");
    type(editor, "O");
    expect(editor.text).toBe("One two ");
    control(editor, "e");
    press(editor, "left");
    press(editor, "backspace");
    expect(editor.text).toBe("One tw ");
    control(editor, "a");
    press(editor, "right");
    control(editor, "k");
    expect(editor.text).toBe("O");
    control(editor, "u");
    expect(editor.text).toBe("");
  });

  test("a character of several code points goes as one", () => {
    const editor = new LineEditor();
    type(editor, "a👩‍👩‍👧e\u0301");
    expect(editor.text).toBe("a👩‍👩‍👧e\u0301");
    press(editor, "backspace");
    expect(editor.text).toBe("a👩‍👩‍👧");
    press(editor, "backspace");
    expect(editor.text).toBe("a");
  });

  test("what was sent can be had back, and so can what was being typed", () => {
    const editor = new LineEditor();
    for (const line of ["first", "second"]) {
      type(editor, line);
      press(editor, "return");
    }
    type(editor, "draft");
    press(editor, "up");
    expect(editor.text).toBe("second");
    press(editor, "up");
    press(editor, "up");
    expect(editor.text).toBe("first");
    press(editor, "down");
    press(editor, "down");
    expect(editor.text).toBe("draft");
  });

  test("Ctrl-C interrupts; Ctrl-D leaves, but only from an empty line", () => {
    const editor = new LineEditor();
    expect(control(editor, "c")).toEqual({ type: "interrupt" });
    type(editor, "x");
    expect(control(editor, "d")).toEqual({ type: "edited" });
    control(editor, "u");
    expect(control(editor, "d")).toEqual({ type: "leave" });
  });

  test("control characters that are pasted are left out", () => {
    const editor = new LineEditor();
    type(editor, "a\x1b\x07b");
    expect(editor.text).toBe("ab");
  });

  test("a tab that is pasted is kept, and shown as an arrow", () => {
    const editor = new LineEditor();
    editor.key("a", {});
    editor.key("\t", { name: "tab" });
    editor.key("b", {});
    expect(editor.text).toBe("a\tb");
    expect(editor.window(10)).toEqual({ text: "a→b", column: 3 });
  });

  test("what would turn the direction of the terminal's writing is kept, and shown as an escape", () => {
    const editor = new LineEditor();
    type(editor, "\u202ex");
    expect(editor.text).toBe("\u202ex");
    expect(editor.window(20).text).toBe("\\u202ex");
  });

  test("a line that is full says so once, and again when it is full again", () => {
    const editor = new LineEditor();
    const full = "x".repeat(LINE_CHARACTERS_MAX);
    type(editor, full);
    expect(editor.text).toBe(full);
    expect(editor.key("y", {})).toEqual({ type: "full" });
    expect(editor.key("y", {})).toEqual({ type: "edited" });
    expect(editor.text).toBe(full);
    press(editor, "backspace");
    expect(editor.key("y", {})).toEqual({ type: "edited" });
    expect(editor.key("y", {})).toEqual({ type: "full" });
  });

  test("a line that is wider than the terminal shows what is around the cursor", () => {
    const editor = new LineEditor();
    type(editor, "0123456789");
    expect(editor.window(6)).toEqual({ text: "56789", column: 5 });
    press(editor, "home");
    expect(editor.window(6)).toEqual({ text: "01234", column: 0 });
  });
});
