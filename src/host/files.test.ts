import { describe, expect, it } from 'vitest';
import { DatabaseError } from '../lib/ports.ts';
import { openDatabase } from './database.ts';
import { systemFiles } from './files.ts';

describe('files of the machine', () => {
  it('are written with the folders above them, and gone with them', async () => {
    const folder = await systemFiles.temporaryFolder('slipway-files-');
    const path = systemFiles.join(folder, 'a', 'b', 'text');
    await systemFiles.write(path, 'x');
    await systemFiles.write(path, 'y');
    expect(await systemFiles.read(path)).toBe('y');
    expect(await systemFiles.list(systemFiles.join(folder, 'a'))).toEqual(['b']);
    await systemFiles.remove(folder);
    expect(await systemFiles.read(path)).toBeUndefined();
    expect(await systemFiles.list(folder)).toBeUndefined();
  });

  it('other failures than being missing are told', async () => {
    const folder = await systemFiles.temporaryFolder('slipway-files-');
    await expect(systemFiles.read(folder)).rejects.toMatchObject({ code: 'EISDIR' });
    await systemFiles.remove(folder);
  });

  it.runIf(process.platform === 'linux')(
    'a folder that nobody can make is refused, where it could be tried for ever',
    async () => {
      await expect(systemFiles.write('/proc/nowhere/below/x', '')).rejects.toThrow('/proc/nowhere');
      expect(() => openDatabase('/proc/nowhere/below/state.sqlite')).toThrow(DatabaseError);
    },
  );
});
