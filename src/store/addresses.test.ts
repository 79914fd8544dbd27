import { inspect } from "node:util";
import { expect, test } from "vitest";
import { parsePostgresAddress } from "./postgres-address.ts";
import { parseRedisAddress } from "./redis-address.ts";

test("a PostgreSQL address gives the driver all but the schema, and people all but the password", () => {
  const parsed = parsePostgresAddress("postgresql://me:p%40ss@db:5433/work?sslmode=require&schema=team_1");
  expect(parsed).toEqual({
    connectionString: "postgresql://me:p%40ss@db:5433/work?sslmode=require",
    schema: "team_1",
    name: "postgres://me@db:5433/work?schema=team_1",
  });
  expect(parsePostgresAddress("postgres:///work?host=/run/pg&password=s3cret").name).toBe(
    "postgres:///work?host=/run/pg",
  );
});

test("a Redis address names one server, or nodes of a cluster", () => {
  expect(parseRedisAddress("rediss://me:p%40:s@[::1]:7000/2?prefix=a.b")).toEqual({
    nodes: [{ host: "::1", port: 7000 }],
    isCluster: false,
    hasTls: true,
    username: "me",
    password: "p@:s",
    database: 2,
    prefix: "a.b",
    name: "rediss://[::1]:7000/2?prefix=a.b",
  });
  expect(parseRedisAddress("redis+cluster://:s3cret@a:7000,b")).toMatchObject({
    nodes: [
      { host: "a", port: 7000 },
      { host: "b", port: 6379 },
    ],
    isCluster: true,
    username: null,
    password: "s3cret",
    prefix: "holodeck",
    name: "redis+cluster://a:7000,b",
  });
});

test("an address that cannot be read is refused without being quoted", () => {
  const wrong = [
    () => parsePostgresAddress("postgres://me:s3cret@host:port/db"),
    () => parsePostgresAddress("postgres://me:s3cret@host/db?schema=A;B"),
    () => parseRedisAddress("redis://me:s3cret@"),
    () => parseRedisAddress("redis://me:s3cret@host:port"),
    () => parseRedisAddress("redis://me:s3cret@a:1,b:2"),
    () => parseRedisAddress("redis://me:s3cret@a?prefix={x}"),
    () => parseRedisAddress("redis+cluster://me:s3cret@a:1/3"),
  ];
  for (const parse of wrong) {
    const error = thrownBy(parse);
    expect(error).toMatchObject({ code: "invalid_argument" });
    expect(inspect(error, { depth: 9 })).not.toContain("s3cret");
  }
});

function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  return null;
}
