// `holodeck policy test`: a table of cases against the policy beside it.
import { explainDecision } from "../trust/explain.ts";
import type { PolicyEngine } from "../trust/decision.ts";
import { palette, wantsColor } from "./ansi.ts";
import { EXIT } from "./exit-codes.ts";
import { count } from "./format.ts";
import { note, print, printJson, type Io } from "./io.ts";
import { engineOf, readPolicyFile, type CedarFiles, type PolicyCase } from "./policy-file.ts";
import { printable } from "./printable.ts";

export interface PolicyTestOptions extends CedarFiles {
  readonly json?: boolean;
}

interface Judged {
  readonly who: string;
  readonly action: string;
  readonly resource: string;
  readonly expect: string;
  readonly decision: string;
  readonly reasons: readonly string[];
  readonly passed: boolean;
  /** What was decided and why, in a sentence. */
  readonly sentence: string;
}

/** Exits with 1 when a case comes out otherwise than expected. */
export async function command(args: readonly string[], options: PolicyTestOptions, io: Io): Promise<number> {
  const file = readPolicyFile(args[0] ?? "");
  const engine = await engineOf(file, options);
  const judged = file.cases.map((one) => judge(engine, one));
  const failed = judged.filter(({ passed }) => !passed).length;
  if (options.json === true) printJson(io, { passed: judged.length - failed, failed, cases: judged });
  else {
    const colors = palette(wantsColor(io.out, io.env));
    for (const { passed, sentence, expect } of judged) {
      const mark = passed ? colors.green("ok") : colors.red("FAILED");
      print(io, `${mark}  ${printable(sentence)}${passed ? "" : ` Expected ${expect}.`}`);
    }
    note(io, `${count(judged.length - failed, "case")} passed, ${failed} failed.`);
  }
  return failed === 0 ? EXIT.ok : EXIT.failed;
}

function judge(engine: PolicyEngine, { who, request, expect, by }: PolicyCase): Judged {
  const { decision, sentence } = explainDecision(engine, who, request);
  const isBy = by === null || JSON.stringify([...by].sort()) === JSON.stringify([...decision.reasons].sort());
  return {
    who: who.id,
    action: request.action,
    resource: typeof request.resource === "string" ? request.resource : request.resource.id,
    expect: by === null ? expect : `${expect} by ${by.join(", ") || "nobody"}`,
    decision: decision.allow ? "allow" : "deny",
    reasons: decision.reasons,
    passed: decision.allow === (expect === "allow") && isBy,
    sentence,
  };
}
