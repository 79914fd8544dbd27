import { expect, test } from "vitest";
import { refuseAtDoor } from "./door.ts";

const HOST = ["Host", "127.0.0.1:8848"];
const JSON_TYPE = ["Content-Type", "application/json"];

/** The status of the refusal; null for who may come in. */
function knock(rawHeaders: readonly string[], target = "/health", method = "GET"): number | null {
  return refuseAtDoor({ method, target, rawHeaders })?.status ?? null;
}

test.each(["127.0.0.1:8848", "localhost", "LOCALHOST:9", "[::1]:8848", "127.1.2.3"])(
  "the host %s is this machine",
  (host) => {
    expect(knock(["Host", host])).toBeNull();
  },
);

test.each([
  "evil.example",
  "127.0.0.1.evil.example",
  "localhost.evil.example:8848",
  "2130706433",
  "[::ffff:7f00:1]",
  "a@127.0.0.1",
  "",
  "0.0.0.0",
  "127.999.0.1",
  "127.0.0.08",
  "127.0.0.1:65536",
])("the host %j is somebody else's name for this machine", (host) => {
  expect(knock(["Host", host])).toBe(421);
});

test("a host that stands twice, or not at all, is refused", () => {
  expect(knock([...HOST, "host", "127.0.0.1:8848"])).toBe(400);
  expect(knock([])).toBe(400);
});

test("pages may come from this very server alone", () => {
  expect(knock([...HOST, "Origin", "http://127.0.0.1:8848"])).toBeNull();
  for (const origin of ["null", "https://evil.example", "http://127.0.0.1:9999", "http://localhost:8848", ""])
    expect(knock([...HOST, "Origin", origin])).toBe(403);
  expect(knock([...HOST, "Origin", "http://127.0.0.1:8848", "Origin", "null"])).toBe(403);
  expect(knock([...HOST, "Origin", "https://evil.example"], "/submit", "OPTIONS")).toBe(403);
});

function post(...headers: readonly string[]): number | null {
  return knock([...HOST, ...headers], "/submit", "POST");
}

test("only JSON that is not packed comes in, and no more than 1 MiB", () => {
  expect(post(...JSON_TYPE)).toBeNull();
  expect(post("content-type", "application/json; charset=utf-8")).toBeNull();
  for (const type of [
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "text/plain;application/json",
    "application/jsonp",
  ])
    expect(post("Content-Type", type)).toBe(415);
  expect(post("Content-Length", "2")).toBe(415);
  expect(post("Transfer-Encoding", "chunked")).toBe(415);
  expect(post(...JSON_TYPE, "Content-Encoding", "gzip")).toBe(415);
  expect(post(...JSON_TYPE, "Content-Length", "1048576")).toBeNull();
  expect(post(...JSON_TYPE, "Content-Length", "1048577")).toBe(413);
});

test("an order without words comes in, unless a page may have sent it", () => {
  for (const length of [[], ["Content-Length", "0"]]) {
    expect(knock([...HOST, ...length], "/reset", "POST")).toBeNull();
    expect(knock([...HOST, ...length, "Content-Type", "text/plain"], "/reset", "POST")).toBe(415);
    const fromPage = [...HOST, ...length, "Origin", "http://127.0.0.1:8848"];
    expect(knock(fromPage, "/reset", "POST")).toBe(415);
  }
});

test("a body is judged alike, whatever the method that brings it", () => {
  for (const method of ["DELETE", "PUT", "PATCH", "GET"]) {
    expect(knock([...HOST, "Content-Length", "0"], "/v1/fleet/edges", method)).toBeNull();
    expect(knock([...HOST, ...JSON_TYPE, "Content-Length", "2"], "/v1/fleet/edges", method)).toBeNull();
    expect(knock([...HOST, ...JSON_TYPE, "Content-Length", "1048577"], "/v1/fleet/edges", method)).toBe(413);
    expect(knock([...HOST, "Content-Length", "2"], "/v1/fleet/edges", method)).toBe(415);
    expect(knock([...HOST, "Transfer-Encoding", "chunked"], "/v1/fleet/edges", method)).toBe(415);
  }
});

test("a path that climbs is refused before it is read", () => {
  for (const path of ["/room/../x", "/room/a/%2e%2E/b", "/./health", "/room/..", "/room\\..\\x"])
    expect(knock(HOST, path)).toBe(400);
  for (const path of ["/room/a..b", "/room/...", "/search?q=../x", "/room/a%2Fb"])
    expect(knock(HOST, path)).toBeNull();
});

test("a target is a path, or names the host that the header names", () => {
  const proxied = ["Host", "127.0.0.1:8848"];
  for (const target of ["http://127.0.0.1:8848/health", "http://127.0.0.1:8848"])
    expect(knock(proxied, target)).toBeNull();
  for (const target of [
    "http://evil.example/health",
    "http://127.0.0.1:8848@evil.example/",
    "http://127.0.0.1/health",
  ])
    expect(knock(proxied, target)).toBe(421);
  for (const target of ["*", "", "ftp://127.0.0.1:8848/health", "HTTP://127.0.0.1:8848/", "/room\\a"])
    expect(knock(proxied, target)).toBe(400);
});

function named(hosts: readonly string[], ...rawHeaders: readonly string[]): number | null {
  return refuseAtDoor({ method: "GET", target: "/", rawHeaders, hosts })?.status ?? null;
}

test("names of one's own come in beside loopback's, with any port or the one that is named", () => {
  for (const host of ["Holodeck.example.org", "holodeck.example.org:8848", "127.0.0.1:8848"])
    expect(named(["holodeck.example.org"], "Host", host)).toBeNull();
  expect(named(["fd00::1"], "Host", "[fd00::1]:8848")).toBeNull();
  expect(named(["a.example:8848"], "Host", "a.example:8848")).toBeNull();
  for (const host of ["a.example:8849", "a.example", "b.a.example:8848", "a.example:8848.evil.example"])
    expect(named(["a.example:8848"], "Host", host)).toBe(421);
  // What no address can hold is nobody's name.
  expect(named(["a.example"], "Host", "a.example:65536")).toBe(421);
  expect(named(["10.0.0.999"], "Host", "10.0.0.999")).toBe(421);
});

test("pages of a name of one's own may come through TLS, those of loopback not", () => {
  const own = ["a.example"];
  expect(named(own, "Host", "a.example", "Origin", "https://a.example")).toBeNull();
  expect(named(own, "Host", "a.example", "Origin", "http://a.example")).toBeNull();
  expect(named(own, "Host", "a.example", "Origin", "https://b.example")).toBe(403);
  expect(named(own, "Host", "127.0.0.1", "Origin", "https://127.0.0.1")).toBe(403);
});
