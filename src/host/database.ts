// Rows in a file of SQLite, written before the caller goes on.
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Database, DatabaseError } from '../lib/ports.ts';
import { makeFolder } from './folder.ts';

/** Opens or makes the file at `path`, for this process alone. Throws `DatabaseError`. */
export function openDatabase(path: string): Database {
  try {
    return opened(path);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    const isBusy = text.includes('locked') || text.includes('busy');
    const cause = isBusy ? 'another process is using it' : text;
    throw new DatabaseError(`${path} cannot be opened: ${cause}`, { cause: error });
  }
}

function opened(path: string): Database {
  makeFolder(dirname(path));
  const database = new DatabaseSync(path);
  // Two processes would each go on from a state that the other one has left.
  database.exec('PRAGMA locking_mode = EXCLUSIVE');
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
  database.exec('CREATE TABLE IF NOT EXISTS rows (key TEXT PRIMARY KEY, value TEXT NOT NULL)');
  const put = database.prepare('INSERT OR REPLACE INTO rows (key, value) VALUES (?, ?)');
  const drop = database.prepare('DELETE FROM rows WHERE key = ?');
  const all = database.prepare('SELECT key, value FROM rows');
  return {
    load: () =>
      Promise.resolve(
        all.all().map(({ key, value }) => ({ key: String(key), value: String(value) })),
      ),
    save: (rows) => {
      database.exec('BEGIN');
      try {
        for (const { key, value } of rows) {
          if (value === undefined) drop.run(key);
          else put.run(key, value);
        }
        database.exec('COMMIT');
      } catch (error) {
        database.exec('ROLLBACK');
        return Promise.reject(error instanceof Error ? error : new Error(String(error)));
      }
      return Promise.resolve();
    },
    close: () => {
      database.close();
      return Promise.resolve();
    },
  };
}
