// Compiles what a Relay application would ask. The compiler refuses connections, nodes and mutations that do not follow
// Relay's specifications.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import compiler from 'relay-compiler';
import { expect, given } from './expect.mjs';

const [sdl] = given('SDL');
const here = dirname(fileURLToPath(import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'relay-'));
try {
  cpSync(sdl, join(folder, 'schema.graphql'));
  cpSync(join(here, 'relay'), join(folder, 'src'), { recursive: true });
  mkdirSync(join(folder, 'made'));
  const config = { src: 'src', schema: 'schema.graphql', language: 'javascript', artifactDirectory: 'made' };
  writeFileSync(join(folder, 'package.json'), '{}');
  writeFileSync(join(folder, 'relay.config.json'), JSON.stringify(config));
  const ran = spawnSync(compiler, ['relay.config.json'], { cwd: folder, encoding: 'utf8' });
  if (ran.status !== 0) console.error(ran.stdout + ran.stderr + (ran.error ?? ''));
  const made = readdirSync(join(folder, 'made')).filter((name) => name.endsWith('.graphql.js'));
  process.exitCode = 1;
  expect('the compiler takes the documents', ran.status === 0, ran.status);
  expect('and made their artefacts', made.length >= 9, made);
  process.exitCode = 0;
} finally {
  rmSync(folder, { recursive: true });
}
