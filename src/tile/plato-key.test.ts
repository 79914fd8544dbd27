import { expect, test } from "vitest";
import { platoKeyFor } from "./plato-key.ts";

const PLATO_API_KEY = "k";

test("the key goes to the server that is named, and to no other", () => {
  const env = { PLATO_API_KEY, PLATO_URL: "https://plato.example/base" };
  expect(platoKeyFor("https://plato.example", env)).toBe("k");
  for (const url of [
    "http://plato.example",
    "https://plato.example:444",
    "https://plato.example.evil.example",
  ])
    expect(platoKeyFor(url, env)).toBeNull();
  expect(platoKeyFor("http://127.0.0.1:8848", { PLATO_API_KEY, PLATO_URL: "no URL" })).toBeNull();
});

test("without a name it is this machine's, on its usual port or the one that is set", () => {
  for (const url of ["http://127.0.0.1:8848", "http://localhost:8848/"])
    expect(platoKeyFor(url, { PLATO_API_KEY, PLATO_URL: "" })).toBe("k");
  expect(platoKeyFor("http://127.0.0.1:8849", { PLATO_API_KEY })).toBeNull();
  expect(platoKeyFor("http://127.0.0.1:8849", { PLATO_API_KEY, PLATO_PORT: "8849" })).toBe("k");
});

test("without a key there is none", () => {
  expect(platoKeyFor("http://127.0.0.1:8848", {})).toBeNull();
  expect(platoKeyFor("http://127.0.0.1:8848", { PLATO_API_KEY: "" })).toBeNull();
});
