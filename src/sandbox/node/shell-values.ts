// Arithmetic and comparisons of the shell: `$((…))` and `test`.

/** `+ - * / %` and brackets over whole numbers; what is no number counts as 0, as an unset variable does. */
export function arithmetic(text: string, variable: (name: string) => string): number {
  const tokens = text.match(/\d+|[A-Za-z_]\w*|[-+*/%()]/g) ?? [];
  let at = 0;
  const atom = (): number => {
    const token = tokens[at++] ?? '0';
    if (token === '-') return -atom();
    if (token === '+') return atom();
    if (token === '(') {
      const value = sum();
      at += 1;
      return value;
    }
    return Number(/^\d/.test(token) ? token : variable(token)) || 0;
  };
  const product = (): number => {
    let value = atom();
    for (let sign = tokens[at]; sign === '*' || sign === '/' || sign === '%'; sign = tokens[at]) {
      at += 1;
      const right = atom();
      value =
        sign === '*' ? value * right : sign === '/' ? Math.trunc(value / right) : value % right;
    }
    return value;
  };
  const sum = (): number => {
    let value = product();
    for (let sign = tokens[at]; sign === '+' || sign === '-'; sign = tokens[at]) {
      at += 1;
      value += sign === '+' ? product() : -product();
    }
    return value;
  };
  return sum();
}

type Compare = (left: string, right: string) => boolean;

const COMPARISONS: Readonly<Record<string, Compare>> = {
  '=': (left, right) => left === right,
  '==': (left, right) => left === right,
  '!=': (left, right) => left !== right,
  '-eq': (left, right) => Number(left) === Number(right),
  '-ne': (left, right) => Number(left) !== Number(right),
  '-lt': (left, right) => Number(left) < Number(right),
  '-le': (left, right) => Number(left) <= Number(right),
  '-gt': (left, right) => Number(left) > Number(right),
  '-ge': (left, right) => Number(left) >= Number(right),
};

/** Whether the terms of `test` hold; a sentence if they are not known. */
export function testOf(terms: readonly string[]): boolean | string {
  const [first, second, third] = terms;
  if (first === '!') {
    const inner = testOf(terms.slice(1));
    return typeof inner === 'boolean' ? !inner : inner;
  }
  if (terms.length <= 1) return (first ?? '') !== '';
  if (terms.length === 2 && first === '-n') return second !== '';
  if (terms.length === 2 && first === '-z') return second === '';
  const compare = COMPARISONS[second ?? ''];
  if (terms.length === 3 && compare !== undefined) return compare(first ?? '', third ?? '');
  return `${terms.join(' ')}: not known to the builtin runner`;
}
