// A role is a name that statements grant to and identities hold. It grants nothing by itself.
import type { JsonObject } from "../event/json.ts";
import { checkList, checkObject, checkText } from "./input.ts";
import { checkName } from "./name.ts";

export interface Role extends JsonObject {
  /** 1 to 256 visible characters, never `*`; compared exactly. */
  readonly id: string;
  /** For people to read; may be empty. */
  readonly description: string;
}

const DESCRIPTION_LENGTH_MAX = 1_024;

/** A role from what a caller or a file gives. Throws `invalid_argument` with the path of what is wrong. */
export function parseRole(value: unknown, path = "role"): Role {
  const given = checkObject(value, path, ["id", "description"]);
  return {
    id: checkName(given["id"], `${path}.id`),
    description: checkText(given["description"] ?? "", `${path}.description`, DESCRIPTION_LENGTH_MAX, 0),
  };
}

/** Ids of roles, without doubles, in order of their names; `*` is none. Throws `invalid_argument`. */
export function checkRoleIds(value: unknown, path: string, countMax: number): readonly string[] {
  const roles = checkList(value, path, countMax, 0).map((role, index) =>
    checkName(role, `${path}[${index}]`),
  );
  return [...new Set(roles)].sort();
}
