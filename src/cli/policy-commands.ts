// The commands that look at policies, as data.
import type { CommandSpec } from "./command-spec.ts";

const CEDAR_FILES: CommandSpec["options"] = [
  { flags: "--cedar <file>", text: "decide by these Cedar policies, not by the file's statements" },
  { flags: "--schema <file>", text: "the schema of the Cedar policies" },
  {
    flags: "--decimals <n>",
    text: "digits of numbers that Cedar is told of: 3 for exported policies (default: 0)",
    range: [0, 6],
  },
];

export const POLICY: readonly CommandSpec[] = [
  {
    group: "policy",
    usage: "test <file>",
    summary: "try a policy's cases",
    description:
      "Judges the cases of a policy file (who, action, resource, context, and what is expected) by its statements.\n" +
      "Exits with 1 when one comes out otherwise. With --json: {passed, failed, cases}.",
    examples: [
      "holodeck policy test examples/policy.yaml",
      "holodeck policy test cases.yaml --cedar house.cedar --schema house.cedarschema",
    ],
    options: CEDAR_FILES,
    load: async () => await import("./policy-test.ts"),
  },
  {
    group: "policy",
    usage: "explain <file> <who> <action> <resource>",
    summary: "say why something is allowed or denied",
    description:
      "Decides one request, and says of each statement that speaks of it whether it applies, and why.\n" +
      "Exits with 0 when it is allowed, 4 when it is denied.",
    examples: [
      "holodeck policy explain examples/policy.yaml scout read axis.temperature.room1",
      `holodeck policy explain policy.yaml anyone read notes --roles reader --context '{"region": "eu"}'`,
    ],
    options: [
      { flags: "--roles <roles...>", text: "who is asked about holds these, over what the file says" },
      { flags: "--context <json>", text: "facts of the moment" },
      { flags: "--attributes <json>", text: "facts about the resource" },
      ...CEDAR_FILES,
    ],
    load: async () => await import("./policy-explain.ts"),
  },
  {
    group: "policy",
    usage: "lint <file>",
    summary: "find statements without effect",
    description:
      "Finds statements that can have no effect (unreachable, shadowed) or contradict each other.\n" +
      "Exits with 1 when there are any. With --json: {statements, findings}.",
    examples: ["holodeck policy lint examples/policy.yaml"],
    options: [],
    load: async () => await import("./policy-lint.ts"),
  },
  {
    group: "policy",
    usage: "export <file>",
    summary: "print a policy's statements, or translate them",
    description:
      "Prints the statements as they are read, or with --cedar as Cedar policies (cedarpolicy.com).",
    examples: ["holodeck policy export examples/policy.yaml --cedar > policy.cedar"],
    options: [{ flags: "--cedar", text: "as Cedar" }],
    load: async () => await import("./policy-export.ts"),
  },
];
