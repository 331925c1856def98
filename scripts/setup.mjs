// Makes the checkout ready, then runs a command on the right Node: `node scripts/setup.mjs [--build] COMMAND ARGS`.
// Runs on Node 20 with Node's own modules only: it is what brings Node 24 and the packages in. When a stamp says
// that nothing has changed since the last time, it only runs the command.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildOf } from './build-of.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const cache = join(root, '.cache');
const bin = join(root, 'node_modules', '.bin');
const MINIMUM_NODE = 24;

function fail(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}

function hashOf(paths) {
  const hash = createHash('sha256');
  for (const path of paths)
    hash
      .update(path)
      .update('\0')
      .update(readFileSync(join(root, path)))
      .update('\0');
  return hash.digest('hex');
}

function filesUnder(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      return entry.isDirectory() ? filesUnder(path) : [path];
    })
    .sort();
}

function isStamped(name, value) {
  const path = join(cache, name);
  return existsSync(path) && readFileSync(path, 'utf8') === value;
}

/** The child's environment: our own tools first on PATH, and nothing of npm's view of the parent. */
function environment() {
  return { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ''}` };
}

function run(command, args) {
  const result = spawnSync(command, args, {
    cwd: root,
    env: environment(),
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
  });
  if (result.error !== undefined) fail(`setup: cannot start ${command}: ${result.error.message}`);
  if (result.status !== 0) {
    fail(
      `setup: \`${command} ${args.join(' ')}\` ended with status ${result.status}\n${result.stdout}${result.stderr}`,
    );
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Two set-ups at once would undo each other: the second waits until the first has ended. */
async function locked(work) {
  mkdirSync(cache, { recursive: true });
  const lock = join(cache, 'setup.lock');
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      const holder = existsSync(lock) ? Number(readFileSync(lock, 'utf8')) : 0;
      if (holder > 0 && !isAlive(holder)) rmSync(lock, { force: true });
      else await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
  try {
    work();
  } finally {
    rmSync(lock, { force: true });
  }
}

function install() {
  const stamp = hashOf(['package-lock.json', '.npmrc']);
  if (isStamped('install.stamp', stamp) && existsSync(join(bin, 'tsc'))) return;
  process.stderr.write('setup: installing packages (once) ...\n');
  rmSync(join(cache, 'build.stamp'), { force: true });
  run('npm', ['ci', '--ignore-scripts', '--include=dev', '--include=optional']);
  writeFileSync(join(cache, 'install.stamp'), stamp);
}

function build() {
  const sources = [
    ...filesUnder('src').filter((path) => !path.endsWith('.test.ts')),
    ...filesUnder('scripts'),
    'tsconfig.base.json',
    'package.json',
  ];
  // The commit is built in: a release says where it comes from.
  const stamp = `${hashOf(sources)} ${JSON.stringify(buildOf())}`;
  const programs = Object.values(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).bin);
  const isThere = programs.every((path) => existsSync(join(root, path)));
  if (isStamped('build.stamp', stamp) && isThere) return;
  process.stderr.write('setup: building (once) ...\n');
  run('node', ['scripts/build.mjs']);
  writeFileSync(join(cache, 'build.stamp'), stamp);
}

function checkNode() {
  const result = spawnSync('node', ['--version'], { env: environment(), encoding: 'utf8' });
  const major = Number(/^v(\d+)/.exec(result.stdout ?? '')?.[1] ?? 0);
  if (major < MINIMUM_NODE) {
    fail(
      `Slipway needs Node ${MINIMUM_NODE} or later. On Linux x64 it brings its own; on this platform install Node ` +
        `${MINIMUM_NODE} and run the command again (found ${result.stdout?.trim() || 'none'}).`,
    );
  }
}

const args = process.argv.slice(2);
const wantsBuild = args[0] === '--build';
if (wantsBuild) args.shift();
const [command, ...rest] = args;
if (command === undefined) fail('usage: node scripts/setup.mjs [--build] COMMAND ARGS');
if (!statSync(join(root, 'package-lock.json'), { throwIfNoEntry: false }))
  fail('setup: package-lock.json is missing; this is not a whole checkout');

await locked(() => {
  install();
  checkNode();
  if (wantsBuild) build();
});

const child = spawn(command, rest, { cwd: root, env: environment(), stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('error', (error) => fail(`setup: cannot start ${command}: ${error.message}`));
child.on('exit', (code, signal) => process.exit(signal === null ? (code ?? 1) : 1));
