// The name of what is looked at: `PLURAL/NAMESPACE/NAME`.
export interface KeyParts {
  readonly plural: string;
  readonly namespace: string;
  readonly name: string;
}

export function keyOf(plural: string, namespace: string, name: string): string {
  return `${plural}/${namespace}/${name}`;
}

/** The reverse of `keyOf`. */
export function partsOf(key: string): KeyParts {
  const [plural = '', namespace = '', name = ''] = key.split('/');
  return { plural, namespace, name };
}
