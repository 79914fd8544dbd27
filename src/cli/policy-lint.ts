// `holodeck policy lint`: statements that can have no effect, or that contradict each other.
import { lintPolicy } from "../trust/lint.ts";
import { EXIT } from "./exit-codes.ts";
import { count } from "./format.ts";
import { note, print, printJson, type Io } from "./io.ts";
import { readPolicyFile } from "./policy-file.ts";
import { printable } from "./printable.ts";

export interface PolicyLintOptions {
  readonly json?: boolean;
}

/** Exits with 1 when there is a finding. */
export async function command(args: readonly string[], options: PolicyLintOptions, io: Io): Promise<number> {
  const { policy } = readPolicyFile(args[0] ?? "");
  const findings = lintPolicy(policy.statements);
  if (options.json === true) {
    printJson(io, {
      statements: policy.statements.length,
      findings: findings.map(({ kind, statementId, byId, what }) => ({
        kind,
        statement_id: statementId,
        by_id: byId,
        what,
      })),
    });
  } else {
    for (const { kind, statementId, what } of findings)
      print(io, printable(`${kind}  ${statementId}: ${what}`));
    note(io, `${count(policy.statements.length, "statement")}, ${count(findings.length, "finding")}.`);
  }
  return findings.length === 0 ? EXIT.ok : EXIT.failed;
}
