// Reading a user's object member by member, keeping note of what cannot be done with it. Nothing here throws: whatever
// the API server stores can be read. Entry point: `fieldOf`.
import { isObject, type JsonObject } from '../../schema/structural/shape.ts';
import { parseDuration } from '../../lib/time.ts';

export type ProblemReason =
  /** The mesh of the sandbox leaves it out; a real one would obey it. */
  | 'FieldNotSupported'
  /** A real mesh would refuse it or take no notice of it. */
  | 'FieldInvalid'
  /** It names what does not exist. */
  | 'ReferenceNotFound'
  /** It names what it may not use. */
  | 'ReferenceNotPermitted'
  /** Another object has it already. */
  | 'HostTaken';

export interface Problem {
  readonly reason: ProblemReason;
  /** Where in the object, e.g. `spec.http[0].corsPolicy`. */
  readonly path: string;
  readonly message: string;
}

/** The `spec` of an object; what is found wrong goes into `problems`. */
export function fieldOf(value: unknown, path: string, problems: Problem[]): Field {
  return new Field(value, path, problems);
}

/** A place in an object: its value, where that is, and where complaints about it go. */
export class Field {
  readonly value: unknown;
  readonly path: string;
  readonly #problems: Problem[];

  constructor(value: unknown, path: string, problems: Problem[]) {
    this.value = value;
    this.path = path;
    this.#problems = problems;
  }

  /** Null counts as absent, as it does for the API server. */
  get isPresent(): boolean {
    return this.value !== undefined && this.value !== null;
  }

  at(name: string): Field {
    return new Field(this.#object[name], `${this.path}.${name}`, this.#problems);
  }

  items(): readonly Field[] {
    if (!this.isPresent) return [];
    if (!Array.isArray(this.value)) {
      this.invalid('must be a list');
      return [];
    }
    return this.value.map(
      (item, index) => new Field(item, `${this.path}[${index}]`, this.#problems),
    );
  }

  /** Members in the order of their names. */
  members(): readonly (readonly [name: string, value: Field])[] {
    return Object.keys(this.#object)
      .toSorted()
      .map((name) => [name, this.at(name)]);
  }

  text(): string | undefined {
    return this.#typed('string', 'a text') as string | undefined;
  }

  number(): number | undefined {
    return this.#typed('number', 'a number') as number | undefined;
  }

  boolean(): boolean | undefined {
    return this.#typed('boolean', 'true or false') as boolean | undefined;
  }

  texts(): readonly string[] {
    return this.items().flatMap((item) => item.text() ?? []);
  }

  textMap(): Readonly<Record<string, string>> {
    const entries = this.members().flatMap(([name, member]) => {
      const value = member.text();
      return value === undefined ? [] : [[name, value] as const];
    });
    return Object.fromEntries(entries);
  }

  durationMs(): number | undefined {
    const text = this.text();
    if (text === undefined) return undefined;
    const parsed = parseDuration(text);
    if (parsed.ok) return parsed.duration;
    this.invalid(parsed.error);
    return undefined;
  }

  /** Complains about every member that is not among these. */
  only(names: readonly string[]): void {
    for (const name of Object.keys(this.#object).toSorted()) {
      const member = this.at(name);
      if (member.isPresent && !names.includes(name)) member.notSupported();
    }
  }

  notSupported(message = 'is not done by the mesh of the sandbox'): void {
    this.complain('FieldNotSupported', message);
  }

  invalid(message: string): void {
    this.complain('FieldInvalid', message);
  }

  complain(reason: ProblemReason, message: string): void {
    this.#problems.push({ reason, path: this.path, message });
  }

  get #object(): JsonObject {
    return isObject(this.value) ? this.value : {};
  }

  #typed(type: 'string' | 'number' | 'boolean', words: string): unknown {
    if (!this.isPresent) return undefined;
    if (typeof this.value === type) return this.value;
    this.invalid(`must be ${words}`);
    return undefined;
  }
}
