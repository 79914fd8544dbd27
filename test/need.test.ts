import { afterEach, expect, test, vi } from "vitest";
import { need } from "./need.ts";

afterEach(() => vi.unstubAllEnvs());

test("a part that is not on the path is not there", () => {
  vi.stubEnv("CI", "");
  vi.stubEnv("PATH", "");
  expect(need("strace")).toBe(false);
});

test("under CI=true a missing part is an error that names the package", () => {
  vi.stubEnv("CI", "true");
  vi.stubEnv("PATH", "");
  expect(() => need("strace")).toThrow("Install the package strace");
});

test("a part nobody knows how to install is an error", () => {
  expect(() => need("no-such-part")).toThrow("scripts/setup/system.js");
});
