// An identity is who is judged: an id, a name to show, facts about it, and the roles it holds.
import { HolodeckError } from "../event/error.ts";
import { assertPlainJson, type JsonObject } from "../event/json.ts";
import { checkObject, checkPlainObject, checkText, invalid } from "./input.ts";
import { checkName } from "./name.ts";
import { checkRoleIds } from "./role.ts";

export interface Identity extends JsonObject {
  /** 1 to 256 visible characters; compared exactly. */
  readonly id: string;
  /** For people to read; decides nothing unless a condition names it. May be empty. */
  readonly nickname: string;
  /** Facts that conditions may ask for as `identity.metadata.…`. */
  readonly metadata: JsonObject;
  /** Ids of roles, without doubles, in order of their names. Never `*`. */
  readonly roles: readonly string[];
}

/** The most roles an identity holds. */
export const ROLES_MAX = 64;

const NICKNAME_LENGTH_MAX = 256;
/** An identity is one event, and an event has at most 64 KiB. */
const METADATA_LENGTH_MAX = 16_384;
const METADATA_MEMBERS_MAX = 256;

/**
 * An identity from what a caller or a file gives. Only `id` must be there. Throws `invalid_argument` with the path of
 * what is wrong.
 */
export function parseIdentity(value: unknown, path = "identity"): Identity {
  const given = checkObject(value, path, ["id", "nickname", "metadata", "roles"]);
  return {
    id: checkName(given["id"], `${path}.id`),
    nickname: checkText(given["nickname"] ?? "", `${path}.nickname`, NICKNAME_LENGTH_MAX, 0),
    metadata: checkMetadata(given["metadata"] ?? {}, `${path}.metadata`),
    roles: checkRoleIds(given["roles"] ?? [], `${path}.roles`, ROLES_MAX),
  };
}

function checkMetadata(value: unknown, path: string): JsonObject {
  const object = checkPlainObject(value, path, METADATA_MEMBERS_MAX);
  checkPlainJson(object, path);
  const { length } = JSON.stringify(object);
  if (length > METADATA_LENGTH_MAX) {
    throw invalid(
      path,
      `${length} characters of JSON`,
      `Keep it to ${METADATA_LENGTH_MAX}; put the rest in a blob.`,
    );
  }
  return structuredClone(object);
}

function checkPlainJson(value: unknown, path: string): asserts value is JsonObject {
  try {
    assertPlainJson(value, path);
  } catch (cause) {
    if (!(cause instanceof HolodeckError)) throw cause;
    throw new HolodeckError("invalid_argument", { what: cause.what, todo: cause.todo, cause });
  }
}
