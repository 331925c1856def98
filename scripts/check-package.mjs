// The package as its user gets it: packed, installed into an empty prefix in an empty home, and started.
// Ends with `N passed, N failed`.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'slipway-package-'));
const prefix = join(folder, 'prefix');
const home = join(folder, 'home');
mkdirSync(home);

function run(command, args, { cwd = root, path = process.env.PATH } = {}) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    env: { ...process.env, HOME: home, KUBECONFIG: join(home, 'none'), PATH: path },
    encoding: 'utf8',
    timeout: 300_000,
  });
  return { status, text: `${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}` };
}

const counts = { passed: 0, failed: 0 };
function check(what, { status, text }, expected) {
  const isOk = status === 0 && expected.test(text);
  counts[isOk ? 'passed' : 'failed'] += 1;
  process.stdout.write(`${isOk ? 'ok    ' : 'FAILED'} ${what}\n${isOk ? '' : `${text}\n`}`);
}

try {
  check('npm pack', run('npm', ['pack', '--pack-destination', folder]), /slipway-.*\.tgz/);
  const archive = join(folder, readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? 'none');
  check('publint', run('publint', [archive, '--strict']), /All good/);
  const install = ['install', '--global', '--prefix', prefix, '--ignore-scripts', archive];
  check('installs into an empty prefix', run('npm', install, { cwd: home }), /added \d+ package/);
  const installed = join(prefix, 'lib', 'node_modules', 'slipway');
  const held = run('find', [
    installed,
    '-name',
    '*.test.*',
    '-o',
    '-name',
    '*.ts',
    '!',
    '-name',
    '*.d.ts',
  ]);
  check('holds no tests and no sources', held, /^$/);
  const path = [join(prefix, 'bin'), dirname(process.execPath), process.env.PATH].join(delimiter);
  check('slipway version', run('slipway', ['version'], { cwd: home, path }), /slipway: v\d/);
  check(
    'kubectl argo rollouts version',
    run('kubectl', ['argo', 'rollouts', 'version'], { cwd: home, path }),
    /kubectl-argo-rollouts: v\d/,
  );
  const script = join(folder, 'import.mjs');
  const entry = join(installed, 'dist', 'index.js');
  writeFileSync(
    script,
    `import { crds } from ${JSON.stringify(entry)};\nconsole.log(crds().length);\n`,
  );
  check('the library can be imported', run(process.execPath, [script]), /^5$/m);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.stdout.write(`${counts.passed} passed, ${counts.failed} failed\n`);
process.exit(counts.failed === 0 ? 0 : 1);
