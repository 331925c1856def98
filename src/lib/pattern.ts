// Regular expressions in RE2's syntax on the host's engine. Look-around and back-references do not exist in RE2 and
// are refused; what only RE2 writes is rewritten.

export type Compiled =
  | { readonly ok: true; readonly pattern: RegExp }
  | { readonly ok: false; readonly error: string };

const FLAGS = /^\(\?([ims]+)\)/;

/** Compiles a pattern; the error text follows RE2's (`error parsing regexp: …`). Search is unanchored. */
export function compilePattern(source: string): Compiled {
  const unsupported = /\(\?(?:<?[=!])|\(\?>/.exec(source.replace(/\\./g, ''));
  if (unsupported !== null)
    return refused(`invalid or unsupported Perl syntax: \`${unsupported[0]}\``);
  const backReference = /(?<!\\)(?:\\\\)*\\([1-9])/.exec(source);
  if (backReference !== null) return refused(`invalid escape sequence: \`\\${backReference[1]}\``);
  const flags = FLAGS.exec(source)?.[1] ?? '';
  const body = translated(source.replace(FLAGS, ''));
  try {
    return { ok: true, pattern: new RegExp(body, `${[...new Set(flags)].join('')}u`) };
  } catch {
    return withoutUnicode(source, body, flags);
  }
}

/** The u flag refuses needless escapes (`\-`, `\"`) that RE2 takes; without it they are fine. */
function withoutUnicode(source: string, body: string, flags: string): Compiled {
  try {
    return { ok: true, pattern: new RegExp(body, [...new Set(flags)].join('')) };
  } catch {
    return refused(causeOf(source));
  }
}

function translated(source: string): string {
  return source
    .replaceAll('(?P<', '(?<')
    .replaceAll('\\A', '^')
    .replaceAll('\\z', '$')
    .replaceAll('[[:alpha:]]', '[A-Za-z]')
    .replaceAll('[[:digit:]]', '\\d')
    .replaceAll('[[:alnum:]]', '[A-Za-z0-9]')
    .replaceAll('[[:space:]]', '\\s')
    .replaceAll('[[:word:]]', '\\w');
}

function refused(cause: string): Compiled {
  return { ok: false, error: `error parsing regexp: ${cause}` };
}

/** As `compilePattern`, for the whole of a value: what a proxy or a label matcher asks for. */
export function compileWholePattern(source: string): Compiled {
  const compiled = compilePattern(source);
  if (!compiled.ok) return compiled;
  const { pattern } = compiled;
  return { ok: true, pattern: new RegExp(`^(?:${pattern.source})$`, pattern.flags) };
}

/** Why RE2 would refuse it, for the usual mistakes. */
function causeOf(source: string): string {
  const bare = source.replace(/\\./g, '');
  const repeated = /^([*+?])|[(|]([*+?])/.exec(bare);
  if (repeated !== null)
    return `missing argument to repetition operator: \`${repeated[1] ?? repeated[2]}\``;
  const open = bare.lastIndexOf('[');
  if (open > bare.lastIndexOf(']')) return `missing closing ]: \`${bare.slice(open)}\``;
  const opened = bare.split('(').length;
  const closed = bare.split(')').length;
  if (opened > closed) return `missing closing ): \`${source}\``;
  if (closed > opened) return `unexpected ): \`${source}\``;
  if (source.endsWith('\\')) return 'trailing backslash at end of expression: ``';
  return `invalid pattern: \`${source}\``;
}
