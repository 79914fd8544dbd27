import { EventEmitter } from "node:events";
import { expect, test } from "vitest";
import type { Output } from "./io.ts";
import { Painter } from "./painter.ts";

const HIDE = "\u001B[?25l";
const SHOW = "\u001B[?25h";
const END = "\u001B[K\n";

class Screen extends EventEmitter implements Output {
  columns = 20;
  #text = "";

  write(text: string): boolean {
    this.#text += text;
    return true;
  }

  /** What was written since the last look. */
  look(): string {
    const text = this.#text;
    this.#text = "";
    return text;
  }
}

test("each frame is drawn over the one before, and the last one stays with the cursor shown", () => {
  const screen = new Screen();
  const painter = new Painter(screen);
  painter.paint(["one", "two"]);
  expect(screen.look()).toBe(`${HIDE}\rone${END}two${END}\u001B[J`);
  painter.paint(["three"]);
  expect(screen.look()).toBe(`\r\u001B[2Athree${END}\u001B[J`);
  painter.close(["four"]);
  expect(screen.look()).toBe(`\r\u001B[1Afour${END}\u001B[J${SHOW}`);
});

test("the same frame is not drawn twice", () => {
  const screen = new Screen();
  const painter = new Painter(screen);
  painter.paint(["one"]);
  screen.look();
  painter.paint(["one"]);
  expect(screen.look()).toBe("");
  painter.close(["one"]);
  expect(screen.look()).toBe(SHOW);
});

test("lines that a narrower terminal has broken are all drawn over", () => {
  const screen = new Screen();
  const painter = new Painter(screen);
  painter.paint(["x".repeat(20), "\u001B[32mshort\u001B[39m"]);
  screen.look();
  screen.columns = 8;
  painter.paint(["y"]);
  expect(screen.look()).toContain("\r\u001B[4Ay");
  painter.close([]);
});

test("a process that exits while it paints gives the cursor back", () => {
  const screen = new Screen();
  const before = process.listeners("exit");
  const painter = new Painter(screen);
  const giveBack = process.listeners("exit").find((listener) => !before.includes(listener));
  screen.look();
  giveBack?.(0);
  expect(screen.look()).toBe(SHOW);
  painter.close([]);
  expect(process.listeners("exit")).toEqual(before);
});
