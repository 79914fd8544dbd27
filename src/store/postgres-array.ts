// Arrays as PostgreSQL's binary protocol has them (array_recv in its arrayfuncs.c), so that bytes travel as they
// are. The driver passes a Buffer on as a binary value.

const BYTEA = 17;
const INT8 = 20;
const INT4 = 23;
const TEXT = 25;

/** The `bytea[]` of texts (as UTF-8) and bytes. */
export function byteaArray(values: readonly (string | Uint8Array | null)[]): Buffer {
  return bytesArray(BYTEA, values);
}

/** The `text[]` of texts without a NUL. */
export function textArray(values: readonly string[]): Buffer {
  return bytesArray(TEXT, values);
}

/** A `bytea[]` as text, for an array of arrays: PostgreSQL has none whose members differ in length. */
export function byteaArrayText(values: readonly string[]): string {
  return `{${values.map((value) => `"\\\\x${Buffer.from(value).toString("hex")}"`).join(",")}}`;
}

function bytesArray(elementType: number, values: readonly (string | Uint8Array | null)[]): Buffer {
  const bytes = values.map((value) => (typeof value === "string" ? Buffer.from(value) : value));
  const array = header(
    elementType,
    bytes.length,
    bytes.reduce((total, value) => total + 4 + (value?.length ?? 0), 0),
  );
  let offset = HEADER_BYTES;
  for (const value of bytes) {
    offset = array.writeInt32BE(value === null ? -1 : value.length, offset);
    if (value !== null) {
      array.set(value, offset);
      offset += value.length;
    }
  }
  return array;
}

/** The `int8[]` of safe integers. */
export function int8Array(values: readonly (number | null)[]): Buffer {
  const array = header(INT8, values.length, values.length * 12);
  let offset = HEADER_BYTES;
  for (const value of values) {
    offset = array.writeInt32BE(value === null ? -1 : 8, offset);
    if (value !== null) offset = array.writeBigInt64BE(BigInt(value), offset);
  }
  return array.subarray(0, offset);
}

export function int4Array(values: readonly number[]): Buffer {
  const array = header(INT4, values.length, values.length * 8);
  let offset = HEADER_BYTES;
  for (const value of values) {
    offset = array.writeInt32BE(4, offset);
    offset = array.writeInt32BE(value, offset);
  }
  return array;
}

const HEADER_BYTES = 20;

/** One dimension, lower bound 1, nulls allowed. */
function header(elementType: number, length: number, bodyBytes: number): Buffer {
  const array = Buffer.allocUnsafe(HEADER_BYTES + bodyBytes);
  let offset = array.writeInt32BE(1, 0);
  offset = array.writeInt32BE(1, offset);
  offset = array.writeInt32BE(elementType, offset);
  offset = array.writeInt32BE(length, offset);
  array.writeInt32BE(1, offset);
  return array;
}
