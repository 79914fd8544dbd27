// `holodeck policy explain`: why a policy lets someone do something, or does not, statement by statement.
import { HolodeckError } from "../event/error.ts";
import type { JsonObject } from "../event/json.ts";
import { explainDecision } from "../trust/explain.ts";
import { palette, wantsColor } from "./ansi.ts";
import { EXIT } from "./exit-codes.ts";
import { print, printJson, type Io } from "./io.ts";
import { engineOf, principalOf, readPolicyFile, type CedarFiles } from "./policy-file.ts";
import { printable } from "./printable.ts";

export interface PolicyExplainOptions extends CedarFiles {
  readonly roles?: readonly string[];
  /** JSON. */
  readonly context?: string;
  /** JSON. */
  readonly attributes?: string;
  readonly json?: boolean;
}

/** Exits with 0 when it is allowed, 4 when it is denied. */
export async function command(
  [file = "", who = "", action = "", resource = ""]: readonly string[],
  options: PolicyExplainOptions,
  io: Io,
): Promise<number> {
  const policyFile = readPolicyFile(file);
  const engine = await engineOf(policyFile, options);
  const explanation = explainDecision(engine, principalOf(policyFile.identities, who, options.roles), {
    action,
    resource: { id: resource, attributes: readJson("attributes", options.attributes) },
    context: readJson("context", options.context),
  });
  const { decision, sentence, statements } = explanation;
  if (options.json === true) {
    printJson(io, {
      decision: decision.allow ? "allow" : "deny",
      sentence,
      reasons: decision.reasons,
      errors: decision.errors.map(({ statementId, what }) => ({ statement_id: statementId, what })),
      obligations: decision.obligations,
      statements,
    });
  } else {
    const colors = palette(wantsColor(io.out, io.env));
    print(io, printable(sentence));
    for (const { id, effect, applies, why } of statements) {
      const line = `  ${effect.padEnd(5)}  ${printable(id)}: ${printable(why)}`;
      print(io, applies ? line : colors.dim(line));
    }
    for (const obligation of decision.obligations) print(io, `  on terms: ${JSON.stringify(obligation)}`);
  }
  return decision.allow ? EXIT.ok : EXIT.denied;
}

function readJson(name: string, text = "{}"): JsonObject {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as JsonObject;
  } catch {
    // Told below, as any other value that is no object.
  }
  throw new HolodeckError("invalid_argument", {
    what: `--${name} is no JSON object.`,
    todo: `Write for example --${name} '{"region": "eu"}'.`,
  });
}
