// A PostgreSQL server of one's own, with fsync on and a password, for tests.
import { execFile } from "node:child_process";
import { chown, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import { commandOf } from "../need.ts";
import { PASSWORD, type SharedServer } from "./shared-server.ts";
import { freePort, ServerProcess } from "./process.ts";

const run = promisify(execFile);

/** The user that PostgreSQL runs as: it refuses root. */
interface Owner {
  readonly uid: number | undefined;
  readonly gid: number | undefined;
}

export class PostgresServer implements SharedServer {
  readonly #folder: string;
  readonly #owner: Owner;
  readonly port: number;
  #process: ServerProcess;
  #schemas = 0;

  private constructor(folder: string, owner: Owner, port: number, process: ServerProcess) {
    this.#folder = folder;
    this.#owner = owner;
    this.port = port;
    this.#process = process;
  }

  static async start(): Promise<PostgresServer> {
    const owner = await findOwner();
    const folder = await mkdtemp(join(tmpdir(), "holodeck-postgres-"));
    const secret = join(folder, "password");
    await writeFile(secret, PASSWORD);
    for (const path of [folder, secret]) {
      if (owner.uid !== undefined && owner.gid !== undefined) await chown(path, owner.uid, owner.gid);
    }
    const initdb = join(dirname(commandOf("postgres")), "initdb");
    const args = ["-D", join(folder, "data"), "-U", "tester", "-A", "scram-sha-256", "--pwfile", secret];
    await run(initdb, [...args, "-E", "UTF8", "--locale=C", "--no-sync"], { ...owner, cwd: folder });
    const port = await freePort();
    return new PostgresServer(folder, owner, port, await boot(folder, owner, port));
  }

  newStore(port = this.port): string {
    return this.address(`store_${++this.#schemas}`, port);
  }

  address(schema: string, port = this.port): string {
    return `postgres://tester:${PASSWORD}@127.0.0.1:${port}/postgres?schema=${schema}`;
  }

  withPassword(address: string, password: string): string {
    return address.replace(PASSWORD, password);
  }

  async makeNewer(address: string): Promise<void> {
    await this.query(`UPDATE ${schemaOf(address)}.store SET version = 99`);
  }

  async makeForeign(address: string): Promise<void> {
    const schema = schemaOf(address);
    await this.query(
      `CREATE SCHEMA ${schema}; CREATE TABLE ${schema}.store (id int8); CREATE TABLE ${schema}.cats ()`,
    );
  }

  async dump(address: string): Promise<unknown> {
    const tables = `SELECT relname, relfilenode FROM pg_class WHERE relnamespace = '${schemaOf(address)}'::regnamespace`;
    return [
      await this.query(`${tables} ORDER BY 1`),
      await this.query(`SELECT * FROM ${schemaOf(address)}.store`),
    ];
  }

  /** From now on new tables lie in an empty folder: a small disk, say. What was written ahead lies elsewhere. */
  async placeTablesIn(folder: string): Promise<void> {
    const { uid, gid } = this.#owner;
    if (uid !== undefined && gid !== undefined) await chown(folder, uid, gid);
    await this.query(`CREATE TABLESPACE elsewhere LOCATION '${folder}'`);
    await this.query("ALTER ROLE tester SET default_tablespace = elsewhere");
  }

  async query(text: string): Promise<readonly unknown[]> {
    const client = new pg.Client(this.address("public"));
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(text)).rows;
    } finally {
      await client.end();
    }
  }

  /** SIGKILL, to the server and all its processes. */
  async kill(): Promise<void> {
    await this.#process.kill();
  }

  async restart(): Promise<void> {
    this.#process = await boot(this.#folder, this.#owner, this.port);
  }

  async stop(): Promise<void> {
    // Without waiting for those who are connected.
    await this.#process.stop("SIGINT");
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** A server that was killed may still hold its memory for a moment: then it is tried again. */
async function boot(folder: string, owner: Owner, port: number): Promise<ServerProcess> {
  const settings = [
    "listen_addresses=127.0.0.1",
    `port=${port}`,
    "unix_socket_directories=",
    "fsync=on",
    "max_connections=60",
  ];
  const args = ["-D", join(folder, "data"), ...settings.flatMap((setting) => ["-c", setting])];
  const ready = /ready to accept connections/;
  for (let left = 50; ; left--) {
    try {
      return await ServerProcess.start({ file: commandOf("postgres"), args, ready, ...owner });
    } catch (error) {
      if (left === 0 || !/shared memory|postmaster\.pid/.test(String(error))) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

async function findOwner(): Promise<Owner> {
  if (process.getuid?.() !== 0) return { uid: undefined, gid: undefined };
  return { uid: await idOf("-u"), gid: await idOf("-g") };
}

async function idOf(flag: string): Promise<number> {
  return Number((await run("id", [flag, "postgres"])).stdout);
}

function schemaOf(address: string): string {
  return new URL(address).searchParams.get("schema") ?? "";
}
