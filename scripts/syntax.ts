// A node of a syntax tree as far as the checks need it: a type, a place in the text, members by name.

export interface Node {
  readonly type: string;
  readonly start: number;
  readonly [member: string]: unknown;
}

export function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}
