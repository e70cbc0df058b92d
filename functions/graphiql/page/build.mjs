// Makes ../script.js.gz, ../style.css.gz and ../LICENCES.txt, byte for byte the same on every machine.
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const common = { bundle: true, minify: true, write: false, target: 'es2022', logLevel: 'warning' };
const define = { 'process.env.NODE_ENV': '"production"' };
const page = { entryPoints: ['page.jsx'], jsx: 'automatic', format: 'iife', define, metafile: true };
const script = await build({ ...common, ...page, legalComments: 'none' });
// Its fonts are two thirds of it; the reader's own do as well.
const css = readFileSync('node_modules/graphiql/graphiql.css', 'utf8').replace(/@font-face\s*\{[^}]*\}/g, '');
const whole = 'html, body, #graphiql { height: 100%; margin: 0; }';
const style = await build({ ...common, stdin: { contents: `${css}${whole}`, loader: 'css' } });
for (const [name, made] of [['script.js', script], ['style.css', style]]) {
  const { contents } = made.outputFiles[0];
  const packed = gzipSync(contents, { level: 9 });
  writeFileSync(`../${name}.gz`, packed);
  console.log(`${name}: ${contents.length} bytes, ${packed.length} packed`);
}

// Whose work is in it, and under which terms.
const folder = (input) => input.match(/^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//)?.[1];
const packages = [...new Set(Object.keys(script.metafile.inputs).map(folder).filter(Boolean))].sort();
const told = packages.map((path) => {
  const { name, version, license } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
  const file = existsSync(path) && readdirSync(path).find((entry) => /^licen[cs]e/i.test(entry));
  const text = file ? readFileSync(join(path, file), 'utf8').replaceAll('\r\n', '\n').trim() : `Licence: ${license}`;
  return `${name} ${version} (${license})\n\n${text}\n`;
});
writeFileSync('../LICENCES.txt', told.join(`\n${'-'.repeat(80)}\n\n`));
