import { processIo } from "./io.ts";
const [name = "demo", ...rest] = process.argv.slice(2);
const json = rest.includes("--json");
const args = rest.filter((one) => one !== "--json");
const { command } = (await import(`./${name}.ts`)) as {
  command(a: string[], o: object, io: object): Promise<number>;
};
process.exitCode = await command(args, { json }, processIo());
