// `holodeck policy export --cedar`: a policy's statements as Cedar, for those who read, verify or run that.
import { exportCedar } from "../trust/cedar-export.ts";
import { EXIT } from "./exit-codes.ts";
import { print, printJson, type Io } from "./io.ts";
import { readPolicyFile } from "./policy-file.ts";

export interface PolicyExportOptions {
  readonly cedar?: boolean;
  readonly json?: boolean;
}

/** Without --cedar the statements as they are read: every default written out, effects by their one word. */
export async function command(
  args: readonly string[],
  options: PolicyExportOptions,
  io: Io,
): Promise<number> {
  const { policy } = readPolicyFile(args[0] ?? "");
  if (options.cedar !== true) printJson(io, { statements: policy.statements });
  else {
    const { text, policies } = exportCedar(policy.statements);
    if (options.json === true) printJson(io, { policies: Object.fromEntries(policies) });
    else print(io, text);
  }
  return EXIT.ok;
}
