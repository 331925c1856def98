// Gob against bytes that Go's documentation and Go itself give, and against nonsense.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat } from '../../lib/bytes.ts';
import { instant } from '../../lib/time.ts';
import { GobDecoder } from './decoder.ts';
import { GobEncoder } from './encoder.ts';
import { instantOf, timeBytes } from './time.ts';
import { GobError, GobNamed, type GobType, type GobValue } from './types.ts';
import { GobReader } from './reader.ts';
import { GobWriter } from './writer.ts';

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(hex.split(' ').map((one) => Number.parseInt(one, 16)));
}

function hexOf(all: Uint8Array): string {
  return [...all].map((one) => one.toString(16).padStart(2, '0')).join(' ');
}

async function* chunked(all: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < all.length; at += size) yield all.subarray(at, at + size);
}

async function decoded(all: Uint8Array, size = all.length): Promise<GobValue[]> {
  const decoder = new GobDecoder(chunked(all, Math.max(1, size)));
  const values: GobValue[] = [];
  for (;;) {
    const value = await decoder.next();
    if (value === undefined) return values;
    values.push(value);
  }
}

const INT: GobType = { kind: 'int' };
const TEXT: GobType = { kind: 'string' };
const POINT: GobType = {
  kind: 'struct',
  name: 'Point',
  fields: () => [
    { name: 'X', type: INT },
    { name: 'Y', type: INT },
  ],
};

// The example in the documentation of encoding/gob.
const POINT_BYTES = bytes(
  '1f ff 81 03 01 01 05 50 6f 69 6e 74 01 ff 82 00 01 02 01 01 58 01 04 00 01 01 59 01 04 00 00 00 ' +
    '07 ff 82 01 2c 01 42 00',
);

describe('basic values of gob', () => {
  it.each([
    { value: 0n, hex: '00' },
    { value: 7n, hex: '07' },
    { value: 127n, hex: '7f' },
    { value: 128n, hex: 'ff 80' },
    { value: 256n, hex: 'fe 01 00' },
    { value: 2n ** 64n - 1n, hex: 'f8 ff ff ff ff ff ff ff ff' },
  ])('$value is the unsigned $hex', ({ value, hex }) => {
    const writer = new GobWriter();
    writer.uint(value);
    expect(hexOf(writer.bytes)).toBe(hex);
    expect(BigInt(new GobReader(bytes(hex), new Set()).uint())).toBe(value);
  });

  it.each([
    { value: 22n, hex: '2c' },
    { value: -1n, hex: '01' },
    { value: -129n, hex: 'fe 01 01' },
    { value: 2n ** 63n - 1n, hex: 'f8 ff ff ff ff ff ff ff fe' },
    { value: -(2n ** 63n), hex: 'f8 ff ff ff ff ff ff ff ff' },
  ])('$value is the signed $hex', ({ value, hex }) => {
    const writer = new GobWriter();
    writer.int(value);
    expect(hexOf(writer.bytes)).toBe(hex);
    expect(BigInt(new GobReader(bytes(hex), new Set()).int())).toBe(value);
  });

  it('17.0 takes three bytes', () => {
    const writer = new GobWriter();
    writer.float(17);
    expect(hexOf(writer.bytes)).toBe('fe 31 40');
    expect(new GobReader(bytes('fe 31 40'), new Set()).float()).toBe(17);
  });
});

describe('values of gob', () => {
  it('the documented struct is written and read', async () => {
    expect(hexOf(new GobEncoder().encode(POINT, { X: 22, Y: 33 }))).toBe(hexOf(POINT_BYTES));
    expect(await decoded(POINT_BYTES)).toEqual([{ X: 22, Y: 33 }]);
  });

  it('a type is defined once in a stream, however the bytes arrive', async () => {
    const encoder = new GobEncoder();
    const stream = concat([
      encoder.encode(POINT, { X: 1 }),
      encoder.encode(POINT, {}),
      encoder.encode(TEXT, ''),
    ]);
    expect(hexOf(stream).match(/50 6f 69 6e 74/g)).toHaveLength(1);
    for (const size of [1, 2, 7, stream.length]) {
      expect(await decoded(stream, size)).toEqual([{ X: 1 }, {}, '']);
    }
  });

  it('maps, slices, structs that contain themselves and named values come back', async () => {
    const tree: GobType = {
      kind: 'struct',
      name: 'Tree',
      fields: () => [
        { name: 'Name', type: TEXT },
        { name: 'Children', type: { kind: 'slice', of: tree } },
        { name: 'Weights', type: { kind: 'map', key: TEXT, value: { kind: 'float' } } },
        { name: 'Any', type: { kind: 'interface' } },
      ],
    };
    const value: GobValue = {
      Name: 'root',
      Children: [{ Name: 'leaf' }, {}],
      Weights: new Map([['a', 0.5]]),
    };
    const encoder = new GobEncoder();
    const whole = encoder.encode({ kind: 'interface' }, new GobNamed('tree', tree, value));
    const [named] = await decoded(whole);
    expect(named).toMatchObject({ name: 'tree', value });
    expect(await decoded(encoder.encode({ kind: 'interface' }, null))).toEqual([null]);
  });

  it('an interface whose type is defined only behind its name is read', async () => {
    // What Go sends for `var a any = Point{22, 33}`, Point registered as "main.Point".
    const stream = bytes(
      '2b 10 00 0a 6d 61 69 6e 2e 50 6f 69 6e 74 7f 03 01 01 05 50 6f 69 6e 74 01 ff 80 00 01 02 01 ' +
        '01 58 01 04 00 01 01 59 01 04 00 00 00 08 ff 80 05 01 2c 01 42 00',
    );
    expect(await decoded(stream, 5)).toMatchObject([
      { name: 'main.Point', value: { X: 22, Y: 33 } },
    ]);
  });

  it('a time keeps its moment', () => {
    for (const at of [0, 1_767_323_045_678, -1, -86_400_001]) {
      expect(instantOf(timeBytes(instant(at)))).toBe(at);
    }
  });

  it('what cannot be of a type is refused where it is written', () => {
    expect(() => new GobEncoder().encode(POINT, { X: 'a' })).toThrow(GobError);
    expect(() => new GobEncoder().encode(TEXT, 1)).toThrow('cannot write number as string');
  });
});

describe('nonsense instead of gob', () => {
  it('is an error, never a crash, a hang or a value out of nowhere', async () => {
    const noise = fc.uint8Array({ maxLength: 200 });
    const broken = fc
      .tuple(fc.nat(POINT_BYTES.length - 1), fc.nat(255))
      .map(([at, byte]) => POINT_BYTES.with(at, byte));
    await fc.assert(
      fc.asyncProperty(fc.oneof(noise, broken), async (stream) => {
        try {
          await decoded(stream, 16);
        } catch (error) {
          expect(error).toBeInstanceOf(GobError);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('is not waited for or stored if it says that it is very long', async () => {
    await expect(decoded(bytes('fb 7f ff ff ff ff'))).rejects.toThrow('a message of');
    await expect(decoded(bytes('05 0c 00 fd 7f ff'))).rejects.toThrow(GobError);
  });
});
