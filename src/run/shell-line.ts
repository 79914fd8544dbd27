// Which elements of an argument list are code: a shell or an interpreter would read them as a program, so a value
// pasted there could be run. When in doubt an element counts as code; the plan can always pass a value as an argument.

const SHELLS = /^(?:ba|da|z|k|mk|a|c|tc|ya|fi|elvi|xon)?sh$|^(?:nu|pwsh|powershell|busybox|su|runuser)$/;
const INTERPRETERS =
  /^(?:python|pypy|node|nodejs|deno|bun|tsx|perl|ruby|php|lua|luajit|osascript|Rscript|julia|groovy|psql|mysql|sqlite3|vim|emacs)$/;
/** All their later arguments are joined to a shell line, or are a program in a language that can run others. */
const LINE_TAKERS = /^(?:ssh|eval|watch|parallel|tmux|screen|script|g?awk|mawk|nawk|sed|xargs|flock)$/;

const SHELL_FLAG = /^-[A-Za-z]*c|^--?(?:command|init-command)\b/i;
const INTERPRETER_FLAG = /^-[A-Za-z]*[ceEpr]|^--(?:eval|print|exec|execute|run|command)\b/;
/** Shell options that take an argument of their own, which may stand between -c and the line. */
const OPTION_WITH_VALUE = /^[-+][oO]$/;

/** The program that would read the element as code; null when it is an argument like any other. */
export function codeReader(argv: readonly string[], index: number): string | null {
  for (let at = 0; at < index; at++) {
    const program = programName(argv[at] ?? "");
    if (LINE_TAKERS.test(program)) return program;
    const flag = SHELLS.test(program) ? SHELL_FLAG : INTERPRETERS.test(program) ? INTERPRETER_FLAG : null;
    if (flag !== null && isCode(argv, { program: at, element: index, flag })) return program;
  }
  return null;
}

/** Is the element the first after the flag that is no option, or joined to the flag itself? */
function isCode(
  argv: readonly string[],
  { program, element, flag }: { program: number; element: number; flag: RegExp },
): boolean {
  for (let at = program + 1; at <= element; at++) {
    if (!flag.test(argv[at] ?? "")) continue;
    if (at === element || firstOperand(argv, at + 1) === element) return true;
  }
  return false;
}

function firstOperand(argv: readonly string[], from: number): number {
  let at = from;
  while (/^[-+]./.test(argv[at] ?? "")) at += OPTION_WITH_VALUE.test(argv[at] ?? "") ? 2 : 1;
  return at;
}

/** `python` of `/usr/bin/python3.12`. */
function programName(element: string): string {
  return element.slice(element.lastIndexOf("/") + 1).replace(/[\d.]+$/, "");
}
