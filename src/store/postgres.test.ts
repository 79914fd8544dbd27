import { describe } from "vitest";
import { need } from "../../test/need.ts";
import { PostgresServer } from "../../test/servers/postgres.ts";
import { testSharedStore } from "../../test/shared-store.ts";

describe.skipIf(!need("postgres"))("the store in PostgreSQL", () => {
  testSharedStore({ driver: "pg", start: () => PostgresServer.start() });
});
