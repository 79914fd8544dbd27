// The forms in which a secret may show in output: as it is, trimmed, line by line, and each of these escaped as
// JSON, percent-encoded, in hexadecimal, and in base64 and base64url at all three alignments (RFC 4648 §4, §5).

/** Lines of a secret of several lines are looked for alone from this length on. */
const LINE_CHARACTERS_MIN = 8;

/** A piece of base64 shorter than this says too little and would be found everywhere. */
const FORM_BYTES_MIN = 4;

/** Every form's bytes, each once. */
export function secretForms(secret: string): readonly Buffer[] {
  const lines = secret.split(/\r\n|\r|\n/u);
  const texts = [secret, secret.trim(), ...(lines.length > 1 ? lines.filter(isLongLine) : [])];
  const forms = new Set<string>();
  for (const text of texts.filter((part) => part.length >= FORM_BYTES_MIN)) {
    forms.add(text);
    for (const form of jsonForms(text)) forms.add(form);
    for (const form of percentForms(text)) forms.add(form);
    for (const form of hexForms(Buffer.from(text))) forms.add(form);
    for (const form of base64Forms(Buffer.from(text))) forms.add(form).add(base64Url(form));
  }
  return [...forms].filter((form) => form.length >= FORM_BYTES_MIN).map((form) => Buffer.from(form));
}

function isLongLine(line: string): boolean {
  return line.length >= LINE_CHARACTERS_MIN;
}

/**
 * As `JSON.stringify` writes it, as other languages do (ASCII alone, either case), with escaped slashes, and with every
 * character escaped.
 */
function jsonForms(text: string): readonly string[] {
  const json = JSON.stringify(text).slice(1, -1);
  const ascii = json.replaceAll(/[^\0-\x7e]/g, (unit) => unicodeEscape(unit));
  const upper = json.replaceAll(/[^\0-\x7e]/g, (unit) => unicodeEscape(unit, true));
  const forms = [json, ascii, upper].flatMap((form) => [form, form.replaceAll("/", "\\/")]);
  const units = Array.from({ length: text.length }, (_, index) => text[index] ?? "");
  const escaped = units.map((unit) => unicodeEscape(unit)).join("");
  return [...forms, escaped, units.map((unit) => unicodeEscape(unit, true)).join("")];
}

function unicodeEscape(unit: string, isUpper = false): string {
  const digits = unit.charCodeAt(0).toString(16).padStart(4, "0");
  return `\\u${isUpper ? digits.toUpperCase() : digits}`;
}

/** As `encodeURIComponent`, as RFC 3986 §2.2 in full, and as a form does; hexadecimal digits in either case. */
function percentForms(text: string): readonly string[] {
  const component = encodeURIComponent(text.toWellFormed());
  const full = component.replaceAll(
    /[!'()*]/g,
    (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  const forms = [component, full, full.replaceAll("%20", "+"), encodeURI(text.toWellFormed())];
  return forms.flatMap((form) => [form, form.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())]);
}

/** As `xxd -p` writes it on one line, in either case. */
function hexForms(secret: Buffer): readonly string[] {
  const hex = secret.toString("hex");
  return [hex, hex.toUpperCase()];
}

/**
 * The secret alone, and the characters that stay the same wherever it stands in longer data: those whose six bits
 * come from the secret and nothing beside it.
 */
function base64Forms(secret: Buffer): readonly string[] {
  const forms = [secret.toString("base64"), secret.toString("base64").replaceAll("=", "")];
  for (const before of [0, 1, 2]) {
    const characters = Buffer.concat([Buffer.alloc(before), secret]).toString("base64");
    const firstWhole = Math.ceil((before * 8) / 6);
    const wholeUntil = Math.floor(((before + secret.length) * 8) / 6);
    forms.push(characters.slice(firstWhole, wholeUntil));
  }
  return forms;
}

function base64Url(form: string): string {
  return form.replaceAll("+", "-").replaceAll("/", "_");
}
